// Has the median RTT of a target moved to another level? One median a round comes in; a step is
// told at the third round on the new level.
//
// The test works on ln(median), so that 5 % is the same step everywhere. What the last three rounds
// say of a step is estimated under an AR(1) model of this very series: with φ its lag-one
// correlation, the first round shows the whole step above what was foretold and the two after it
// 1 − φ of it (generalised least squares). The level is the median of the forty rounds before; a
// spike just before is not believed. The estimate is then measured in units of what it usually is
// on this series: a mean of its size, clipped, over four hours, and more at once when the last
// minutes were noisier. Whatever the model does not know (tails, the hour of day) is in this unit.
//
// How many units are too many is learnt, as extreme value theory has it (peaks over threshold; the
// idea of SPOT, Siffer et al. 2017): the Hill estimator says how heavy the tail beyond three units
// is, and the threshold is where RUN_ROUNDS rounds have one. A step that goes back within the
// quarter of an hour was an excursion: it counts in that tail for many, its end is not told, and
// the series has to try harder. A step that lasts is not noise and teaches nothing.
//
// CUSUM and Page-Hinkley were not taken: their time between false alarms is promised for
// independent samples, and collapses on correlated ones. Medians are compared for the reason of
// Fontugne et al. 2017 (Pinpointing delay and forwarding anomalies): single RTTs are far noisier.
//
// Measured (bench, change-point): a false alarm in a week is rarer than one on average on
// stationary series with φ up to 0.95, Gaussian, Laplace or Student t, with spikes, with noise that
// changes in the day; steps of seven standard deviations of the medians and more are found. No test
// can do both where the noise itself makes lasting steps of the same size.
import { exceed, forget, type Tail, thresholdOf } from './excess-tail.ts';

/** One closed round. With fewer than five answers the median says little: it is passed over. */
export interface MedianSample {
  atMs: number;
  medianNs: number;
  received: number;
}

/** `fromMs` is the first round on the new level; `score` and `threshold` are in usual sizes. */
export interface LevelShift {
  fromMs: number;
  beforeNs: number;
  afterNs: number;
  score: number;
  threshold: number;
}

export interface ChangePoint {
  /** The shift that ended with this round, or null. */
  add(sample: MedianSample): LevelShift | null;
  /** Numbers kept now; at most 64. */
  size(): number;
}

const RECENT = 3;
const BASE_MAX = 40;
const BASE_MIN = 20;
const NEAR = 7;
/** Estimates that are seen before the first alarm: the unit must be known. */
const LEARN_ROUNDS = 40;
const RECEIVED_MIN = 5;
/** Smaller steps are nobody's concern. */
const EFFECT_MIN = 0.02;
const EFFECT_NS_MIN = 10_000;
const SLOW_ROUNDS = 480;
const FAST_ROUNDS = 20;
/** The mean of the last minutes scatters by itself; only beyond this it is news. */
const FAST_SLACK = 1.4;
/** With sizes clipped at twice their mean s, Gaussian noise has σ = 1.34 s. */
const SLOW_CLIP = 2;
const FAST_CLIP = 3;
const SIZE_TO_DEVIATION = 1.34;
/** A value further off, in units, is a spike and foretells nothing. */
const SPIKE = 6;
const LAG_CLIP = 3.76;
const PHI_MAX = 0.95;
const TRIAL_ROUNDS = 30;
const EXCURSION_WEIGHT = 10;
/** A line so quiet that this is much: its tail would be one of nothings. */
const UNIT_MIN = 0.0025;
const TINY = 1e-9;

/** Means of |v|, v², and v·v′ of neighbours, clipped; v is the distance from the level. */
interface Lag {
  seen: number;
  size: number;
  square: number;
  product: number;
}

/** Means of |step estimate|: over hours and over minutes. */
interface Unit {
  seen: number;
  slow: number;
  fast: number;
}

interface Trial {
  roundsLeft: number;
  before: number;
  after: number;
  score: number;
}

interface Estimate {
  step: number;
  /** ln(ns): mean of the recent rounds, and what they would have been without the step. */
  after: number;
  before: number;
  /** Whether the rounds lie closer together than the step is high: a spike is no level. */
  isLevel: boolean;
}

export function watchMedian(): ChangePoint {
  const levels: number[] = [];
  const times: number[] = [];
  const lag: Lag = { seen: 0, size: 0, square: 0, product: 0 };
  const unit: Unit = { seen: 0, slow: 0, fast: 0 };
  const tail: Tail = { rounds: 2500, count: 10, logSum: 1.08 };
  let trial: Trial | null = null;

  function push({ atMs, medianNs }: MedianSample): void {
    levels.push(Math.log(medianNs));
    if (levels.length > RECENT + BASE_MAX) levels.shift();
    times.push(atMs);
    if (times.length > RECENT) times.shift();
  }

  function endTrial(level: number): boolean {
    if (trial === null) return false;
    const isBack = Math.abs(level - trial.before) < Math.abs(level - trial.after);
    if (isBack) exceed(tail, trial.score, EXCURSION_WEIGHT);
    trial = null;
    return isBack;
  }

  function judgeTrial(): void {
    if (trial === null || --trial.roundsLeft > 0) return;
    endTrial(median(levels.slice(-NEAR)));
  }

  function shift(estimate: Estimate, score: number, threshold: number): LevelShift | null {
    const { step, before, after } = estimate;
    // The base is lifted to the new level, so that the next step is found at once.
    for (let i = 0; i < levels.length - RECENT; i++) levels[i] = (levels[i] ?? 0) + step;
    if (endTrial(after)) return null;
    trial = { roundsLeft: TRIAL_ROUNDS, before, after, score };
    const fromMs = times[0] ?? 0;
    return { fromMs, beforeNs: Math.exp(before), afterNs: Math.exp(after), score, threshold };
  }

  function weigh(estimate: Estimate): LevelShift | null {
    const size = Math.abs(estimate.step);
    const score = estimate.isLevel ? size / Math.max(deviationOf(unit), UNIT_MIN) : 0;
    const threshold = thresholdOf(tail);
    const isLearning = unit.seen < LEARN_ROUNDS;
    if (!isLearning && score >= threshold && isOfConcern(estimate)) {
      return shift(estimate, score, threshold);
    }
    learnSize(unit, size);
    if (isLearning) return null;
    forget(tail);
    exceed(tail, score, 1);
    return null;
  }

  return {
    add(sample) {
      if (sample.received < RECEIVED_MIN || !(sample.medianNs > 0)) return null;
      push(sample);
      judgeTrial();
      if (levels.length < RECENT + BASE_MIN) return null;
      return weigh(estimateStep(levels, lag, unit));
    },
    size: () => levels.length + times.length + 4 + 3 + 3 + (trial === null ? 0 : 4),
  };
}

function estimateStep(levels: readonly number[], lag: Lag, unit: Unit): Estimate {
  const base = median(levels.slice(0, -RECENT));
  const [last = 0, a = 0, b = 0, c = 0] = levels.slice(-RECENT - 1).map((level) => level - base);
  const near = median(levels.slice(-RECENT - NEAR, -RECENT)) - base;
  const few = median(levels.slice(-RECENT - 3, -RECENT)) - base;
  const phi = learnLag(lag, last, a);
  const room = unit.seen < BASE_MIN ? Number.POSITIVE_INFINITY : SPIKE * deviationOf(unit);
  const pre = [last, few].find((value) => Math.abs(value - near) <= room) ?? near;
  const rest = 1 - phi;
  const surprise = a - phi * pre + rest * (b - phi * a) + rest * (c - phi * b);
  const step = surprise / (1 + 2 * rest * rest);
  const isLevel = Math.max(a, b, c) - Math.min(a, b, c) <= Math.abs(step);
  const after = base + (a + b + c) / RECENT;
  return { step, after, before: after - step, isLevel };
}

function isOfConcern({ step, before, after }: Estimate): boolean {
  const ns = Math.abs(Math.exp(after) - Math.exp(before));
  return Math.abs(step) >= EFFECT_MIN && ns >= EFFECT_NS_MIN;
}

function deviationOf(unit: Unit): number {
  return SIZE_TO_DEVIATION * Math.max(unit.slow, unit.fast / FAST_SLACK);
}

/** The lag-one correlation; `last` and `next` are neighbours, as distances from the level. */
function learnLag(lag: Lag, last: number, next: number): number {
  const bound =
    lag.seen < BASE_MIN ? Number.POSITIVE_INFINITY : LAG_CLIP * Math.max(lag.size, TINY);
  const x = clip(last, bound);
  const y = clip(next, bound);
  lag.seen++;
  const weight = 1 / Math.min(lag.seen, SLOW_ROUNDS);
  lag.size += (Math.abs(y) - lag.size) * weight;
  lag.product += (x * y - lag.product) * weight;
  lag.square += (y * y - lag.square) * weight;
  return Math.max(0, Math.min(PHI_MAX, lag.product / Math.max(lag.square, TINY * TINY)));
}

function learnSize(unit: Unit, size: number): void {
  unit.seen++;
  const isNew = unit.seen < BASE_MIN;
  const slow = isNew ? size : Math.min(size, SLOW_CLIP * Math.max(unit.slow, TINY));
  const fast = isNew ? size : Math.min(size, FAST_CLIP * Math.max(unit.fast, unit.slow, TINY));
  unit.slow += (slow - unit.slow) / Math.min(unit.seen, SLOW_ROUNDS);
  unit.fast += (fast - unit.fast) / Math.min(unit.seen, FAST_ROUNDS);
}

function clip(value: number, bound: number): number {
  return Math.max(-bound, Math.min(bound, value));
}

function median(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? upper)) / 2;
}
