// How often one network may fail. Only failures are counted, and whoever has a valid credential is
// let through whatever its neighbours do: the credential is looked at first. A bucket of tokens for
// each /24 or /56, in bounded memory; the one that was longest untouched makes room.
import type { ControlContext } from './context.ts';
import { throttled } from './problem.ts';
import { sourcePrefixOf } from './source-prefix.ts';

export interface Throttle {
  /** Throws ERR_THROTTLED (429, Retry-After) when this address's network failed too often. */
  check(ip: string): void;
  /** Counts one failure. */
  failed(ip: string): void;
}

export interface BucketOptions {
  /** Failures at once. */
  burst: number;
  /** Milliseconds until one more is allowed. */
  refillMs: number;
  entriesMax: number;
  nowMs: () => number;
}

export interface Buckets {
  /** Milliseconds until the key may try again; 0 when it may now. */
  waitMs(key: string): number;
  take(key: string): void;
  readonly size: number;
}

/** Failures of requests that carry a wrong credential, or none that is known. */
const REFUSALS = { burst: 60, refillMs: 2_000, entriesMax: 8_192 } as const;

const throttles = new WeakMap<ControlContext, Throttle>();
const loginThrottles = new WeakMap<ControlContext, Throttle>();

/** The one that all routes of a control share, but for logins. */
export function throttleOf(context: ControlContext): Throttle {
  return throttleIn(throttles, context);
}

/**
 * Of wrong passwords alone: boards that wait to be let in, or whose keys ended, share the network
 * of the people who look after them and must not keep these out.
 */
export function loginThrottleOf(context: ControlContext): Throttle {
  return throttleIn(loginThrottles, context);
}

function throttleIn(all: WeakMap<ControlContext, Throttle>, context: ControlContext): Throttle {
  const known = all.get(context);
  if (known !== undefined) return known;
  const made = createThrottle(createBuckets({ ...REFUSALS, nowMs: context.nowMs }));
  all.set(context, made);
  return made;
}

export function createBuckets({ burst, refillMs, entriesMax, nowMs }: BucketOptions): Buckets {
  const entries = new Map<string, { left: number; atMs: number }>();
  function current(key: string): { left: number; atMs: number } {
    const now = nowMs();
    const known = entries.get(key);
    if (known === undefined) return { left: burst, atMs: now };
    // A clock that was set back gives nothing and takes nothing.
    const gained = Math.max(0, now - known.atMs) / refillMs;
    return { left: Math.min(burst, known.left + gained), atMs: now };
  }
  return {
    waitMs(key) {
      const { left } = current(key);
      return left >= 1 ? 0 : Math.ceil((1 - left) * refillMs);
    },
    take(key) {
      const { left, atMs } = current(key);
      entries.delete(key);
      entries.set(key, { left: Math.max(0, left - 1), atMs });
      if (entries.size <= entriesMax) return;
      const oldest = entries.keys().next();
      if (oldest.done !== true) entries.delete(oldest.value);
    },
    get size() {
      return entries.size;
    },
  };
}

function createThrottle(buckets: Buckets): Throttle {
  return {
    check(ip) {
      const waitMs = buckets.waitMs(sourcePrefixOf(ip));
      if (waitMs > 0) throw tooMany(waitMs);
    },
    failed(ip) {
      buckets.take(sourcePrefixOf(ip));
    },
  };
}

export function tooMany(waitMs: number): Error {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return throttled(`too many failed tries from your network; wait ${seconds} s`, seconds);
}
