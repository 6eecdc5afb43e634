import { html } from 'hono/html';
import type { ProbeEvent } from '../../core/round.ts';
import type { PathSnapshot, SeriesSnapshot } from '../../core/snapshot.ts';
import { formatPercent, formatRtt } from '../../graph/format.ts';
import { timeTag } from '../../graph/text.ts';
import { type PageInput, pathsByTarget, seriesByTarget, seriesName } from './input.ts';
import type { Notice, Tone } from './notice.ts';
import { firstOf } from './notice-fold.ts';
import { lossPercentOf, pathFacts, reachOf } from './path.ts';
import { firstStep, isCutBy } from './path-changes.ts';
import { hasMoved, type Medians, roundsApart, shiftBeside, shiftMedians } from './path-shift.ts';
import { endWords } from './path-words.ts';
import type { SeriesFacts } from './series.ts';

// Sentences about paths, and about medians that moved: what changed when the latency did.

/** Loss on the way that is worth a sentence: two of the thirty probes that it is judged by. */
const LOSS_LEAST = 5;

/** Events of one target and family within the span, newest first. */
interface Changes {
  name: string;
  target: string;
  isTraced: boolean;
  intervalMs: number;
  paths: ProbeEvent[];
  shifts: ProbeEvent[];
}

/** Not more of a kind than are shown: the last one of many counts the rest. */
export function pathNotices(
  input: PageInput,
  sinceMs: number,
  facts: readonly SeriesFacts[] = [],
): Notice[] {
  const changed = gatherChanges(input, sinceMs);
  const byPath = changed
    .filter(({ paths }) => paths.length > 0)
    .sort((a, b) => weightOf(b, input) - weightOf(a, input));
  const byShift = changed.filter(({ paths, shifts }) => paths.length === 0 && shifts.length > 0);
  return [
    ...firstOf(byPath, (one) => changeNotice(one, input, facts)),
    ...firstOf(byShift, (one) => shiftNotice(one, input)),
    ...firstOf(lossyPaths(input), (path) => lossNotice(path, input)),
    ...firstOf(brokenPaths(input), (path) => endNotice(path, input)),
  ];
}

/** With an effect before those without one, then the newest. */
function weightOf({ paths, shifts, intervalMs }: Changes, { roundMs }: PageInput): number {
  const [last] = paths;
  if (last === undefined) return 0;
  const shift = shiftBeside(shifts, last, { roundMs, intervalMs });
  return last.fromMs * (shift !== null || isCutBy(last) ? 2 : 1);
}

function gatherChanges(input: PageInput, sinceMs: number): Changes[] {
  const groups = new Map<string, Changes>();
  const wanted = input.events.filter(
    ({ kind, fromMs }) => (kind === 'path' || kind === 'shift') && fromMs >= sinceMs,
  );
  for (const event of [...wanted].sort((a, b) => b.fromMs - a.fromMs)) {
    const group = groupOf(groups, event, input);
    if (event.kind === 'path') group?.paths.push(event);
    else group?.shifts.push(event);
  }
  return [...groups.values()];
}

/** Null when the target is not measured any more. */
function groupOf(
  groups: Map<string, Changes>,
  { target, family }: ProbeEvent,
  { snapshot }: PageInput,
): Changes | null {
  if (target === null || family === null) return null;
  const key = `${family} ${target}`;
  const known = groups.get(key);
  if (known !== undefined) return known;
  const path = pathsByTarget(snapshot)
    .get(target)
    ?.find((one) => one.family === family);
  const isPinged = seriesByTarget(snapshot)
    .get(target)
    ?.some((one) => one.family === family);
  if (path === undefined && isPinged !== true) return null;
  const made: Changes = {
    name: seriesName({ target, family }),
    target,
    isTraced: path !== undefined,
    intervalMs: path?.intervalMs ?? 0,
    paths: [],
    shifts: [],
  };
  groups.set(key, made);
  return made;
}

function changeNotice(changes: Changes, input: PageInput, facts: readonly SeriesFacts[]): Notice {
  const { name, target, paths, shifts, intervalMs } = changes;
  const { roundMs, snapshot } = input;
  const last = paths[0] as ProbeEvent;
  const shift = shiftBeside(shifts, last, { roundMs, intervalMs });
  const beside = facts.find(
    ({ series }) => series.target === target && series.family === last.family,
  );
  const medians = shift === null ? (beside?.pathMedians ?? null) : shiftMedians(shift);
  const hasEffect = medians !== null && (shift !== null || hasMoved(medians));
  const moved = hasEffect ? movedClause(medians, last, { shift, roundMs }) : '';
  const stayed =
    medians !== null && !hasEffect && ` Median ${formatRtt(medians.afterNs)} as before.`;
  const isSlower = hasEffect && medians.afterNs > medians.beforeNs;
  const isCut = isCutBy(last);
  const at = html`${timeTag(last.fromMs, snapshot.nowMs)} UTC at hop ${last.detail['ttl'] ?? 1}`;
  return {
    kind: 'path',
    tone: isCut || isSlower ? 'warn' : 'info',
    title: html`The path to ${name} changed at ${at}${moved}.`,
    detail: html`${stepText(last)}${isCut && ' It no longer reaches the target.'}${stayed}${
      paths.length > 1 && ` The last of ${paths.length} changes.`
    }`,
    target,
  };
}

/** `; its median moved from 8.31 ms to 12.1 ms three rounds later`. */
function movedClause(
  { beforeNs, afterNs }: Medians,
  change: ProbeEvent,
  { shift, roundMs }: { shift: ProbeEvent | null; roundMs: number },
): string {
  const figures = `from ${formatRtt(beforeNs)} to ${formatRtt(afterNs)}`;
  if (shift === null) return `; its median went ${figures}`;
  const rounds = roundsApart(change, shift, roundMs);
  // A trace sees a change when it is made, which may be a while after.
  const verb = rounds.endsWith('before') ? 'had moved' : 'moved';
  return `; its median ${verb} ${figures} ${rounds}`;
}

function stepText(event: ProbeEvent): string {
  const { from, to } = firstStep(event);
  return from === to ? '' : `There ${from} before, ${to} now.`;
}

function shiftNotice({ name, target, isTraced, shifts }: Changes, input: PageInput): Notice {
  const last = shifts[0] as ProbeEvent;
  const medians = shiftMedians(last);
  const { beforeNs, afterNs } = medians ?? { beforeNs: 0, afterNs: 0 };
  const tone: Tone = afterNs > beforeNs ? 'warn' : 'info';
  const figures = medians === null ? '' : ` from ${formatRtt(beforeNs)} to ${formatRtt(afterNs)}`;
  const at = timeTag(last.fromMs, input.snapshot.nowMs);
  return {
    kind: 'shift',
    tone,
    title: html`The median of ${name} moved${figures} at ${at} UTC.`,
    detail: isTraced ? 'Its path is the same as before.' : 'Its path is not traced.',
    target,
  };
}

/** Where echoes are sent as well they know the loss better. */
function lossyPaths(input: PageInput): PathSnapshot[] {
  const lossy = input.snapshot.paths.filter(
    (path) => (lossPercentOf(path) ?? 0) >= LOSS_LEAST && pingOf(input, path) === undefined,
  );
  return lossy.sort((a, b) => (lossPercentOf(b) ?? 0) - (lossPercentOf(a) ?? 0));
}

function lossNotice(path: PathSnapshot, input: PageInput): Notice {
  const { loss } = pathFacts(path, input);
  const percent = loss?.percent ?? 0;
  const from = loss?.from;
  const hop = `hop ${from?.ttl ?? 1}${from?.ip == null ? '' : ` (${from.ip})`}`;
  const title = `On the path to ${seriesName(path)} ${formatPercent(percent)} are lost.`;
  const detail = `Seen from ${hop} on, and by all that answer beyond it.`;
  return {
    kind: 'path-loss',
    tone: percent >= 20 ? 'bad' : 'warn',
    title,
    detail,
    target: path.target,
  };
}

/** Where echoes come back all is well: a filter may hide the target from a trace alone. */
function brokenPaths(input: PageInput): PathSnapshot[] {
  return input.snapshot.paths.filter((path) => {
    if (reachOf(path) !== 'unreached') return false;
    const series = pingOf(input, path);
    return series?.state === 'down' || path.path?.reached === true || series === undefined;
  });
}

function pingOf(
  { snapshot }: PageInput,
  { target, family }: PathSnapshot,
): SeriesSnapshot | undefined {
  return seriesByTarget(snapshot)
    .get(target)
    ?.find((one) => one.family === family);
}

function endNotice(path: PathSnapshot, input: PageInput): Notice {
  const facts = pathFacts(path, input);
  const wasReached = path.path?.reached === true;
  return {
    kind: 'path-end',
    tone: wasReached ? 'warn' : 'info',
    title: `The last trace did not reach ${seriesName(path)}: ${endWords(facts)}.`,
    detail: wasReached ? 'It did before.' : 'No trace did so far.',
    target: path.target,
  };
}
