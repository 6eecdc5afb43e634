// When a path is traced: on a grid that its phase gives, and out of turn when something happened.
// A turn that cannot be taken in time is left out and counted; turns never pile up.
import { type TokenBucket, tokenBucket } from '../core/token-bucket.ts';

/** Why one out of turn is wanted: something happened, or an answer is to be confirmed. */
export type ExtraReason = 'event' | 'doubt';

export interface PathSchedule {
  intervalMs: number;
  /** The next turn on the grid; this and what follows by a clock that never goes back. */
  gridMs: number;
  /** From when on one out of turn is wanted; null for none. */
  extraMs: number | null;
  /** When one was last asked for. */
  askedMs: number;
  /** A network that is never at rest must not make us trace it all the time. */
  extras: Readonly<Record<ExtraReason, TokenBucket>>;
  /** Turns of the grid that were taken, and those that were left out. */
  turns: number;
  skipped: number;
}

/** One out of turn is made at most so often for one path. */
const EXTRA_MS_MIN = 10_000;
/** Of each reason: these at once, then one in three minutes. */
const EXTRAS = { perSecond: 1 / 180, burst: 10 };
/** The first trace is not put off for as long as a whole interval: a new user looks now. */
const FIRST_MS_MAX = 2000;

export interface Grid {
  intervalMs: number;
  /** From now to the first turn, less than the interval. */
  phaseMs: number;
  nowMs: number;
}

export function newSchedule({ intervalMs, phaseMs, nowMs }: Grid): PathSchedule {
  return {
    intervalMs,
    gridMs: nowMs + phaseMs,
    extraMs: nowMs + Math.min(phaseMs, FIRST_MS_MAX),
    askedMs: Number.NEGATIVE_INFINITY,
    extras: { event: tokenBucket(EXTRAS), doubt: tokenBucket(EXTRAS) },
    turns: 0,
    skipped: 0,
  };
}

/** Another interval, from now on; what is asked for out of turn stays so. */
export function moveGrid(schedule: PathSchedule, { intervalMs, phaseMs, nowMs }: Grid): void {
  schedule.intervalMs = intervalMs;
  schedule.gridMs = nowMs + phaseMs;
}

export function dueMs({ gridMs, extraMs }: PathSchedule): number {
  return extraMs === null ? gridMs : Math.min(gridMs, extraMs);
}

/** A trace is begun now, which is due. Returns whether it is one of the grid. */
export function takeTurn(schedule: PathSchedule, nowMs: number): boolean {
  schedule.extraMs = null;
  const passed = passGrid(schedule, nowMs);
  if (passed === 0) return false;
  schedule.skipped += passed - 1;
  schedule.turns++;
  return true;
}

/** Turns until now are gone without anybody to take them: there was no address to trace. */
export function passTurns(schedule: PathSchedule, nowMs: number): void {
  passGrid(schedule, nowMs);
}

/** One more trace from now on, where that was not asked for a moment ago. Returns whether so. */
export function askExtra(schedule: PathSchedule, reason: ExtraReason, nowMs: number): boolean {
  if (nowMs - schedule.askedMs < EXTRA_MS_MIN) return false;
  if (!schedule.extras[reason].take(nowMs).ok) return false;
  schedule.askedMs = nowMs;
  schedule.extraMs = Math.min(schedule.extraMs ?? nowMs, nowMs);
  return true;
}

/** How many turns have come; the next is the first one that has not. */
function passGrid(schedule: PathSchedule, nowMs: number): number {
  const { gridMs, intervalMs } = schedule;
  if (nowMs < gridMs) return 0;
  const passed = Math.floor((nowMs - gridMs) / intervalMs) + 1;
  schedule.gridMs = gridMs + passed * intervalMs;
  return passed;
}
