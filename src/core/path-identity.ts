import { emptyHopMemory, type HopMemory, type HopVerdict, observeHop } from './hop-identity.ts';
import {
  isTargetAnswer,
  type Path,
  type PathChange,
  type PathProbe,
  type PathRun,
  type PathStep,
} from './path.ts';
import { toPath } from './path-hash.ts';

// The merged path of one flow: per TTL the last address that answered, and the one change that a
// route makes of it, however many hops it moves. Silence changes nothing, and a hop that speaks for
// the first time is learnt and no change (the hash does change then). The target is an address at
// its TTL like others, so that a path becomes longer or shorter by the same rule: what stands there
// must be seen in two traces running (hop-identity.ts). The path ends at the first TTL at which the
// target stands, or at the last that ever answered.
//
// When a hop has changed while others have been seen with a new address only once (they were silent
// in one of the traces), the change waits for them, three traces at most: it is told once, whole.
//
// An error other than time exceeded ends a way and makes no hop when its sender stands nearer on
// the path already: the router before a host that is gone speaks for it at the next TTL.

/** JSON: survives a restart of the daemon, so that a change in between is found. */
export interface PathMemory {
  firstTtl: number;
  hops: HopMemory[];
  /** Null before the first trace. */
  told: Path | null;
  /** A change that waits: begin of the first trace that saw it, and for how many traces. */
  pending: { atMs: number; traces: number } | null;
}

export interface PathTracker {
  /** Takes a finished trace, always of the same flow; the change it makes certain, or null. */
  add(run: Omit<PathRun, 'flow'>): PathChange | null;
  /** The merged path now; null before anything answered. */
  path(): Path | null;
  /** To be kept; a copy. */
  memory(): PathMemory;
}

const WAIT_TRACES = 3;
const TTL_MAX = 255;
/** Marks the target; no address has it. */
const TARGET = '!';

/** `left` is the memory of an earlier tracker of the same flow, or null. */
export function trackPath(left: PathMemory | null = null, firstTtl = 1): PathTracker {
  const memory: PathMemory = copyOf(left) ?? {
    firstTtl,
    hops: [],
    told: null,
    pending: null,
  };

  function settle(now: Path, seenMs: number): PathChange | null {
    const { told, pending } = memory;
    if (told === null) {
      memory.told = now;
      return null;
    }
    const isOpen = hasCandidate(memory, Math.max(told.hops.length, now.hops.length));
    if (pending === null) {
      if (!isOpen) memory.told = now;
      return null;
    }
    if (isOpen && pending.traces++ < WAIT_TRACES) return null;
    memory.pending = null;
    memory.told = now;
    memory.hops.length = Math.min(memory.hops.length, now.hops.length);
    if (now.hash === told.hash) return null;
    return { atMs: pending.atMs, seenMs, before: told, after: now };
  }

  return {
    add(run) {
      const { fromMs, untilMs } = run;
      const isFirst = memory.told === null;
      for (const [index, tokens] of tokensByHop(memory, run).entries()) {
        const { changedMs } = observe(memory, { index, tokens, atMs: fromMs });
        if (changedMs === null || isFirst) continue;
        const atMs = Math.min(memory.pending?.atMs ?? changedMs, changedMs);
        memory.pending = { atMs, traces: memory.pending?.traces ?? 0 };
      }
      const now = mergedPath(memory);
      return now === null ? null : settle(now, untilMs);
    },
    path: () => mergedPath(memory),
    memory: () => copyOf(memory) ?? memory,
  };
}

function observe(
  memory: PathMemory,
  { index, tokens, atMs }: { index: number; tokens: readonly string[]; atMs: number },
): HopVerdict {
  while (memory.hops.length <= index) memory.hops.push(emptyHopMemory());
  return observeHop(memory.hops[index] ?? emptyHopMemory(), tokens, atMs);
}

/** Answers by hop (0 is the first TTL), in the order of sending; nothing beyond the target. */
function tokensByHop(memory: PathMemory, run: Run): string[][] {
  const hops: string[][] = [];
  for (const { ttl, kind, ip, isTarget } of answersToTarget(run)) {
    const index = ttl - memory.firstTtl;
    if (index < 0 || index > TTL_MAX) continue;
    if (!isTarget && kind === 'unreachable' && standsNearer(memory, hops, { index, ip })) continue;
    while (hops.length <= index) hops.push([]);
    hops[index]?.push(isTarget ? `${ip}${TARGET}` : ip);
  }
  return hops;
}

type Run = Pick<PathRun, 'end' | 'probes'>;
type Answer = PathProbe & { ip: string; isTarget: boolean };

function answersToTarget({ end, probes }: Run): Answer[] {
  const answers = probes.flatMap((probe) =>
    probe.ip === null ? [] : [{ ...probe, ip: probe.ip }],
  );
  const last = Math.max(0, ...answers.map(({ ttl }) => ttl));
  // A target may also answer with an error, as a filter on it does: the end of the trace says so.
  const judged = answers.map((answer) => {
    const isRefusal = end === 'target' && answer.kind === 'unreachable' && answer.ttl === last;
    return { ...answer, isTarget: isTargetAnswer(answer.kind) || isRefusal };
  });
  const reached = judged.filter(({ isTarget }) => isTarget).map(({ ttl }) => ttl);
  const until = Math.min(TTL_MAX, ...reached);
  return judged
    .filter(({ ttl }) => ttl <= until)
    .sort((a, b) => a.ttl - b.ttl || a.attempt - b.attempt);
}

function standsNearer(
  memory: PathMemory,
  hops: readonly string[][],
  { index, ip }: { index: number; ip: string },
): boolean {
  const seen = hops.slice(0, index).some((tokens) => tokens.includes(ip));
  return seen || memory.hops.slice(0, index).some(({ current }) => current === ip);
}

function hasCandidate(memory: PathMemory, hops: number): boolean {
  return memory.hops.slice(0, hops).some(({ candidate }) => candidate !== null);
}

function mergedPath({ firstTtl, hops }: PathMemory): Path | null {
  const steps: PathStep[] = [];
  for (const [index, { current }] of hops.entries()) {
    const isTarget = current?.endsWith(TARGET) === true;
    steps.push({ ttl: firstTtl + index, ip: isTarget ? current.slice(0, -1) : current });
    if (isTarget) return toPath(steps, true);
  }
  const path = toPath(steps, false);
  return path.hops.length === 0 ? null : path;
}

function copyOf(memory: PathMemory | null): PathMemory | null {
  return memory === null ? null : (JSON.parse(JSON.stringify(memory)) as PathMemory);
}
