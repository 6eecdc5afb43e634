// The one table, as Markdown that also reads well in a terminal.
import type { Row } from './row.ts';

const HEAD = ['what', 'goal', 'flint', 'peers in the same run', 'verdict'];

export function formatTable(rows: readonly Row[]): string {
  const lines = rows.map(({ what, goal, flint, peers, verdict }) => [
    what,
    goal,
    flint,
    peers,
    verdict,
  ]);
  const widths = HEAD.map((head, column) =>
    Math.max(
      ...[[...head], ...lines.map((line) => [...(line[column] ?? '')])].map((c) => c.length),
    ),
  );
  const format = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => pad(cell, widths[column] ?? 0)).join(' | ')} |\n`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|\n`;
  return format(HEAD) + rule + lines.map(format).join('');
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(width - [...cell].length);
}

/** Three figures that matter, never an exponent: 0.123, 4.56, 78.9, 1 234. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100) return groups(Math.round(value));
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** 0.953 → 95 %. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(0)} %` : '–';
}

/** Digits in threes, apart from each other. */
function groups(whole: number): string {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, ' ');
}
