// Whether the probe does what it is for: it measures, and what it measured reaches the disk.
import type { Health } from './api/routes.ts';
import type { StoreStats } from './store/store.ts';

export interface HealthWatch {
  /** Looks whether the store failed since the last look; call about once a second. */
  look(): void;
  /** `idleMs`: since the last tick. */
  judge(idleMs: number): Health;
}

export interface HealthOptions {
  stats: () => Pick<StoreStats, 'errors' | 'lastError'>;
  /** A clock that never goes back, ms. */
  monoMs: () => number;
}

const STALLED_MS = 5000;
/** Two flushes: a store that recovered has shown it by then. */
const STORE_ERROR_MS = 120_000;

/** Whether it measures: `idleMs` since the last tick. A full disk does not keep it from that. */
export function isTicking(idleMs: number): boolean {
  return idleMs <= STALLED_MS;
}

export function watchHealth({ stats, monoMs }: HealthOptions): HealthWatch {
  // What was found damaged at the start is counted, but is no failure of now.
  let errors = stats().errors;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  function look(): void {
    const now = stats().errors;
    if (now > errors) failedAtMs = monoMs();
    errors = now;
  }
  return {
    look,
    judge(idleMs) {
      look();
      if (!isTicking(idleMs)) {
        return { ok: false, reason: `no measurement for ${Math.round(idleMs / 1000)} s` };
      }
      if (monoMs() - failedAtMs < STORE_ERROR_MS) {
        return { ok: false, reason: `the store fails: ${stats().lastError ?? ''}` };
      }
      return { ok: true, reason: null };
    },
  };
}
