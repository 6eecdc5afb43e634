import type { ProbeEvent, Round } from '../../core/round.ts';
import { spanFigures } from '../../graph/figures.ts';
import { formatRtt } from '../../graph/format.ts';

// What the latency did when the path changed: the shift of the median that the probe told near that
// moment, or the medians either side of it.

export interface Medians {
  beforeNs: number;
  afterNs: number;
}

const BESIDE_ROUNDS = 20;
/** Fewer rounds on a side say nothing of it. */
const BESIDE_LEAST = 2;
/** A difference of medians that is told: this share and this much, as for addresses. */
const MOVED_SHARE = 0.1;
const MOVED_NS = 100_000;
/** A shift belongs to a change that is at most so many rounds before it. */
const ROUNDS_AFTER = 4;
/** Or one that was seen after it, because traces are not made all the time. */
const ROUNDS_BEFORE = 4;
const WORDS = ['', 'one', 'two', 'three', 'four'];

/** Of the last rounds before a moment and the first ones after it; null without both. */
export function mediansBeside(rounds: readonly Round[], atMs: number): Medians | null {
  const answered = rounds.filter(({ loaded, rttNs }) => !loaded && rttNs !== null);
  const before = answered.filter(({ untilMs }) => untilMs <= atMs).slice(-BESIDE_ROUNDS);
  const after = answered.filter(({ fromMs }) => fromMs >= atMs).slice(0, BESIDE_ROUNDS);
  if (before.length < BESIDE_LEAST || after.length < BESIDE_LEAST) return null;
  const [beforeNs, afterNs] = [spanFigures(before).medianNs, spanFigures(after).medianNs];
  return beforeNs === null || afterNs === null ? null : { beforeNs, afterNs };
}

/** Whether the difference is worth a word. */
export function hasMoved({ beforeNs, afterNs }: Medians): boolean {
  const size = Math.abs(afterNs - beforeNs);
  return size >= MOVED_NS && size >= MOVED_SHARE * beforeNs;
}

/** `median 8.31 ms → 12.1 ms`, or that it stayed; empty when that is not known. */
export function movedWords(medians: Medians | null): string {
  if (medians === null) return '';
  const { beforeNs, afterNs } = medians;
  if (!hasMoved(medians)) return `median as before, ${formatRtt(afterNs)}`;
  return `median ${formatRtt(beforeNs)} → ${formatRtt(afterNs)}`;
}

/** The medians that an event of kind `shift` tells. */
export function shiftMedians({ detail }: ProbeEvent): Medians | null {
  const { beforeNs, afterNs } = detail;
  if (typeof beforeNs !== 'number' || typeof afterNs !== 'number') return null;
  return { beforeNs, afterNs };
}

/** Of the shifts of a series the one that goes with a change of its path; null when none does. */
export function shiftBeside(
  shifts: readonly ProbeEvent[],
  change: { fromMs: number },
  { roundMs, intervalMs }: { roundMs: number; intervalMs: number },
): ProbeEvent | null {
  const earliestMs = change.fromMs - Math.max(ROUNDS_BEFORE * roundMs, 2 * intervalMs);
  const latestMs = change.fromMs + (ROUNDS_AFTER + 1) * roundMs;
  const near = shifts.filter(({ fromMs }) => fromMs >= earliestMs && fromMs <= latestMs);
  const distance = ({ fromMs }: ProbeEvent): number => Math.abs(fromMs - change.fromMs);
  return near.sort((a, b) => distance(a) - distance(b))[0] ?? null;
}

/** `three rounds later`, `in the same round`, `two rounds before`. */
export function roundsApart(change: ProbeEvent, shift: ProbeEvent, roundMs: number): string {
  const rounds = Math.floor((shift.fromMs - change.fromMs) / roundMs);
  if (rounds === 0) return 'in the same round';
  const count = Math.abs(rounds);
  const many = `${WORDS[count] ?? count} ${count === 1 ? 'round' : 'rounds'}`;
  return `${many} ${rounds > 0 ? 'later' : 'before'}`;
}
