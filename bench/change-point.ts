// The test that says when the median RTT of a target has moved, on simulated weeks of rounds
// (README.md, change-point): how often it cries without a step, and how many steps it finds in
// time. Pure computation on fixed seeds: the same figures everywhere, but for the time.
import { type ChangePoint, watchMedian } from '../src/core/change-point.ts';
import { createRandom, type Random } from '../test/fake/random.ts';
import { judge, type Length, type Row, type RunOptions } from './row.ts';
import { mean } from './statistics.ts';
import { figure, percent } from './table.ts';

export const name = 'change-point';
export const goal = 'at most one false alarm a week, 90 % of 5 % steps within three rounds';

const ROUNDS_A_WEEK = 20_160;
const ROUNDS_A_DAY = 2880;
const ROUND_MS = 30_000;
const MEDIAN_NS = 20e6;
const FALSE_MAX = 1;
const FOUND_MIN = 0.9;
const STEP = 0.05;
const IN_TIME = 3;
/** The noise of medians for which steps are promised: a seventh of the step. */
const USUAL_NOISE = 0.007;
const LOUD_NOISE = 0.01;
const PLAN: Record<Length, { weeks: number; steps: number }> = {
  quick: { weeks: 1, steps: 40 },
  normal: { weeks: 6, steps: 150 },
  long: { weeks: 60, steps: 1000 },
};

/** One value with mean 0 and variance 1. */
type Draw = (random: Random) => number;

/** AR(1): each deviation is φ of the last one and something new. */
export interface Noise {
  title: string;
  phi: number;
  draw: Draw;
  /** The share of rounds with a median that is 5 to 55 % too high. */
  spikes?: number;
  /** The deviation goes from a fifth to nine fifths and back in a day. */
  isDiurnal?: boolean;
  isUsual?: boolean;
}

const NOISES: readonly Noise[] = [
  { title: 'Gaussian', phi: 0, draw: gaussian, isUsual: true },
  { title: 'Gaussian', phi: 0.5, draw: gaussian, isUsual: true },
  { title: 'Gaussian', phi: 0.9, draw: gaussian, isUsual: true },
  { title: 'Gaussian, noisier by day', phi: 0.9, draw: gaussian, isDiurnal: true },
  { title: 'Gaussian, 2 % spikes', phi: 0.5, draw: gaussian, spikes: 0.02 },
  { title: 'Laplace', phi: 0.5, draw: laplace },
  { title: 'Student t5', phi: 0, draw: student(5) },
  { title: 'Student t5', phi: 0.9, draw: student(5) },
  { title: 'Student t3', phi: 0.9, draw: student(3) },
];

export function run({ length, say }: RunOptions): Promise<Row[]> {
  const { weeks, steps } = PLAN[length];
  const results = NOISES.map((noise) => {
    say(`change-point: ${label(noise)}`);
    return measure(noise, weeks, steps);
  });
  return Promise.resolve(toRows(results));
}

interface Result {
  noise: Noise;
  /** False alarms of each week, at the louder noise. */
  alarms: number[];
  /** Shares of steps that were found in time, at the usual and at the louder noise. */
  usual: number;
  loud: number;
  nsPerRound: number;
}

function measure(noise: Noise, weeks: number, steps: number): Result {
  const start = performance.now();
  const alarms = Array.from({ length: weeks }, (_, week) => falseAlarms(noise, week + 1));
  const nsPerRound = ((performance.now() - start) * 1e6) / (weeks * ROUNDS_A_WEEK);
  const found = (deviation: number): number =>
    mean(Array.from({ length: steps }, (_, seed) => Number(isFound(noise, deviation, seed + 1))));
  return { noise, alarms, nsPerRound, usual: found(USUAL_NOISE), loud: found(LOUD_NOISE) };
}

/** How often the test cries in a week in which nothing happens. */
export function falseAlarms(noise: Noise, seed: number): number {
  const watch = watchMedian();
  const next = simulate(noise, LOUD_NOISE, createRandom(1000 + seed));
  let alarms = 0;
  for (let round = 0; round < ROUNDS_A_WEEK; round++) if (feed(watch, round, next())) alarms++;
  return alarms;
}

/** Whether a step of 5 %, up or down, is found within three rounds, after some hours. */
export function isFound(noise: Noise, deviation: number, seed: number): boolean {
  const random = createRandom(50_000 + seed);
  const watch = watchMedian();
  const next = simulate(noise, deviation, random);
  const at = 300 + random.below(700);
  const step = Math.log(1 + STEP) * (random.chance(0.5) ? 1 : -1);
  for (let round = 0; round < at; round++) feed(watch, round, next());
  for (let round = at; round < at + IN_TIME; round++) {
    if (feed(watch, round, next() + step)) return true;
  }
  return false;
}

function feed(watch: ChangePoint, round: number, deviation: number): boolean {
  const medianNs = MEDIAN_NS * Math.exp(deviation);
  return watch.add({ atMs: round * ROUND_MS, medianNs, received: 30 }) !== null;
}

/** Deviations of ln(median), stationary from the first. */
function simulate(noise: Noise, deviation: number, random: Random): () => number {
  const { phi, draw, spikes = 0, isDiurnal = false } = noise;
  const fresh = deviation * Math.sqrt(1 - phi * phi);
  let last = gaussian(random) * deviation;
  let round = random.below(ROUNDS_A_DAY);
  return () => {
    round++;
    const size = isDiurnal ? 1 + 0.8 * Math.sin((2 * Math.PI * round) / ROUNDS_A_DAY) : 1;
    last = phi * last + fresh * size * draw(random);
    return random.chance(spikes) ? last + 0.05 + 0.5 * random.unit() ** 2 : last;
  };
}

function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.unit()));
  return radius * Math.cos(2 * Math.PI * random.unit());
}

function laplace(random: Random): number {
  const place = random.unit() - 0.5;
  return (-Math.sign(place) * Math.log(1 - 2 * Math.abs(place))) / Math.SQRT2;
}

function student(degrees: number): Draw {
  const scale = Math.sqrt((degrees - 2) / degrees);
  return (random) => {
    let squares = 0;
    for (let i = 0; i < degrees; i++) squares += gaussian(random) ** 2;
    return (scale * gaussian(random)) / Math.sqrt(squares / degrees);
  };
}

function label({ title, phi }: Noise): string {
  return `${title} φ ${phi}`;
}

function toRows(results: readonly Result[]): Row[] {
  const usual = results.filter(({ noise }) => noise.isUsual === true);
  const means = results.map(({ noise, alarms }) => ({ noise, weekly: mean(alarms) }));
  const worst = means.reduce((most, one) => (one.weekly > most.weekly ? one : most));
  const all = mean(means.map(({ weekly }) => weekly));
  const weeks = results[0]?.alarms.length ?? 0;
  const found = usual.map((result) => result.usual);
  const loud = results.map((result) => `${label(result.noise)} ${percent(result.loud)}`);
  const ns = mean(results.map(({ nsPerRound }) => nsPerRound));
  return [
    {
      what: `false alarms a week, ${results.length} kinds of noise of 1 %, ${weeks} weeks each`,
      goal: `≤ ${FALSE_MAX} on average`,
      flint: `${figure(all)}; most ${figure(worst.weekly)} (${label(worst.noise)})`,
      peers: '–',
      verdict: judge(worst.weekly <= FALSE_MAX),
      figures: results.map(({ noise, ...rest }) => ({ noise: label(noise), ...rest })),
    },
    {
      what: '5 % steps told within three rounds, noise of 0.7 %, φ 0, 0.5, 0.9',
      goal: `≥ ${percent(FOUND_MIN)} each`,
      flint: found.map(percent).join(', '),
      peers: '–',
      verdict: judge(Math.min(...found) >= FOUND_MIN),
    },
    {
      what: 'the same, noise of 1 %',
      goal: '–',
      flint: loud.join('; '),
      peers: '–',
      verdict: 'info',
    },
    {
      what: 'one round simulated and judged',
      goal: '–',
      flint: `${figure(ns / 1000)} µs`,
      peers: '–',
      verdict: 'info',
    },
  ];
}
