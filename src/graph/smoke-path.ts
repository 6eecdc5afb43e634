import type { Column, ColumnFigures, ColumnState } from './column.ts';

// Path data of a smoke graph. One unit to the right is one column, one unit down is 0.1 px, and the
// picture is stretched to its width by the browser: so the numbers are short whole ones, and text
// (which lives outside of the stretched part) keeps its size on a phone.

/** How much was lost, in the steps that colours know. */
export type LossClass = 'none' | 'few' | 'some' | 'many';

export const LOSS_CLASSES: readonly LossClass[] = ['none', 'few', 'some', 'many'];

/** Turns a round-trip time into units from the top. */
export type ToY = (rttNs: number) => number;

export interface Run {
  /** First column and the one after the last. */
  from: number;
  until: number;
}

/** None, below 5 %, below 20 %, more. Unknown loss counts as none: the gap says so. */
export function lossClass(percent: number | null): LossClass {
  if (percent === null || percent === 0) return 'none';
  if (percent < 5) return 'few';
  return percent < 20 ? 'some' : 'many';
}

/** Stretches of columns for which `holds` is true. */
export function runsOf(
  columns: readonly Column[],
  holds: (column: Column, index: number) => boolean,
): Run[] {
  const runs: Run[] = [];
  let from = -1;
  for (let index = 0; index <= columns.length; index++) {
    const column = columns[index];
    const inside = column !== undefined && holds(column, index);
    if (inside && from < 0) from = index;
    if (inside || from < 0) continue;
    runs.push({ from, until: index });
    from = -1;
  }
  return runs;
}

/** The stretches in one of the states. */
export function runsInState(columns: readonly Column[], ...states: ColumnState[]): Run[] {
  return runsOf(columns, (column) => states.includes(column.state));
}

/** The area between two figures, one closed outline for each stretch of answered columns. */
export function bandPath(
  columns: readonly Column[],
  toY: ToY,
  low: keyof ColumnFigures,
  high: keyof ColumnFigures,
): string {
  return runsInState(columns, 'answered')
    .map((run) => {
      const tops = levelsOf(columns, run, (rttNs) => toY(rttNs[high]));
      const floors = levelsOf(columns, run, (rttNs) => toY(rttNs[low])).reverse();
      return `M${run.from} ${tops[0]}${steps(tops, 1)}V${floors[0]}${steps(floors, -1)}z`;
    })
    .join('');
}

/** The median as a line of steps, of the columns in one loss class; it hangs on to its left. */
export function medianPath(columns: readonly Column[], toY: ToY, wanted: LossClass): string {
  const isWanted = (column: Column): boolean =>
    column.state === 'answered' && lossClass(column.lossPercent) === wanted;
  return runsOf(columns, isWanted)
    .map((run) => {
      const before = columns[run.from - 1]?.rttNs?.median;
      const line = levelsOf(columns, run, (rttNs) => toY(rttNs.median));
      const start = before === undefined ? (line[0] ?? 0) : toY(before);
      const join = (line[0] ?? 0) - start;
      return `M${run.from} ${start}${join === 0 ? '' : `v${join}`}${steps(line, 1)}`;
    })
    .join('');
}

/** Boxes under the axis, `baseY` down, whose height grows with the loss to `mostY`. */
export function lossPath(
  columns: readonly Column[],
  wanted: LossClass,
  box: { baseY: number; mostY: number },
): string {
  const heightOf = (column: Column): number =>
    Math.round(box.mostY * (0.15 + 0.85 * Math.sqrt((column.lossPercent ?? 0) / 100)));
  let path = '';
  for (const [index, column] of columns.entries()) {
    if (wanted === 'none' || lossClass(column.lossPercent) !== wanted) continue;
    path += `M${index} ${box.baseY}h1v${heightOf(column)}h-1z`;
  }
  return path;
}

/** Boxes over whole columns: `top` to `top + height` for each stretch. */
export function boxPath(runs: readonly Run[], top: number, height: number): string {
  return runs
    .map(({ from, until }) => `M${from} ${top}h${until - from}v${height}h${from - until}z`)
    .join('');
}

function levelsOf(columns: readonly Column[], run: Run, level: (rttNs: ColumnFigures) => number) {
  const levels: number[] = [];
  for (const { rttNs } of columns.slice(run.from, run.until)) {
    if (rttNs !== null) levels.push(level(rttNs));
  }
  return levels;
}

/** From level to level, one column each; equal neighbours become one longer step. */
function steps(levels: readonly number[], direction: 1 | -1): string {
  let path = '';
  let length = 0;
  for (const [index, level] of levels.entries()) {
    length += direction;
    const next = levels[index + 1];
    if (next === level) continue;
    path += next === undefined ? `h${length}` : `h${length}v${next - level}`;
    length = 0;
  }
  return path;
}
