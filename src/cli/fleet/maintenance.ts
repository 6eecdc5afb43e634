// Maintenance windows: while one lasts, its probes do not count as trouble.
import type * as v from 'valibot';
import { MAINTENANCE } from '../../core/fleet-maintenance.ts';
import { EXIT, UsageError } from '../command.ts';
import { optionText } from './account.ts';
import { scopeOf, scopeText } from './assign.ts';
import type { Cell } from './columns.ts';
import { change, type Fleet, type Options, openFleet, readList, rowId } from './fleet.ts';
import { moment, until } from './text.ts';

type Window = v.InferOutput<typeof MAINTENANCE>;

/** `flint fleet maintenance add` */
export async function runMaintenanceAdd(
  _words: readonly string[],
  options: Options,
): Promise<number> {
  const scope = scopeOf(options);
  const reason = optionText(options, 'reason');
  const from = optionText(options, 'from') ?? 'now';
  // Wrong use is told before anybody is asked.
  parseInstant(from, Date.now());
  const fleet = openFleet(options);
  // The clock of the control counts, not that of this machine.
  const clock = { method: 'GET', path: '/session', what: 'add a maintenance window' } as const;
  const { nowMs } = await fleet.client.call(clock);
  const fromMs = parseInstant(from, nowMs);
  const untilMs = fromMs + (options['for'] as number);
  const call = {
    method: 'POST',
    path: '/maintenance',
    body: { ...scope, fromMs, untilMs, ...(reason === null ? {} : { reason }) },
    what: 'add a maintenance window',
  } as const;
  await change(fleet, call, () => {
    const span = `from ${moment(fromMs, nowMs)} until ${moment(untilMs, nowMs)}`;
    return `maintenance of ${scopeText(scope)} ${span}`;
  });
  return EXIT.ok;
}

/** `flint fleet maintenance list` */
export async function runMaintenanceList(
  _words: readonly string[],
  options: Options,
): Promise<number> {
  const fleet = openFleet(options);
  const call = { method: 'GET', path: '/maintenance', what: 'list the maintenance' } as const;
  const shape = { key: 'maintenance', schema: MAINTENANCE };
  const { value, raw, nowMs } = await readList(fleet, call, shape);
  if (fleet.isJson) fleet.view.json(raw);
  else if (value.length === 0) fleet.view.line('no maintenance is planned');
  else showWindows(fleet, value, nowMs);
  return EXIT.ok;
}

/** `flint fleet maintenance end ID` */
export async function runMaintenanceEnd(
  words: readonly string[],
  options: Options,
): Promise<number> {
  const id = rowId(words[0], 'the id of a maintenance window');
  const path = `/maintenance/${id}`;
  const call = { method: 'DELETE', path, what: `end maintenance ${id}` } as const;
  await change(openFleet(options), call, () => `maintenance ${id} has ended`);
  return EXIT.ok;
}

const DAY_MS = 86_400_000;
const TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?$/;
const CLOCK = /^([01]\d|2[0-3]):([0-5]\d)$/;

/**
 * `now`, `2026-11-22T14:00Z`, `2026-11-22 14:00` or `14:00` (the next one), UTC unless it says
 * otherwise, as Unix milliseconds.
 */
export function parseInstant(text: string, nowMs: number): number {
  if (text === 'now') return nowMs;
  const clock = CLOCK.exec(text);
  if (clock !== null) {
    const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
    const timeMs = today + (Number(clock[1]) * 60 + Number(clock[2])) * 60_000;
    return timeMs >= nowMs ? timeMs : timeMs + DAY_MS;
  }
  const hasZone = /(Z|[+-]\d{2}:\d{2})$/.test(text.slice(10));
  const whole = text.length === 10 ? `${text}T00:00Z` : hasZone ? text : `${text}Z`;
  const timeMs = TIME.test(text) ? Date.parse(whole.replace(' ', 'T')) : Number.NaN;
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new UsageError(
    `option --from <time>: expected now, 14:00 or 2026-11-22T14:00 (UTC), got "${text}"`,
  );
}

function showWindows({ view }: Fleet, windows: readonly Window[], nowMs: number): void {
  view.table(
    [
      { head: 'ID', isRight: true },
      { head: 'OF', widthMin: 10 },
      { head: 'FROM' },
      { head: 'ENDS' },
      { head: 'REASON', widthMin: 10, rank: 1 },
      { head: 'BY', widthMin: 8, rank: 2 },
    ],
    windows.map((one) => [
      String(one.id),
      scopeText(one),
      moment(one.fromMs, nowMs),
      endCell(one, nowMs),
      one.reason,
      one.createdBy,
    ]),
  );
}

function endCell({ fromMs, untilMs }: Window, nowMs: number): Cell {
  const text = until(untilMs, nowMs);
  if (untilMs <= nowMs) return { text, colour: 'grey' };
  return fromMs <= nowMs ? { text, colour: 'yellow' } : { text };
}
