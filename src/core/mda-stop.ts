// When is it enough? At a node of which k successors are known, so many probes must have passed
// that one more successor would have shown, were there one. The failures that may happen before,
// at each earlier stop, are counted in (Veitch, Augustin, Friedman, Teixeira 2009, "Failure control
// in multipath route tracing"): n_k is the least number of probes with which a node of k + 1
// successors, all equally likely, is left incomplete with a probability of at most α. For α = 0.05
// that is 6, 11, 16, 21, 27, 33, 39, 45, 51, 57 … (the table that tools carry does not count the
// earlier stops and has 38 and 44). Equal shares are the assumption: a successor that gets one flow
// in ten is missed more often.

const PROBES_MAX = 4096;
const series = new Map<number, number[]>();

/** Probes through a node after which it has no more than the `known` successors (≥ 1). */
export function stoppingPoint(known: number, alpha: number): number {
  const stops = series.get(alpha) ?? [];
  series.set(alpha, stops);
  while (stops.length < known) stops.push(nextStop(stops, alpha));
  return stops[known - 1] ?? PROBES_MAX;
}

/**
 * The chance that `probes` flows, spread evenly over `successors`, leave at least one of them out.
 */
export function missProbability(successors: number, probes: number): number {
  let found = oneFound(successors);
  for (let n = 1; n < probes; n++) found = afterProbe(found);
  if (probes < 1) return 1;
  let miss = 0;
  for (let j = 1; j < successors; j++) miss += found[j] ?? 0;
  return miss;
}

/** The stop for one successor more than there are stops. */
function nextStop(stops: readonly number[], alpha: number): number {
  const successors = stops.length + 2;
  const last = successors - 1;
  let found = oneFound(successors);
  let failed = 0;
  for (let n = 1; n < PROBES_MAX; n++) {
    const stopped = stops.indexOf(n) + 1;
    if (stopped > 0) {
      failed += found[stopped] ?? 0;
      found[stopped] = 0;
    }
    // Whoever knows fewer has stopped by now.
    const isAfterAll = n > (stops.at(-1) ?? 0);
    if (isAfterAll && failed + (found[last] ?? 0) <= alpha) return n;
    found = afterProbe(found);
  }
  return PROBES_MAX;
}

/** Entry j: the probability that j successors are known; after the first probe it is one. */
function oneFound(successors: number): Float64Array {
  const found = new Float64Array(successors + 1);
  found[1] = 1;
  return found;
}

function afterProbe(found: Float64Array): Float64Array {
  const successors = found.length - 1;
  const next = new Float64Array(found.length);
  for (let j = 1; j <= successors; j++) {
    const stays = ((found[j] ?? 0) * j) / successors;
    const gains = ((found[j - 1] ?? 0) * (successors - j + 1)) / successors;
    next[j] = stays + gains;
  }
  return next;
}
