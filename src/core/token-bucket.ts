// Pacing: so many packets a second in all, and so many a second that one router is made to answer,
// whose limiter of ICMP errors would otherwise drop answers of ours that look like loss. Buckets
// fill evenly and hold a burst. Time is handed in, in milliseconds that never go back.

export interface Rate {
  /** Packets a second; Infinity paces nothing. */
  perSecond: number;
  /** How many may go at once after a rest; at least 1. */
  burst: number;
}

export type Permission = { ok: true } | { ok: false; atMs: number };

export interface TokenBucket {
  /** Takes one token, or says when there will be one. */
  take(nowMs: number): Permission;
  /** When one could be taken; `nowMs` if at once. */
  readyAtMs(nowMs: number): number;
}

/** A bucket begins full. */
export function tokenBucket({ perSecond, burst }: Rate): TokenBucket {
  const room = Math.max(1, burst);
  const msPerToken = 1000 / perSecond;
  // The time at which the bucket would have been empty (the virtual schedule of GCRA): one number
  // that does not drift.
  let emptyMs = Number.NEGATIVE_INFINITY;

  function readyAtMs(nowMs: number): number {
    if (msPerToken === 0) return nowMs;
    return Math.max(nowMs, emptyMs + msPerToken);
  }

  return {
    readyAtMs,
    take(nowMs) {
      const atMs = readyAtMs(nowMs);
      if (atMs > nowMs) return { ok: false, atMs };
      emptyMs = Math.max(emptyMs, nowMs - room * msPerToken) + msPerToken;
      return { ok: true };
    },
  };
}

export interface Pacer {
  /**
   * May a packet be sent that `address` is likely to answer (null: not known)? Nothing is taken
   * unless both buckets have a token.
   */
  take(address: string | null, nowMs: number): Permission;
  /** Addresses that are kept. */
  size(): number;
}

export interface PacerOptions {
  global: Rate;
  perAddress: Rate;
  /** The one that was asked longest ago is forgotten first, and begins full again. */
  addressesMax: number;
}

export function createPacer({ global, perAddress, addressesMax }: PacerOptions): Pacer {
  const all = tokenBucket(global);
  // A Map keeps the order of insertion: the first key is the one used longest ago.
  const byAddress = new Map<string, TokenBucket>();

  function bucketOf(address: string): TokenBucket {
    const bucket = byAddress.get(address) ?? tokenBucket(perAddress);
    byAddress.delete(address);
    byAddress.set(address, bucket);
    if (byAddress.size > addressesMax) {
      const [oldest] = byAddress.keys();
      if (oldest !== undefined) byAddress.delete(oldest);
    }
    return bucket;
  }

  return {
    take(address, nowMs) {
      const bucket = address === null ? null : bucketOf(address);
      const atMs = Math.max(all.readyAtMs(nowMs), bucket?.readyAtMs(nowMs) ?? nowMs);
      if (atMs > nowMs) return { ok: false, atMs };
      bucket?.take(nowMs);
      return all.take(nowMs);
    },
    size: () => byAddress.size,
  };
}
