import type { Column } from './column.ts';
import { valueTicks } from './ticks.ts';

// The vertical scale of a smoke graph. It starts at zero, so that heights compare between targets,
// and it ends where the ordinary replies end: a single slow one must not press a day flat. What
// lies above is clipped, marked at the top and named.

export interface Scale {
  topNs: number;
  ticksNs: number[];
  /** The tallest column above the top; null when all fits. */
  peak: { column: number; rttNs: number } | null;
}

/** A column may rise this many times above the ordinary 90th percentile before it is clipped. */
const RISE_LEAST = 2.5;
/** Unless a tenth of all columns does: then up to this many times. */
const RISE_MOST = 6;
const FALLBACK_NS = 1e6;

/** Columns under our own load are kept out, unless there are no others. */
export function scaleOf(columns: readonly Column[], tickCount: number): Scale {
  const answered = columns.filter((column) => column.rttNs !== null);
  const free = answered.filter((column) => !column.loaded);
  const wanted = extent(free.length > 0 ? free : answered);
  const ticksNs = valueTicks(wanted, tickCount);
  const topNs = ticksNs.at(-1) ?? wanted;
  return { topNs, ticksNs, peak: peakAbove(columns, topNs) };
}

function extent(columns: readonly Column[]): number {
  const maxima = sorted(columns.map((column) => column.rttNs?.max ?? 0));
  const ordinary = at(sorted(columns.map((column) => column.rttNs?.p90 ?? 0)), 0.95);
  const often = Math.min(at(maxima, 0.9), RISE_MOST * ordinary);
  const limit = Math.max(RISE_LEAST * ordinary, often);
  const tallest = maxima.findLast((max) => max <= limit) ?? 0;
  return Math.max(tallest, ordinary) || FALLBACK_NS;
}

/** Loaded columns may leave the picture without being named: the load is the explanation. */
function peakAbove(columns: readonly Column[], topNs: number): Scale['peak'] {
  let peak: Scale['peak'] = null;
  for (const [column, { rttNs, loaded }] of columns.entries()) {
    if (rttNs === null || loaded || rttNs.max <= (peak?.rttNs ?? topNs)) continue;
    peak = { column, rttNs: rttNs.max };
  }
  return peak;
}

function sorted(values: number[]): number[] {
  return values.sort((a, b) => a - b);
}

function at(values: readonly number[], share: number): number {
  return values[Math.ceil(share * values.length) - 1] ?? 0;
}
