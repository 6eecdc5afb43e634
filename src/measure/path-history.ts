// What is known of the path to one address, and how a trace adds to it. Another address begins
// anew.
import type { PathChange, PathEnd, PathHop, PathRound } from '../core/path.ts';
import { type PathMemory, type PathTracker, trackPath } from '../core/path-identity.ts';
import { type LossWindow, poolLoss } from '../core/path-loss.ts';
import type { PathMultipath } from '../core/snapshot.ts';
import { toPathHops, toPathRun } from './path-round.ts';
import type { FinishedTrace } from './trace-run.ts';

export interface PathHistory {
  tracker: PathTracker;
  window: LossWindow;
  /** Who answered in the last trace that came to the target, by TTL - 1; [] before there is one. */
  known: readonly (string | null)[];
  sinceMs: number | null;
  end: PathEnd | null;
  lastRound: PathRound | null;
  /** Like the values, replaced and never changed: who reads a snapshot may take its time. */
  changes: readonly PathChange[];
  changesTotal: number;
  recent: readonly (readonly (number | null)[])[];
  traces: number;
  probes: number;
  multipath: PathMultipath | null;
}

export const CHANGES_MAX = 32;
/** Traces that a sparkline shows: an hour at two a minute. */
export const RECENT_MAX = 120;

const FLOW = 0;

/** `left` is what an earlier run knew. */
export function newPathHistory(
  left: { sinceMs: number | null; memory: PathMemory } | null = null,
): PathHistory {
  return {
    tracker: trackPath(left?.memory ?? null),
    window: poolLoss(),
    known: [],
    sinceMs: left?.sinceMs ?? null,
    end: null,
    lastRound: null,
    changes: [],
    changesTotal: 0,
    recent: [],
    traces: 0,
    probes: 0,
    multipath: null,
  };
}

export interface TraceTimes {
  fromMs: number;
  untilMs: number;
}

/** Takes a trace in that the kernel did not refuse; its hops, and the change it makes certain. */
export function addTrace(
  history: PathHistory,
  trace: FinishedTrace,
  { fromMs, untilMs }: TraceTimes,
): { hops: PathHop[]; change: PathChange | null } {
  const change = history.tracker.add(toPathRun(trace, { flow: FLOW, fromMs, untilMs }));
  // What other routers lost is not to be blamed on these.
  if (change !== null || hasMoved(history, trace)) history.window = poolLoss();
  const hops = toPathHops(trace, history.window);
  const isReached = trace.end === 'target';
  history.traces++;
  history.probes += hops.reduce((sum, { sent }) => sum + sent, 0);
  history.end = trace.end === 'refused' ? history.end : trace.end;
  // Kept while the target is out of reach: the next trace asks all of its hops at once.
  if (isReached) history.known = hops.map(({ ip }) => ip);
  history.sinceMs ??= fromMs;
  const best = hops.map(({ rttNs }) => (rttNs === null ? null : Math.round(rttNs.best)));
  history.recent = remember(history.recent, best);
  if (change !== null) {
    history.sinceMs = change.atMs;
    history.changesTotal++;
    history.changes = [...history.changes, change].slice(-CHANGES_MAX);
  }
  return { hops, change };
}

/** Whether somebody answered of whom the next trace will tell if he stays. */
export function isInDoubt({ tracker }: PathHistory): boolean {
  return tracker.memory().hops.some(({ candidate }) => candidate !== null);
}

/** The target is nearer or further than in the trace before, which came to it, too. */
function hasMoved({ known }: PathHistory, { end, hops }: FinishedTrace): boolean {
  return end === 'target' && known.length > 0 && known.length !== hops.length;
}

/** Adds one value for each TTL; a hop that is no longer there goes with its values. */
function remember(
  recent: PathHistory['recent'],
  values: readonly (number | null)[],
): PathHistory['recent'] {
  return values.map((value, i) => [...(recent[i] ?? []).slice(1 - RECENT_MAX), value]);
}
