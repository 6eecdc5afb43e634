import type { LossKind } from './path.ts';

// Who loses packets, and who only does not answer. A probe that was answered from further on has
// passed every router before: what is lost on the way to hop h can be no more than what is lost at
// any h or beyond that answers. So the loss of a hop is the least of these, over the last rounds
// together, and a router that limits its answers is cleared by the next one that does not.
//
// The least lossy of them decides. The kind is `forwarding` when the lower bound of its 95 % Wilson
// interval is above 0. For a share that bound is 0 only when nothing was lost, so this says: every
// hop from here on that answers has lost something. One lost packet is enough where it is seen,
// which is at the target and at those routers alone that have lost as well: that packet is lost,
// and how much to make of it the bounds say, which are handed out with the figure. A stricter
// threshold would hide a real loss of one in a hundred for as long as it is small.
//
// Two cautions. A hop that was asked less than half as often as h (the path has just become longer)
// clears nobody. And at the last router that answers before silence, lost and unanswered are the
// same to see: its own losses are no proof, the kind is `unknown` unless it lost nothing.

export interface HopCount {
  sent: number;
  received: number;
}

export interface HopLoss {
  kind: LossKind;
  /** What was lost on the way to this hop; null when no later hop answers either. */
  percent: number | null;
  /** Wilson's 95 % interval of it. */
  percentMin: number | null;
  percentMax: number | null;
}

/** Φ⁻¹(0.975). */
const Z = 1.959963984540054;
const ROUNDS = 10;

/** Consecutive TTLs, each with the counts of the last rounds together; `reached`: the last of them
 * is the target. */
export function judgeLoss(hops: readonly HopCount[], reached: boolean): HopLoss[] {
  const last = hops.findLastIndex(({ received }) => received > 0);
  return hops.map((hop, index) => {
    const decisive = leastLossy(hops.slice(index), hop.sent);
    if (decisive === null) {
      return { kind: 'unknown', percent: null, percentMin: null, percentMax: null };
    }
    const isTarget = reached && last === hops.length - 1;
    return judgeHop(hop, decisive, index === last && !isTarget);
  });
}

/** The 95 % interval of a share (Wilson 1927), 0…1. */
export function wilson(count: number, of: number): { min: number; max: number } {
  if (of <= 0) return { min: 0, max: 1 };
  const share = count / of;
  const z2 = Z * Z;
  const centre = share + z2 / (2 * of);
  const width = Z * Math.sqrt((share * (1 - share)) / of + z2 / (4 * of * of));
  const scale = 1 + z2 / of;
  // At the ends the two terms are equal but for rounding.
  const min = count <= 0 ? 0 : Math.max(0, (centre - width) / scale);
  const max = count >= of ? 1 : Math.min(1, (centre + width) / scale);
  return { min, max };
}

export interface LossWindow {
  /** A round is closed: the counts at each TTL, by TTL. */
  add(round: ReadonlyMap<number, HopCount>): void;
  /** The last ten rounds together; zeros for a TTL that was not asked. */
  countOf(ttl: number): HopCount;
}

/** Pools the counts of the last ten rounds. */
export function poolLoss(): LossWindow {
  const rounds: ReadonlyMap<number, HopCount>[] = [];
  return {
    add(round) {
      rounds.push(new Map(round));
      if (rounds.length > ROUNDS) rounds.shift();
    },
    countOf(ttl) {
      const pooled = { sent: 0, received: 0 };
      for (const round of rounds) {
        pooled.sent += round.get(ttl)?.sent ?? 0;
        pooled.received += round.get(ttl)?.received ?? 0;
      }
      return pooled;
    },
  };
}

function leastLossy(hops: readonly HopCount[], sent: number): HopCount | null {
  let least: HopCount | null = null;
  for (const hop of hops) {
    if (hop.received === 0 || hop.sent * 2 < sent) continue;
    if (least === null || lossOf(hop) < lossOf(least)) least = hop;
  }
  return least;
}

function lossOf({ sent, received }: HopCount): number {
  return sent === 0 ? 0 : Math.max(0, 1 - received / sent);
}

function judgeHop(hop: HopCount, decisive: HopCount, isLastWord: boolean): HopLoss {
  const lost = Math.max(0, decisive.sent - decisive.received);
  const { min, max } = wilson(lost, decisive.sent);
  const found = { percent: 100 * lossOf(decisive), percentMin: 100 * min, percentMax: 100 * max };
  if (hop.received === 0) return { kind: 'silent', ...found };
  if (min <= 0) return { kind: 'none', ...found };
  return { kind: isLastWord ? 'unknown' : 'forwarding', ...found };
}
