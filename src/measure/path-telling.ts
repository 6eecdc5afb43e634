// Changes of a path as events, bounded: a path that never comes to rest would push everything else
// out of the store. What is beyond the bound is counted, and told with the next event of the path;
// when the path comes to rest, its last change is told as soon as there is room.
import { type PathChange, toPathEventDetail } from '../core/path.ts';
import type { ProbeEvent } from '../core/round.ts';
import type { PathEntry } from './paths-entry.ts';

export interface PathTelling {
  /** When the last ones were told, by a clock that never goes back. */
  toldMs: number[];
  /** The last change that was not told, and how many there were. */
  waiting: PathChange | null;
  untold: number;
}

/** Events of one path in an hour. */
export const TOLD_MAX = 12;
const HOUR_MS = 3_600_000;

export function newTelling(): PathTelling {
  return { toldMs: [], waiting: null, untold: 0 };
}

/** A change that is to be told when there is room. */
export function addChange(telling: PathTelling, change: PathChange): void {
  telling.waiting = change;
  telling.untold++;
}

/** The change that may be told now, and how many were left out before it; null for none. */
export function takeChange(
  telling: PathTelling,
  nowMs: number,
): { change: PathChange; leftOut: number } | null {
  const { waiting, untold } = telling;
  if (waiting === null) return null;
  telling.toldMs = telling.toldMs.filter((atMs) => nowMs - atMs < HOUR_MS);
  if (telling.toldMs.length >= TOLD_MAX) return null;
  telling.toldMs.push(nowMs);
  telling.waiting = null;
  telling.untold = 0;
  return { change: waiting, leftOut: untold - 1 };
}

export function toPathEvent(
  { target, family }: Pick<PathEntry, 'target' | 'family'>,
  { change, leftOut, id }: { change: PathChange; leftOut: number; id: string },
): ProbeEvent {
  return {
    id,
    kind: 'path',
    target: target.id,
    family,
    fromMs: change.atMs,
    // The clock may have been set back in between.
    untilMs: Math.max(change.atMs, change.seenMs),
    scope: 'target',
    detail: {
      ...toPathEventDetail(target.protocol, change),
      before: hopsText(change.before.hops),
      after: hopsText(change.after.hops),
      ...(leftOut > 0 ? { leftOut } : {}),
    },
  };
}

/** Addresses from the first TTL on, `*` for a silent hop: an event holds no lists. */
function hopsText(hops: readonly { ip: string | null }[]): string {
  return hops.map(({ ip }) => ip ?? '*').join(' ');
}
