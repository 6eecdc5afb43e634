// Three ways to show traces: JSON lines for programs, a live table on a terminal, a plain table
// elsewhere.
import { printable } from '../../graph/terminal.ts';
import type { Output } from '../ping/view.ts';
import { hopLines, type NameOf, type PathExtras, pathLine } from './lines.ts';
import type { TracedPath } from './path.ts';
import { traceTable } from './table.ts';
import { diamondLines, lastWords } from './words.ts';

export interface TraceView {
  /** Called after every tick. */
  draw(paths: readonly TracedPath[]): void;
  error(host: string, reason: string): void;
  /** The last word on a path. */
  path(path: TracedPath, more: PathExtras): void;
  /** Leaves the terminal as it was; also after a failure. */
  end(): void;
}

export function openTraceJson(output: Output, nameOf: NameOf): TraceView {
  const print = (value: object): void => {
    output.write(`${JSON.stringify(value)}\n`);
  };
  return {
    draw: () => undefined,
    error: (host, reason) => print({ type: 'error', host, reason }),
    path(path, more) {
      const lines = hopLines(path, nameOf);
      lines.forEach(print);
      print(pathLine(path, lines, more));
    },
    end: () => undefined,
  };
}

export function openTraceText(output: Output, nameOf: NameOf): TraceView {
  return output.isTTY === true ? openLive(output, nameOf) : openPlain(output, nameOf);
}

function openPlain(output: Output, nameOf: NameOf): TraceView {
  return {
    draw: () => undefined,
    error: (host, reason) => {
      output.write(`${printable(host)}: ${printable(reason)}\n`);
    },
    path: (path, more) => {
      output.write(`${wholeText(path, more, { nameOf, width: PLAIN_WIDTH }).join('\n')}\n`);
    },
    end: () => undefined,
  };
}

const PLAIN_WIDTH = 100;

function wholeText(
  path: TracedPath,
  more: PathExtras,
  { nameOf, width }: { nameOf: NameOf; width: number },
): string[] {
  return [
    ...traceTable(path, { nameOf, width, hasSmoke: false }),
    ...diamondLines(path),
    ...lastWords(path, more),
  ];
}

const DRAW_MS = 100;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ERASE_DOWN = '\u001b[J';
const ERASE_LINE = '\u001b[K';

function openLive(output: Output, nameOf: NameOf): TraceView {
  let drawn: readonly string[] = [];
  let drawnAt = Number.NEGATIVE_INFINITY;
  let isHidden = false;
  const columns = (): number => output.columns ?? 80;
  // A terminal that became narrower has folded what was drawn before.
  const up = (): string => {
    const rows = drawn.reduce((sum, line) => sum + Math.ceil([...line].length / columns() || 1), 0);
    return rows === 0 ? '' : `\u001b[${rows}A\r`;
  };
  /** In place of the picture, and above the next. */
  const say = (lines: readonly string[]): void => {
    output.write(`${drawn.length === 0 ? '' : up() + ERASE_DOWN}${lines.join('\n')}\n`);
    drawn = [];
  };
  return {
    draw(paths) {
      if (performance.now() - drawnAt < DRAW_MS) return;
      drawnAt = performance.now();
      const width = columns() - 1;
      const tables = paths.map((path) => traceTable(path, { nameOf, width, hasSmoke: true }));
      const shown = fitted(tables, Math.max(1, (output.rows ?? 24) - 1));
      if (shown.join('\n') === drawn.join('\n')) return;
      // Lines are written over, not erased first: nothing flickers.
      const text = shown.map((line) => `${line}${ERASE_LINE}\n`).join('');
      output.write(`${isHidden ? '' : HIDE_CURSOR}${up()}${text}${ERASE_DOWN}`);
      isHidden = true;
      drawn = shown;
    },
    error: (host, reason) => say([`${printable(host)}: ${printable(reason)}`]),
    path: (path, more) => say(wholeText(path, more, { nameOf, width: columns() - 1 })),
    end() {
      if (isHidden) output.write(SHOW_CURSOR);
      isHidden = false;
    },
  };
}

/** Whole tables from the top, as many as there is room for, and how many there is not. */
function fitted(tables: readonly string[][], rows: number): string[] {
  const all = tables.flat();
  if (all.length <= rows) return all;
  const shown: string[] = [];
  let count = 0;
  for (const table of tables) {
    if (count > 0 && shown.length + table.length >= rows) break;
    shown.push(...table);
    count++;
  }
  const left = tables.length - count;
  if (left === 0) return shown.slice(0, rows);
  return [...shown.slice(0, rows - 1), `    and ${left} more: the terminal is too low`];
}
