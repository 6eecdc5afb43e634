import type { RttFigures } from '../core/round.ts';
import type { GraphRound } from './column.ts';
import { weightedMedian } from './weighted-median.ts';

// Figures of a span from its rounds. A round keeps nine figures, not its samples, so quantiles of
// many rounds have to be derived. The median is the median of theirs, weighted by their replies.
// For p99 each round becomes a piecewise linear distribution through its known quantiles, these are
// mixed with the weight of their replies, and the mixture is inverted.
//
// The ends need care, because p99 lives there. Of a round's n replies exactly one is known to be
// the largest, so `max` is a point of mass 1/n; the few between p90 and it are spread evenly around
// the value that the round's mean leaves for them. A straight line from p90 to max instead would
// turn one slow reply in a round into a tenth of them.

export interface SpanFigures {
  sent: number;
  received: number;
  lost: number;
  /** Of the echoes whose fate is known (`received + lost`); null when there are none. */
  lossPercent: number | null;
  minNs: number | null;
  medianNs: number | null;
  p99Ns: number | null;
  maxNs: number | null;
  /** How many replies stand behind the quantiles. */
  samples: number;
  /** Mean of the rounds' jitter, weighted by their replies. */
  jitterNs: number | null;
  /** True when `medianNs` is a nearest rank of the samples themselves, not derived. */
  medianExact: boolean;
  /** The same for `p99Ns`. Below 100 replies p99 is their maximum, which is always known. */
  exact: boolean;
}

/** Knots of a round: min, p10, p25, median, p75, p90, end of the tail, max. */
const KNOTS = 8;
/** Cumulative shares at the inner knots; the outer ones depend on the number of replies. */
const SHARES: readonly number[] = [0.1, 0.25, 0.5, 0.75, 0.9];
/** The search ends at this part of the value: three digits are shown. */
const TOLERANCE = 1e-4;
/** And after so many halvings, which take 60 s below 60 ns. */
const HALVINGS_MAX = 30;

/** Never mixes in rounds that closed without a reply; an empty list gives zeros and nulls. */
export function spanFigures(rounds: readonly GraphRound[]): SpanFigures {
  const answered = rounds.filter((round) => round.rttNs !== null && round.received > 0);
  const sum = countRounds(rounds);
  const mixture = mix(answered);
  const first = answered[0];
  return {
    ...sum,
    lossPercent: lossPercent(sum),
    minNs: first === undefined ? null : mixture.min,
    medianNs: medianOf(answered),
    p99Ns: sum.received < 100 && first !== undefined ? mixture.max : quantile(mixture, 0.99),
    maxNs: first === undefined ? null : mixture.max,
    samples: mixture.weight,
    jitterNs: meanJitter(answered),
    medianExact: answered.length === 1 && first?.exact === true,
    exact: sum.received < 100,
  };
}

/** Null while the fate of no echo is known: that is not zero. */
export function lossPercent(counts: { received: number; lost: number }): number | null {
  const known = counts.received + counts.lost;
  return known === 0 ? null : (100 * counts.lost) / known;
}

function countRounds(rounds: readonly GraphRound[]): {
  sent: number;
  received: number;
  lost: number;
} {
  const sum = { sent: 0, received: 0, lost: 0 };
  for (const round of rounds) {
    sum.sent += round.sent;
    sum.received += round.received;
    sum.lost += round.lost;
  }
  return sum;
}

function medianOf(answered: readonly GraphRound[]): number | null {
  if (answered.length === 0) return null;
  const medians = answered.map(({ rttNs }) => rttNs?.median ?? 0);
  return weightedMedian(
    medians,
    answered.map(({ received }) => received),
  );
}

function meanJitter(answered: readonly GraphRound[]): number | null {
  let total = 0;
  let weight = 0;
  for (const round of answered) {
    if (round.jitterNs === null) continue;
    total += round.jitterNs * round.received;
    weight += round.received;
  }
  return weight === 0 ? null : total / weight;
}

/** Flat, because a day holds thousands of rounds and each search passes them thirty times. */
interface Mixture {
  knots: Float64Array;
  replies: Float64Array;
  weight: number;
  min: number;
  max: number;
}

function mix(answered: readonly GraphRound[]): Mixture {
  const mixture: Mixture = {
    knots: new Float64Array(answered.length * KNOTS),
    replies: new Float64Array(answered.length),
    weight: 0,
    min: Number.POSITIVE_INFINITY,
    max: 0,
  };
  for (const [index, { rttNs, received }] of answered.entries()) {
    if (rttNs === null) continue;
    const tail = tailEnd(rttNs, received);
    const { min, p10, p25, median, p75, p90, max } = rttNs;
    mixture.knots.set([min, p10, p25, median, p75, p90, tail, max], index * KNOTS);
    mixture.replies[index] = received;
    mixture.weight += received;
    mixture.min = Math.min(mixture.min, min);
    mixture.max = Math.max(mixture.max, max);
  }
  return mixture;
}

/**
 * Where the even spread of the replies between p90 and max ends. Their sum is what the mean leaves
 * after the body (trapezoids between the quantiles) and the maximum are taken away.
 */
function tailEnd(rttNs: RttFigures, received: number): number {
  const { min, p10, p25, median, p75, p90, max, mean } = rttNs;
  const inBody = Math.ceil(0.9 * received);
  const inTail = received - inBody - 1;
  if (inTail <= 0) return p90;
  const trapezoids =
    0.05 * (min + p10) + 0.075 * (p10 + p25 + p75 + p90) + 0.125 * (p25 + 2 * median + p75);
  // Nearest ranks are the right ends of their steps: the trapezoids miss half of the whole rise.
  const body = (trapezoids / 0.9) * inBody + (p90 - min) / 2;
  const tailMean = (mean * received - body - max) / inTail;
  return Math.min(max, Math.max(p90, 2 * tailMean - p90));
}

function quantile(mixture: Mixture, share: number): number | null {
  if (mixture.weight === 0) return null;
  const wanted = share * mixture.weight;
  let low = mixture.min;
  let high = mixture.max;
  for (let step = 0; step < HALVINGS_MAX && high - low > TOLERANCE * high; step++) {
    const middle = (low + high) / 2;
    if (repliesBelow(mixture, middle) < wanted) low = middle;
    else high = middle;
  }
  return high;
}

function repliesBelow(mixture: Mixture, rttNs: number): number {
  const { knots, replies } = mixture;
  let total = 0;
  for (let index = 0; index < replies.length; index++) {
    const at = index * KNOTS;
    if (rttNs < (knots[at] ?? 0)) continue;
    const count = replies[index] ?? 0;
    total += rttNs >= (knots[at + KNOTS - 1] ?? 0) ? count : shareBelow(knots, at, rttNs, count);
  }
  return total;
}

function shareBelow(knots: Float64Array, at: number, rttNs: number, count: number): number {
  let knot = 0;
  while (knot < KNOTS - 2 && rttNs >= (knots[at + knot + 1] ?? 0)) knot++;
  const lower = knot === 0 ? 0 : (SHARES[knot - 1] ?? 0) * count;
  if (knot === KNOTS - 2) return count - 1;
  const upper = knot === KNOTS - 3 ? Math.max(lower, count - 1) : (SHARES[knot] ?? 0) * count;
  const from = knots[at + knot] ?? 0;
  const width = (knots[at + knot + 1] ?? 0) - from;
  return width > 0 ? lower + ((upper - lower) * (rttNs - from)) / width : upper;
}
