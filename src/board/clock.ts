import * as v from 'valibot';
import { TIME_MS } from '../core/wire.ts';
import { readWhole, writeWhole } from '../host/file.ts';
import type { Log } from '../host/log.ts';
import { reasonOf } from './places.ts';

// What time it is on a board without a battery clock, which wakes up in 1970 or where it was last
// switched off. Three questions: is the system's clock believable, may certificates be judged by
// it, and what time do we write into our own messages. Until the system says that its clock is
// synchronised, the time of the control stands in, once it was heard over a connection that was
// verified, and once a minute was left to NTP.

export interface BoardClock {
  /** Unix milliseconds, by the best that is known. */
  nowMs(): number;
  state(): ClockState;
  /** Which dates of a certificate may be judged now, by `nowMs`. */
  judgedDates(): JudgedDates;
  /** The time that a verified control named, half of `roundTripMs` ago. */
  hear(controlMs: number, roundTripMs: number): void;
  /** Remembers the time for the next boot, now and then, or at once. Never throws. */
  remember(atOnce?: boolean): void;
}

/**
 * `synced` by the system; `adopted` from the control; `plausible`: nothing speaks against it;
 * `wrong`: it lies before what was already seen, or far behind any life of a board.
 */
export type ClockState = 'synced' | 'adopted' | 'plausible' | 'wrong';

/**
 * A plausible clock may still be a stopped one, to which a renewed certificate is not yet valid;
 * to a wrong one nothing can be said.
 */
export type JudgedDates = 'both' | 'end' | 'none';

export interface ClockOptions {
  /** Where the last time seen is kept. */
  file: string;
  /** The system's clock, Unix milliseconds. */
  systemMs(): number;
  /** Never goes back. */
  monotonicMs(): number;
  /** Whether the system says that its clock is synchronised. */
  isSynced(): boolean;
  /** Sets the system's clock; null when that is not wanted. */
  setClock: ((ms: number) => Promise<void>) | null;
  log: Log;
}

/** No board is older than this program: 2026-11-01. */
export const EARLIEST_MS = 1_793_491_200_000;
/** Nor so old, whatever a clock without battery says. */
export const LATEST_MS = EARLIEST_MS + 30 * 365 * 86_400_000;
export const PATIENCE_MS = 60_000;

const SAVE_INTERVAL_MS = 600_000;
/** Less is the way of the answer and no fault of a clock. */
const OFF_MS_MIN = 5_000;
/** A file of another second, or a clock that is slewed, is no step back. */
const BACK_MS_MAX = 60_000;
const FILE_BYTES_MAX = 4096;
const SEEN = v.object({ schema: v.literal(1), seenMs: TIME_MS });

export function openClock(options: ClockOptions): BoardClock {
  const { systemMs, monotonicMs, isSynced } = options;
  const startedMs = monotonicMs();
  const seen = { ms: loadSeen(options), savedAtMs: Number.NEGATIVE_INFINITY };
  // What the control's time is ahead of our monotonic clock; null until it was adopted.
  let aheadMs: number | null = null;

  function state(): ClockState {
    if (isSynced()) return 'synced';
    if (aheadMs !== null) return 'adopted';
    const nowMs = systemMs();
    return nowMs >= seen.ms - BACK_MS_MAX && nowMs <= LATEST_MS ? 'plausible' : 'wrong';
  }

  function nowMs(): number {
    if (aheadMs === null || isSynced()) return systemMs();
    return Math.round(monotonicMs() + aheadMs);
  }

  function hear(controlMs: number, roundTripMs: number): void {
    if (isSynced() || monotonicMs() - startedMs < PATIENCE_MS) return;
    // Neither can be the present: no control of ours is that old, or that far ahead.
    if (controlMs < EARLIEST_MS || controlMs > LATEST_MS) return;
    const heardMs = controlMs + roundTripMs / 2;
    const offMs = heardMs - systemMs();
    if (aheadMs === null) tell(options, offMs);
    aheadMs = heardMs - monotonicMs();
    if (Math.abs(offMs) > OFF_MS_MIN) set(options, Math.round(heardMs));
  }

  function remember(atOnce = false): void {
    const isTrusted = state() === 'synced' || state() === 'adopted';
    if (!isTrusted || nowMs() < EARLIEST_MS) return;
    if (!atOnce && monotonicMs() - seen.savedAtMs < SAVE_INTERVAL_MS) return;
    seen.savedAtMs = monotonicMs();
    seen.ms = Math.round(nowMs());
    save(options, seen.ms);
  }

  return { nowMs, state, judgedDates: () => DATES[state()], hear, remember };
}

const DATES: Readonly<Record<ClockState, JudgedDates>> = {
  synced: 'both',
  adopted: 'both',
  plausible: 'end',
  wrong: 'none',
};

// A damaged file is one that says nothing.
function loadSeen({ file, log }: ClockOptions): number {
  try {
    const text = readWhole(file, { bytesMax: FILE_BYTES_MAX });
    if (text === null) return EARLIEST_MS;
    const { seenMs } = v.parse(SEEN, JSON.parse(text));
    return seenMs > LATEST_MS ? EARLIEST_MS : Math.max(EARLIEST_MS, seenMs);
  } catch (error) {
    log.warn(`the time that was last seen is not known: ${reasonOf(error)}`);
    return EARLIEST_MS;
  }
}

function save({ file, log }: ClockOptions, seenMs: number): void {
  try {
    writeWhole(file, `${JSON.stringify({ schema: 1, seenMs })}\n`);
  } catch (error) {
    log.warn(`the time is not remembered for the next boot: ${reasonOf(error)}`);
  }
}

function tell({ log, setClock }: ClockOptions, offMs: number): void {
  if (Math.abs(offMs) <= OFF_MS_MIN) return;
  const way = `${Math.round(Math.abs(offMs) / 1000)} s ${offMs > 0 ? 'behind' : 'ahead'}`;
  log.warn(
    `the clock of this machine is ${way} and nobody synchronises it: the time of the control ` +
      (setClock === null ? 'stands in for it in the reports' : 'takes its place'),
  );
}

function set({ setClock, log }: ClockOptions, ms: number): void {
  if (setClock === null) return;
  setClock(ms).then(
    () => log.info(`the clock of this machine was set to ${new Date(ms).toISOString()}`),
    (error: unknown) => log.warn(`the clock of this machine cannot be set: ${reasonOf(error)}`),
  );
}
