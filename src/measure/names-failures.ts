// How long to leave a name alone that cannot be looked up: longer each time, and never for all
// names at the same moment.

export interface Failures {
  isFailing(key: string): boolean;
  /** Counts a failure; returns the time until the next look-up, ms. */
  failed(key: string): number;
  succeeded(key: string): void;
}

interface Failing {
  times: number;
  untilMs: number;
}

/** A board asks for the first time before its network is up. */
const WAIT_MS_MIN = 5000;
const WAIT_MS_MAX = 300_000;
const AGAIN_MS_MIN = 1000;
const JITTER = 0.2;
/** Names that were removed from the configuration are forgotten, the oldest first. */
const KEYS_MAX = 4096;

export function trackFailures(nowMs: () => number): Failures {
  const failing = new Map<string, Failing>();
  return {
    isFailing: (key) => failing.has(key),
    failed(key) {
      const now = nowMs();
      const last = failing.get(key);
      // Asked by another target, or before its time: that is no further failure.
      if (last !== undefined && now < last.untilMs) return leftOf(last, now);
      const times = (last?.times ?? 0) + 1;
      const waitMs = jittered(Math.min(WAIT_MS_MIN * 2 ** (times - 1), WAIT_MS_MAX));
      failing.delete(key);
      failing.set(key, { times, untilMs: now + waitMs });
      const [oldest] = failing.keys();
      if (failing.size > KEYS_MAX && oldest !== undefined) failing.delete(oldest);
      return waitMs;
    },
    succeeded(key) {
      failing.delete(key);
    },
  };
}

function leftOf({ untilMs }: Failing, now: number): number {
  return Math.max(untilMs - now, AGAIN_MS_MIN);
}

function jittered(ms: number): number {
  return ms * (1 + JITTER * (2 * Math.random() - 1));
}
