// How heavy the tail of a series of sizes is, from the few that lie beyond TAIL: the Hill estimator
// (1975), P(size > t) ≈ p · (t / TAIL)^(−1/ξ), with p the share beyond TAIL and ξ the mean of
// ln(size / TAIL). What was seen fades within weeks. Three numbers.

/** Begin with what is believed before anything was seen: its `rounds` are its weight. */
export interface Tail {
  rounds: number;
  count: number;
  logSum: number;
}

const TAIL = 3;
/** There is to be one size beyond the threshold in so many rounds (a week has 20 160). */
const RUN_ROUNDS = 35_000;
const FADE_ROUNDS = 60_480;
const THRESHOLD_MIN = 4.2;

/** Call once a round, before `exceed`. */
export function forget(tail: Tail): void {
  const keep = 1 - 1 / FADE_ROUNDS;
  tail.rounds = tail.rounds * keep + 1;
  tail.count *= keep;
  tail.logSum *= keep;
}

/** Takes a size in; one that is not beyond TAIL is no part of the tail. */
export function exceed(tail: Tail, size: number, weight: number): void {
  if (size <= TAIL) return;
  tail.count += weight;
  tail.logSum += weight * Math.log(size / TAIL);
}

/** The size that RUN_ROUNDS rounds have once. */
export function thresholdOf({ rounds, count, logSum }: Tail): number {
  if (count <= 0) return THRESHOLD_MIN;
  const beyond = Math.max(1, (count / rounds) * RUN_ROUNDS);
  return Math.max(THRESHOLD_MIN, TAIL * beyond ** (logSum / count));
}
