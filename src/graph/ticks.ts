// Where the lines of an axis stand. Steps are 1, 2, 2.5 or 5 times a power of ten for round-trip
// times and whole minutes or hours for the time of day, so that every label is a short number.

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Steps that divide the day, so that ticks fall on the same times every day. */
const TIME_STEPS_MS: readonly number[] = [
  MINUTE_MS,
  2 * MINUTE_MS,
  5 * MINUTE_MS,
  10 * MINUTE_MS,
  15 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  3 * HOUR_MS,
  4 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  24 * HOUR_MS,
];

const TIME_TICKS_MAX = 64;

/**
 * Ticks from 0 to the first one at or above `top`; `count` is how many steps are wanted at most.
 */
export function valueTicks(top: number, count: number): number[] {
  const step = niceStep(top / Math.max(1, count));
  const ticks = [];
  const last = Number.isFinite(top) ? Math.max(1, Math.ceil(top / step - 1e-9)) : 1;
  for (let index = 0; index <= last; index++) ticks.push(Number((index * step).toPrecision(12)));
  return ticks;
}

/** The smallest of 1, 2, 2.5, 5 × 10ⁿ that is not below `least`. */
export function niceStep(least: number): number {
  if (!(least > 0) || !Number.isFinite(least)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of [1, 2, 2.5, 5]) {
    if (least <= factor * power * (1 + 1e-9)) return factor * power;
  }
  return 10 * power;
}

/** Times in [fromMs, untilMs] on round clock times, UTC; `count` is how many are wanted at most. */
export function timeTicks(fromMs: number, untilMs: number, count: number): number[] {
  const least = (untilMs - fromMs) / Math.max(1, count);
  const step = TIME_STEPS_MS.find((candidate) => candidate >= least) ?? 24 * HOUR_MS;
  const ticks = [];
  let time = Math.ceil(fromMs / step) * step;
  while (time <= untilMs && ticks.length < TIME_TICKS_MAX) {
    ticks.push(time);
    time += step;
  }
  return ticks;
}
