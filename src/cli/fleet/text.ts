// What the client shows: tables and lines for people, JSON for programs. All text of the control
// and of probes is cleaned here, once, before it reaches a terminal.
import type { ProbeHealth } from '../../core/fleet.ts';
import { formatCount, formatDuration, formatInstant, NARROW_SPACE } from '../../graph/format.ts';
import { printable } from '../../graph/terminal.ts';
import type { Output } from '../ping/view.ts';
import { type Cell, type Colour, type Column, cut, paint, tableLines } from './columns.ts';

export interface View {
  /** For programs: what the control said, in one line. */
  json(value: unknown): void;
  line(text: string | Cell): void;
  table(columns: readonly Column[], rows: readonly (readonly (string | Cell)[])[]): void;
  /** Names before values; what is null is left out. */
  facts(facts: readonly (readonly [string, string | Cell | null])[]): void;
}

export function openView(output: Output, env: NodeJS.ProcessEnv = process.env): View {
  const isTerminal = output.isTTY === true;
  // https://no-color.org: any value but an empty one.
  const hasColour = isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  const width = isTerminal ? Math.max(20, output.columns ?? 80) : null;
  const print = (line: string): void => {
    output.write(`${line}\n`);
  };
  const line = (given: string | Cell): void => {
    const cell = typeof given === 'string' ? { text: given } : given;
    print(paint({ ...cell, text: printable(cell.text) }, hasColour));
  };
  return {
    json: (value) => print(jsonText(value)),
    line,
    table: (columns, rows) => {
      for (const one of tableLines(columns, rows, { width, hasColour })) print(one);
    },
    facts: (facts) => {
      const shown = facts.filter((fact) => fact[1] !== null);
      const nameWidth = shown.reduce((most, [name]) => Math.max(most, name.length), 0);
      for (const [name, value] of shown) {
        const cell = typeof value === 'string' ? { text: value } : (value ?? { text: '' });
        const text = printable(cell.text);
        const fitted = width === null ? text : cut(text, Math.max(8, width - nameWidth - 2));
        print(`${name.padEnd(nameWidth)}  ${paint({ ...cell, text: fitted }, hasColour)}`);
      }
    },
  };
}

/** JSON that a terminal survives: what steers one is written as an escape. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value ?? {}).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}

/** `3 min ago`; a time to come, as of a clock that is ahead, is `now`. */
export function ago(timeMs: number | null, nowMs: number): string {
  if (timeMs === null) return 'never';
  const age = nowMs - timeMs;
  if (age < 5000) return 'now';
  return `${coarse(age)} ago`;
}

/** `in 3 h`, or `ended 3 h ago`. */
export function until(timeMs: number, nowMs: number): string {
  const rest = timeMs - nowMs;
  // The date of an answer has whole seconds.
  if (Math.abs(rest) < 1000) return 'ended now';
  return rest > 0 ? `in ${coarse(rest)}` : `ended ${coarse(-rest)} ago`;
}

/** `14:02:30 UTC`, with the date before it unless it is today. */
export function moment(timeMs: number, nowMs: number): string {
  return `${formatInstant(timeMs, nowMs)} UTC`;
}

/** `1 probe`, `2 345 probes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

export function healthCell(health: ProbeHealth): Cell {
  return { text: health, colour: HEALTH_COLOURS[health] };
}

const HEALTH_COLOURS: Readonly<Record<ProbeHealth, Colour>> = {
  well: 'green',
  trouble: 'red',
  silent: 'red',
  waiting: 'yellow',
  disabled: 'grey',
  maintenance: 'grey',
};

/** One unit: seconds of an hour ago tell nobody anything. */
function coarse(ms: number): string {
  return formatDuration(ms).split(' ')[0]?.replaceAll(NARROW_SPACE, ' ') ?? '';
}
