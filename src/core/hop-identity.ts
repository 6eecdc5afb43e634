// Who stands at one TTL of a path, told from who merely answers now and then. Input are the answers
// to one flow in the order of sending, trace by trace; a trace without one says nothing.
//
// A new address takes the place when it is seen in two traces running. One that comes and goes, so
// that the old one or a third is seen before it was there twice, is an alternate: routers that
// balance packets, and not flows, look like this. An alternate counts as the hop itself from then
// on and changes nothing, however often it is seen. It is forgotten, and the address in place gives
// way to it, after 14 traces for each of the m addresses of the hop in which the one was not seen:
// with equal shares that comes by chance once in e^14 traces, a million, whatever m is.

/** JSON; the daemon may keep it over a restart. */
export interface HopMemory {
  /** Null until somebody answered. */
  current: string | null;
  currentSeen: number;
  candidate: { token: string; trace: number; atMs: number } | null;
  alternates: { token: string; seen: number }[];
  /** Traces in which this TTL answered. */
  traces: number;
}

/** `changedMs`: when the address that took the place was first seen; null: nobody took it. */
export interface HopVerdict {
  changedMs: number | null;
  /** The first answer ever at this TTL. */
  isLearnt: boolean;
}

const ALTERNATES_MAX = 15;
const ABSENT_TRACES = 14;

export function emptyHopMemory(): HopMemory {
  return { current: null, currentSeen: 0, candidate: null, alternates: [], traces: 0 };
}

/** Takes the answers of one trace in; changes `memory`. */
export function observeHop(memory: HopMemory, tokens: readonly string[], atMs: number): HopVerdict {
  const verdict: HopVerdict = { changedMs: null, isLearnt: false };
  if (tokens.length === 0) return verdict;
  memory.traces++;
  for (const token of tokens) {
    const sinceMs = observeToken(memory, {
      token,
      isAlone: tokens.every((t) => t === token),
      atMs,
    });
    if (sinceMs === null) continue;
    if (memory.traces === 1) verdict.isLearnt = true;
    else verdict.changedMs = Math.min(verdict.changedMs ?? sinceMs, sinceMs);
  }
  forgetAlternates(memory);
  return verdict;
}

interface Sighting {
  token: string;
  /** Nobody else answered in this trace. */
  isAlone: boolean;
  atMs: number;
}

/** When the token took the place: the time it was first seen; else null. */
function observeToken(memory: HopMemory, seen: Sighting): number | null {
  const { token, atMs } = seen;
  if (memory.current === null) return take(memory, token, atMs);
  if (token === memory.current) {
    memory.currentSeen = memory.traces;
    dropCandidate(memory);
    return null;
  }
  const alternate = memory.alternates.find((one) => one.token === token);
  if (alternate !== undefined) {
    alternate.seen = memory.traces;
    dropCandidate(memory);
    return isCurrentGone(memory) ? take(memory, token, atMs) : null;
  }
  return observeNew(memory, seen);
}

function observeNew(memory: HopMemory, { token, isAlone, atMs }: Sighting): number | null {
  const { candidate, traces } = memory;
  if (candidate?.token !== token) {
    dropCandidate(memory);
    memory.candidate = { token, trace: traces, atMs };
    return null;
  }
  // It was first seen beside the old one, and now beside a third: they take turns.
  if (!isAlone && memory.currentSeen === candidate.trace) {
    dropCandidate(memory);
    return null;
  }
  // Where a crowd answers, two in a row are soon seen by chance.
  const needed = memory.alternates.length < ALTERNATES_MAX ? 1 : ABSENT_TRACES;
  return traces - candidate.trace >= needed ? take(memory, token, candidate.atMs) : null;
}

function take(memory: HopMemory, token: string, atMs: number): number {
  memory.current = token;
  memory.currentSeen = memory.traces;
  memory.candidate = null;
  memory.alternates = memory.alternates.filter((one) => one.token !== token);
  return atMs;
}

/** The candidate was seen, but not twice running: it is one of several. */
function dropCandidate(memory: HopMemory): void {
  const { candidate } = memory;
  if (candidate === null) return;
  memory.candidate = null;
  memory.alternates.push({ token: candidate.token, seen: candidate.trace });
  if (memory.alternates.length <= ALTERNATES_MAX) return;
  memory.alternates.sort((a, b) => b.seen - a.seen);
  memory.alternates.length = ALTERNATES_MAX;
}

function patienceOf({ alternates }: HopMemory): number {
  return ABSENT_TRACES * (alternates.length + 1);
}

function isCurrentGone(memory: HopMemory): boolean {
  return memory.traces - memory.currentSeen >= patienceOf(memory);
}

function forgetAlternates(memory: HopMemory): void {
  const patience = patienceOf(memory);
  memory.alternates = memory.alternates.filter(({ seen }) => memory.traces - seen < patience);
}
