// Figures over the answers of one run of probes, as `flint ping` prints them: exact up to a bound
// on memory, of a uniform sample of the answers beyond it.

export interface SampleFigures {
  min: number;
  p10: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
  mean: number;
  stddev: number;
}

export interface Samples {
  /** Takes the RTT (ns) of probe number `attempt`; answers may come in any order. */
  add(attempt: number, rttNs: number): void;
  /** Null when nothing was answered. */
  figures(): SampleFigures | null;
  /** Mean |RTTᵢ − RTTᵢ₋₁| over probes sent in a row that were both answered, ns. */
  jitterNs(): number | null;
  count(): number;
  isExact(): boolean;
}

const KEPT_MAX = 1 << 20;
/** How far apart answers to neighbours may come in: timeout by shortest interval, and room. */
const PAIRS_MAX = 1 << 13;

/** `random` gives numbers in [0, 1) for the reservoir. */
export function collectSamples(random: () => number, keptMax = KEPT_MAX): Samples {
  const kept: number[] = [];
  const recent = new Float64Array(PAIRS_MAX);
  const recentAttempt = new Float64Array(PAIRS_MAX).fill(-1);
  const moments = { n: 0, mean: 0, m2: 0, min: 0, max: 0, jitterSum: 0, pairs: 0 };

  function answerOf(attempt: number): number | null {
    if (attempt < 0) return null;
    return recentAttempt[attempt % PAIRS_MAX] === attempt
      ? (recent[attempt % PAIRS_MAX] ?? null)
      : null;
  }

  function addPair(a: number, b: number | null): void {
    if (b === null) return;
    moments.jitterSum += Math.abs(a - b);
    moments.pairs++;
  }

  return {
    add(attempt, rttNs) {
      const { n } = moments;
      moments.n = n + 1;
      moments.min = n === 0 ? rttNs : Math.min(moments.min, rttNs);
      moments.max = n === 0 ? rttNs : Math.max(moments.max, rttNs);
      const delta = rttNs - moments.mean;
      moments.mean += delta / moments.n;
      moments.m2 += delta * (rttNs - moments.mean);
      keep(kept, rttNs, { n, keptMax, random });
      addPair(rttNs, answerOf(attempt - 1));
      addPair(rttNs, answerOf(attempt + 1));
      recent[attempt % PAIRS_MAX] = rttNs;
      recentAttempt[attempt % PAIRS_MAX] = attempt;
    },
    figures() {
      if (moments.n === 0) return null;
      const sorted = Float64Array.from(kept).sort();
      const at = (p: number): number =>
        sorted[Math.max(1, Math.ceil(p * sorted.length)) - 1] ?? Number.NaN;
      const { min, max, mean, m2, n } = moments;
      const stddev = n > 1 ? Math.sqrt(m2 / (n - 1)) : 0;
      return { min, p10: at(0.1), p50: at(0.5), p90: at(0.9), p99: at(0.99), max, mean, stddev };
    },
    jitterNs: () => (moments.pairs === 0 ? null : moments.jitterSum / moments.pairs),
    count: () => moments.n,
    isExact: () => moments.n <= keptMax,
  };
}

function keep(
  kept: number[],
  rttNs: number,
  { n, keptMax, random }: { n: number; keptMax: number; random: () => number },
): void {
  if (kept.length < keptMax) {
    kept.push(rttNs);
    return;
  }
  const place = Math.floor(random() * (n + 1));
  if (place < keptMax) kept[place] = rttNs;
}
