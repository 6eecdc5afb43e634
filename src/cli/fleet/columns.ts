// Tables for people: columns in line, and on a terminal no line wider than it. What does not fit is
// left out by rank, then cut. Elsewhere nothing is cut, so that the next program has all of it.
import { printable } from '../../graph/terminal.ts';

export type Colour = 'red' | 'yellow' | 'green' | 'grey' | 'bold';

export interface Cell {
  text: string;
  colour?: Colour;
}

export interface Column {
  head: string;
  isRight?: boolean;
  /** May be cut down to so many columns; never below its text otherwise. */
  widthMin?: number;
  /** Left out where room is short, the highest first; always shown without. */
  rank?: number;
}

export interface TableStyle {
  /** Columns of the terminal; null: as wide as it must be. */
  width: number | null;
  hasColour: boolean;
}

type Row = readonly (string | Cell)[];

const GAP = 2;
const WIDTH_LEAST = 4;
const ELLIPSIS = '…';
const CODES: Readonly<Record<Colour, number>> = {
  red: 31,
  yellow: 33,
  green: 32,
  grey: 90,
  bold: 1,
};

/** The lines of a table: a head and one for each row. Columns without any text are left out. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly Row[],
  style: TableStyle,
): string[] {
  const cells = rows.map((row) => row.map(cleanCell));
  const wanted = columns.map((column, i) => {
    const most = cells.reduce((width, row) => Math.max(width, widthOf(row[i]?.text ?? '')), 0);
    return most === 0 ? 0 : Math.max(most, widthOf(column.head));
  });
  const widths = style.width === null ? wanted : narrow(columns, wanted, style.width);
  const heads = columns.map(({ head }): Cell => ({ text: head, colour: 'bold' }));
  return [heads, ...cells].map((row) => lineOf(row, columns, widths, style));
}

/** Text in a colour, where there are colours. */
export function paint({ text, colour }: Cell, hasColour: boolean): string {
  return hasColour && colour !== undefined ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
}

/** Columns that a text takes on a terminal (Unicode Annex 11, as near as a table needs). */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** At most so wide, with an ellipsis where something was cut. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width - 1) break;
    kept += character;
  }
  return width < 1 ? '' : `${kept.trimEnd()}${ELLIPSIS}`;
}

const WIDE = new RegExp(
  String.raw`[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f` +
    String.raw`\uff00-\uff60\uffe0-\uffe6\p{Emoji_Presentation}\u{20000}-\u{3fffd}]`,
  'u',
);
const NARROW = /^[ -~]$/;

function characterWidth(character: string): number {
  if (NARROW.test(character)) return 1;
  if (/\p{M}/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

function cleanCell(cell: string | Cell): Cell {
  const { text, ...rest } = typeof cell === 'string' ? { text: cell } : cell;
  return { text: printable(text), ...rest };
}

/** A width of 0 leaves the column out. */
function narrow(columns: readonly Column[], wanted: readonly number[], room: number): number[] {
  const widths = [...wanted];
  while (totalOf(leastOf(columns, widths)) > room) {
    const last = columns.reduce((most, { rank = -1 }, i) => {
      return (widths[i] ?? 0) > 0 && rank > (columns[most]?.rank ?? -1) ? i : most;
    }, -1);
    if (last < 0) break;
    widths[last] = 0;
  }
  const fitted = shrink(widths, leastOf(columns, widths), room);
  // Narrower than any table should be: then everything is cut.
  return shrink(
    fitted,
    widths.map((width) => Math.min(width, WIDTH_LEAST)),
    room,
  );
}

function leastOf(columns: readonly Column[], widths: readonly number[]): number[] {
  return widths.map((width, i) => Math.min(width, columns[i]?.widthMin ?? width));
}

function totalOf(widths: readonly number[]): number {
  const shown = widths.filter((width) => width > 0);
  return shown.reduce((sum, width) => sum + width + GAP, -GAP);
}

/** Takes from those that may be cut, from the one first that has most to spare. */
function shrink(widths: readonly number[], least: readonly number[], room: number): number[] {
  const left = [...widths];
  for (let excess = totalOf(widths) - room; excess > 0; excess--) {
    const spare = left.map((width, i) => width - (least[i] ?? 0));
    const most = spare.indexOf(Math.max(...spare));
    if ((spare[most] ?? 0) <= 0) break;
    left[most] = (left[most] ?? 0) - 1;
  }
  return left;
}

function lineOf(
  row: readonly Cell[],
  columns: readonly Column[],
  widths: readonly number[],
  { width, hasColour }: TableStyle,
): string {
  const shown = columns.flatMap((column, i) => {
    const room = widths[i] ?? 0;
    if (room === 0) return [];
    const { text, colour } = row[i] ?? { text: '' };
    const fitted = cut(text, room);
    const padding = ' '.repeat(room - widthOf(fitted));
    const painted = paint({ text: fitted, ...(colour === undefined ? {} : { colour }) }, hasColour);
    return [column.isRight === true ? `${padding}${painted}` : `${painted}${padding}`];
  });
  const line = shown.join(' '.repeat(GAP)).trimEnd();
  // Colours cannot be counted, but with them each cell was fitted already.
  return width === null || hasColour ? line : cut(line, width);
}
