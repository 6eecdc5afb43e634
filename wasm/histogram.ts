// A log-linear histogram: 64 linear buckets of 1 ns, then 64 sub-buckets an octave up to 2^36 ns,
// so a bucket is at most 1/64 wide. It serves spans longer than a round; round figures are exact.
import { HISTOGRAM, HISTOGRAM_BYTES, QUANTILES, QUANTILES_MAX } from './layout';
import { HISTOGRAM_BUCKETS } from './limits';

const SUB_BITS: u32 = 6;
const SUB_BUCKETS: u32 = 1 << SUB_BITS;
/** What a double's exponent and SUB_BITS of its mantissa are, as one number, less the bucket. */
const DOUBLE_FIRST: u32 = (1023 + SUB_BITS - 1) << SUB_BITS;

export function bucketOf(ns: u64): u32 {
  if (ns < SUB_BUCKETS) return <u32>ns;
  const shift = 63 - <u32>clz<u64>(ns) - SUB_BITS;
  const index = ((shift + 1) << SUB_BITS) + <u32>(ns >> shift) - SUB_BUCKETS;
  return min<u32>(index, HISTOGRAM_BUCKETS - 1);
}

/** The middle of a bucket, ns. */
export function bucketMiddle(index: u32): f64 {
  if (index < SUB_BUCKETS) return <f64>index;
  const shift = (index >> SUB_BITS) - 1;
  const low = (<u64>((index & (SUB_BUCKETS - 1)) + SUB_BUCKETS)) << shift;
  return <f64>low + <f64>(((<u64>1) << shift) - 1) / 2;
}

export function recordRtt(series: u32, ns: u64): void {
  const address = HISTOGRAM + series * HISTOGRAM_BYTES + bucketOf(ns) * 4;
  store<u32>(address, load<u32>(address) + 1);
}

/** Reads what recordRtt would change (see ahead.ts). */
export function peekHistogram(series: u32, ns: u64): u32 {
  return load<u32>(HISTOGRAM + series * HISTOGRAM_BYTES + bucketOf(ns) * 4);
}

/** Records `count` f64 nanoseconds that stand in a row in memory. */
export function recordRtts(series: u32, address: u32, count: u32): void {
  const base = HISTOGRAM + series * HISTOGRAM_BYTES;
  for (let i: u32 = 0; i < count; i++) {
    // Of a double, exponent and first bits of the mantissa count buckets as we do, from 64 ns on.
    const bits = load<u64>(address + i * 8);
    let index = <u32>(bits >> (52 - SUB_BITS)) - DOUBLE_FIRST;
    if (index - SUB_BUCKETS >= HISTOGRAM_BUCKETS - SUB_BUCKETS) {
      index = bucketOf(<u64>load<f64>(address + i * 8));
    }
    const bucket = base + index * 4;
    store<u32>(bucket, load<u32>(bucket) + 1);
  }
}

/**
 * Reads `count` ascending ranks in [0, 1] from QUANTILES and puts the nearest-rank values (ns, the
 * middle of the bucket) in their place; −1 where nothing was recorded. Returns the sample count.
 */
export function histogramQuantiles(series: u32, count: u32): u32 {
  assert(count <= QUANTILES_MAX);
  const base = HISTOGRAM + series * HISTOGRAM_BYTES;
  let total: u32 = 0;
  for (let i: u32 = 0; i < HISTOGRAM_BUCKETS; i++) total += load<u32>(base + i * 4);
  let seen: u32 = 0;
  let bucket: u32 = 0;
  for (let q: u32 = 0; q < count; q++) {
    const place = QUANTILES + q * 8;
    if (total == 0) {
      store<f64>(place, -1);
      continue;
    }
    // 0.55 · 100 is a little more than 55 in binary, and still means the 55th.
    const rank = max<u32>(1, <u32>Math.ceil(load<f64>(place) * <f64>total * (1 - 1e-12)));
    while (bucket < HISTOGRAM_BUCKETS && seen + load<u32>(base + bucket * 4) < rank) {
      seen += load<u32>(base + bucket * 4);
      bucket++;
    }
    store<f64>(place, bucketMiddle(min<u32>(bucket, HISTOGRAM_BUCKETS - 1)));
  }
  return total;
}

export function clearHistogram(series: u32): void {
  memory.fill(HISTOGRAM + series * HISTOGRAM_BYTES, 0, HISTOGRAM_BYTES);
}
