import type { HopRtt } from './path.ts';

// Figures of one hop as mtr has them: loss of the probes that are decided, last, average, best,
// worst; the standard deviation of a sample, as mtr 0.95 reckons it (sum of squares ÷ (n − 1), 0
// for one answer: net_stdev of ui/net.c); and jitter. mtr divides the sum of |differences| by all
// answers, here it is by the differences there are, one less. Streams of rounds are merged as Chan
// et al. (1979) do, so that a figure over an hour is that of all its answers.

/** A plain value: what is kept of any number of probes of one TTL. */
export interface HopSum {
  sent: number;
  received: number;
  /** Answers with an RTT; a stamp that was of no use makes an answer without. */
  timed: number;
  mean: number;
  squares: number;
  best: number;
  worst: number;
  first: number;
  last: number;
  jitterSum: number;
}

export function emptyHopSum(): HopSum {
  return {
    sent: 0,
    received: 0,
    timed: 0,
    mean: 0,
    squares: 0,
    best: Number.POSITIVE_INFINITY,
    worst: Number.NEGATIVE_INFINITY,
    first: 0,
    last: 0,
    jitterSum: 0,
  };
}

/** Takes a decided probe in, in the order of sending. */
export function addProbe(sum: HopSum, outcome: { isLost: boolean; rttNs: number | null }): void {
  sum.sent++;
  if (outcome.isLost) return;
  sum.received++;
  const { rttNs } = outcome;
  if (rttNs === null) return;
  sum.timed++;
  const delta = rttNs - sum.mean;
  sum.mean += delta / sum.timed;
  sum.squares += delta * (rttNs - sum.mean);
  sum.best = Math.min(sum.best, rttNs);
  sum.worst = Math.max(sum.worst, rttNs);
  if (sum.timed === 1) sum.first = rttNs;
  else sum.jitterSum += Math.abs(rttNs - sum.last);
  sum.last = rttNs;
}

/** What both saw, `later` after `earlier`; neither is changed. */
export function mergeHopSums(earlier: HopSum, later: HopSum): HopSum {
  const counts = {
    sent: earlier.sent + later.sent,
    received: earlier.received + later.received,
  };
  if (later.timed === 0) return { ...earlier, ...counts };
  if (earlier.timed === 0) return { ...later, ...counts };
  const timed = earlier.timed + later.timed;
  const delta = later.mean - earlier.mean;
  return {
    ...counts,
    timed,
    mean: earlier.mean + (delta * later.timed) / timed,
    squares:
      earlier.squares + later.squares + (delta * delta * earlier.timed * later.timed) / timed,
    best: Math.min(earlier.best, later.best),
    worst: Math.max(earlier.worst, later.worst),
    first: earlier.first,
    last: later.last,
    jitterSum: earlier.jitterSum + later.jitterSum + Math.abs(later.first - earlier.last),
  };
}

/** Null when nothing was sent. */
export function lossPercentOf({
  sent,
  received,
}: {
  sent: number;
  received: number;
}): number | null {
  return sent === 0 ? null : (100 * (sent - received)) / sent;
}

/** Null when no answer had an RTT. */
export function hopRtt(sum: HopSum): HopRtt | null {
  const { timed, mean, squares, best, worst, last, jitterSum } = sum;
  if (timed === 0) return null;
  const stdev = timed > 1 ? Math.sqrt(squares / (timed - 1)) : 0;
  return {
    last,
    avg: mean,
    best,
    worst,
    stdev,
    jitter: timed > 1 ? jitterSum / (timed - 1) : null,
  };
}
