// How long to wait after a failure: exponential with full jitter, so that a fleet that lost its
// control does not come back all at once.

export interface Backoff {
  /**
   * Milliseconds until the next try; each call counts as one more failure. What the other side
   * asked for is kept to, within bounds.
   */
  nextMs(retryAfterMs: number | null): number;
  reset(): void;
}

export interface BackoffOptions {
  firstMs: number;
  mostMs: number;
  /** 0 ≤ x < 1 */
  random(): number;
}

export const RETRY_AFTER_MS_MAX = 900_000;
/** Full jitter may say zero, which is no wait. */
const LEAST_MS = 500;
const DOUBLINGS_MAX = 30;

export function openBackoff({ firstMs, mostMs, random }: BackoffOptions): Backoff {
  let failures = 0;
  return {
    nextMs(retryAfterMs) {
      const ceilingMs = Math.min(mostMs, firstMs * 2 ** Math.min(failures, DOUBLINGS_MAX));
      failures++;
      const ownMs = Math.max(LEAST_MS, random() * ceilingMs);
      if (retryAfterMs === null) return ownMs;
      const askedMs = Math.min(Math.max(retryAfterMs, 0), RETRY_AFTER_MS_MAX);
      // Spread, because everybody was told the same second.
      return Math.max(ownMs, askedMs * (1 + random() / 5));
    },
    reset() {
      failures = 0;
    },
  };
}
