// When to tick. Replies are stamped on arrival and wait in the socket buffer, so nothing has to be
// read in a hurry: the pump sleeps until the next send or expiry, and gathers what falls due within
// one tick length. At most a few packets leave in one wake-up, so that we never send a burst; one
// that comes late makes up for some of those that it missed, or sends would stay late for long.
import type { Engine } from './engine.ts';
import { OUTBOX_MAX } from './limits.ts';

export interface PumpOptions {
  /** Packets a second that are planned; sets the tick length. */
  packetsPerSecond: number;
  /** The shortest interval of a series, ms. */
  intervalMsMin: number;
  /** False lets one wake-up send all that is due (`flint ping`, benchmarks). */
  isPaced: boolean;
  /** The longest sleep while something is in flight, ms: how fresh a live display is. */
  freshMs: number | null;
  /** Called after each tick, in the same wake-up. */
  afterTick: () => void;
  /** Called when a tick threw: the engine is stopped, nothing more will be measured. */
  onError: (error: unknown) => void;
}

export interface Pump {
  /** Takes a new plan (targets were added, intervals changed). */
  plan(packetsPerSecond: number, intervalMsMin: number): void;
  /** Wakes now, e.g. because a series was added. */
  wake(): void;
  stop(): void;
  /** ms since the last tick began, for health checks. */
  idleMs(): number;
}

const TICK_MS_MAX = 20;
const TICK_MS_MIN = 2;
/** Packets in one wake-up, as long as ticks of TICK_MS_MIN can carry the load with them. */
const BURST_PACKETS = 4;
/** For how many that it missed a wake-up sends too, beside its own packets. */
const MISSED_MAX = 3;
/** Timers count whole milliseconds: so much later than asked is in time. */
const TIMER_MS = 1;
const EXPIRY_COALESCE_MS = 250;
/** Without anything to do we still look: clock anchors must not grow too old. */
const SLEEP_MS_MAX = 1000;

/** Tick length and packets a wake-up for a load, with twice the room that it needs. */
export function pace(
  packetsPerSecond: number,
  intervalMsMin: number,
): { ms: number; most: number } {
  const forLoad = (1000 * BURST_PACKETS) / (2 * Math.max(packetsPerSecond, 1));
  const wanted = Math.floor(Math.min(TICK_MS_MAX, forLoad, intervalMsMin / 2));
  const ms = Math.max(TICK_MS_MIN, wanted);
  const most = Math.max(BURST_PACKETS, Math.ceil((packetsPerSecond * ms * 2) / 1000));
  return { ms, most };
}

/** Starts to tick. */
export function startPump(engine: Engine, options: PumpOptions): Pump {
  let current = pace(options.packetsPerSecond, options.intervalMsMin);
  let timer: NodeJS.Timeout | undefined;
  let tickedAt = performance.now();
  let wantedAt = tickedAt;
  let isStopped = false;
  let isTicking = false;
  let isWoken = false;

  function schedule(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(run, ms);
    wantedAt = performance.now() + ms + TIMER_MS;
  }

  function allowed(): number {
    if (!options.isPaced) return OUTBOX_MAX;
    const missed = Math.floor(Math.max(0, tickedAt - wantedAt) / current.ms);
    return current.most * (1 + Math.min(missed, MISSED_MAX));
  }

  function run(): void {
    tickedAt = performance.now();
    isTicking = true;
    isWoken = false;
    try {
      const sent = engine.tick(allowed());
      options.afterTick();
      if (isStopped) return;
      const wish = { tickMs: current.ms, freshMs: options.freshMs, sent };
      schedule(isWoken ? 0 : sleepMs(engine, wish));
    } catch (error) {
      isStopped = true;
      options.onError(error);
    } finally {
      isTicking = false;
    }
  }

  function wake(): void {
    isWoken = true;
    // Within a tick the timer is set at its end: there must never be two.
    if (!isStopped && !isTicking) schedule(0);
  }

  schedule(0);
  return {
    plan(packetsPerSecond, intervalMsMin) {
      current = pace(packetsPerSecond, intervalMsMin);
      wake();
    },
    wake,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
    idleMs: () => performance.now() - tickedAt,
  };
}

interface SleepWish {
  tickMs: number;
  freshMs: number | null;
  /** Packets that the last tick sent. */
  sent: number;
}

function sleepMs(engine: Engine, { tickMs, freshMs, sent }: SleepWish): number {
  const due = engine.nextDueMs() ?? SLEEP_MS_MAX;
  const expiry = (engine.nextExpiryMs() ?? SLEEP_MS_MAX) + (freshMs ?? EXPIRY_COALESCE_MS);
  const wanted = Math.min(due, expiry, SLEEP_MS_MAX, engine.isWaiting() ? (freshMs ?? due) : due);
  // Timers count whole milliseconds and may end one too early: then that one is slept, no tick.
  if (sent === 0 && wanted <= 1) return 1;
  // More is due already because the loop was held up: then twice the pace, until it has caught up.
  return wanted <= 0 ? Math.ceil(tickMs / 2) : Math.max(tickMs, Math.ceil(wanted));
}
