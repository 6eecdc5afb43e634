// What was sent, against what may be sent: a level that every packet raises and time lowers.

export interface Account {
  /** Counts what left. */
  charge(amount: number, nowMs: number): void;
  /** Whether more was sent than a burst. */
  isOver(nowMs: number): boolean;
  /** When so much more would fit into `share` of a burst, ms from now; 0 at once. */
  waitMs(amount: number, nowMs: number, share: number): number;
  level(nowMs: number): number;
}

export function openAccount(perSecond: number, burst: number): Account {
  let value = 0;
  let atMs = Number.NEGATIVE_INFINITY;

  function level(nowMs: number): number {
    if (nowMs > atMs) {
      value = Math.max(0, value - ((nowMs - atMs) * perSecond) / 1000);
      atMs = nowMs;
    }
    return value;
  }

  return {
    charge(amount, nowMs) {
      value = level(nowMs) + amount;
    },
    isOver: (nowMs) => level(nowMs) > burst,
    waitMs(amount, nowMs, share) {
      const excess = level(nowMs) + amount - Math.max(amount, burst * share);
      return excess <= 0 ? 0 : Math.ceil((1000 * excess) / perSecond);
    },
    level,
  };
}
