// Figures of a sample. Quantiles are nearest rank, as those of the product. NaN is what was not
// measured, and counts for nothing.

export interface Spread {
  count: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** The value at rank ⌈share · n⌉; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  return atRank(sorted(values), share);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function spread(values: readonly number[]): Spread {
  const inOrder = sorted(values);
  return {
    count: inOrder.length,
    p50: atRank(inOrder, 0.5),
    p99: atRank(inOrder, 0.99),
    p999: atRank(inOrder, 0.999),
    max: atRank(inOrder, 1),
  };
}

/**
 * The median of the ratios of values that were measured one after the other: what slows both, the
 * neighbours of a virtual machine above all, does not enter it. A pair of which one is NaN or
 * missing is left out.
 */
export function pairedRatio(above: readonly number[], below: readonly number[]): number {
  return median(above.map((value, i) => value / (below[i] ?? Number.NaN)));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sorted(values: readonly number[]): number[] {
  return values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
}

function atRank(inOrder: readonly number[], share: number): number {
  // 0.07 · 100 is a little more than 7.
  const rank = Math.max(1, Math.ceil(share * inOrder.length - 1e-9));
  return inOrder[rank - 1] ?? Number.NaN;
}
