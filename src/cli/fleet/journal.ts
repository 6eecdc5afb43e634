// What was done (audit) and what happened (events), newest first; and the kinds of boards.
import * as v from 'valibot';
import { AUDIT_ENTRY } from '../../core/fleet-journal.ts';
import { HARDWARE_PROFILE } from '../../core/hardware.ts';
import { REPORTED_EVENT } from '../../core/report.ts';
import { EXIT } from '../command.ts';
import { optionText } from './account.ts';
import { eventTable } from './event-table.ts';
import { type Fleet, type Options, openFleet, readList, slug } from './fleet.ts';
import { moment } from './text.ts';

type AuditEntry = v.InferOutput<typeof AUDIT_ENTRY>;

/** `flint fleet audit` */
export async function runAudit(_words: readonly string[], options: Options): Promise<number> {
  const fleet = openFleet(options);
  const call = {
    method: 'GET',
    path: '/audit',
    query: {
      subject: optionText(options, 'subject'),
      actor: optionText(options, 'actor'),
      limit: String(options['limit']),
    },
    what: 'read the audit log',
  } as const;
  const shape = { key: 'entries', schema: AUDIT_ENTRY };
  const { value, raw, nowMs } = await readList(fleet, call, shape);
  if (fleet.isJson) fleet.view.json(raw);
  else if (value.length === 0) fleet.view.line('nothing is recorded of that');
  else showAudit(fleet, value, nowMs);
  return EXIT.ok;
}

/** Of a newer control or probe more kinds may come. */
const EVENT = v.object({
  ...REPORTED_EVENT.entries,
  kind: v.string(),
  family: v.nullable(v.string()),
  scope: v.nullable(v.string()),
  probe: v.optional(v.string()),
});

/** `flint fleet events` */
export async function runEvents(_words: readonly string[], options: Options): Promise<number> {
  const probe = optionText(options, 'probe');
  const sinceMs = Math.max(0, Date.now() - (options['since'] as number));
  const fleet = openFleet(options);
  const call = {
    method: 'GET',
    path: '/events',
    query: {
      probe: probe === null ? null : slug(probe, 'option --probe: a name'),
      kind: optionText(options, 'kind'),
      since: String(sinceMs),
      limit: String(options['limit']),
    },
    what: 'read the events',
  } as const;
  const { value, raw, nowMs } = await readList(fleet, call, { key: 'events', schema: EVENT });
  if (fleet.isJson) fleet.view.json(raw);
  else if (value.length === 0) fleet.view.line('nothing happened since then');
  else eventTable(fleet, value, nowMs);
  return EXIT.ok;
}

/** A newer control may know more of a kind of board. */
const PROFILE = v.object({ ...HARDWARE_PROFILE.entries, schema: v.optional(v.number()) });

/** `flint fleet hardware` */
export async function runHardware(_words: readonly string[], options: Options): Promise<number> {
  const fleet = openFleet(options);
  const call = { method: 'GET', path: '/hardware', what: 'list the hardware' } as const;
  const { value, raw } = await readList(fleet, call, { key: 'hardware', schema: PROFILE });
  if (fleet.isJson) fleet.view.json(raw);
  else {
    fleet.view.table(
      [
        { head: 'SLUG' },
        { head: 'NAME', widthMin: 10 },
        { head: 'ARCHITECTURE', rank: 2 },
        { head: 'MAC OF', rank: 1 },
        { head: 'NOTE', widthMin: 16, rank: 3 },
      ],
      value.map((one) => [
        one.slug,
        one.name,
        one.architecture,
        one.interface ?? 'the first interface',
        one.note,
      ]),
    );
  }
  return EXIT.ok;
}

function showAudit({ view }: Fleet, entries: readonly AuditEntry[], nowMs: number): void {
  view.table(
    [
      { head: 'WHEN' },
      { head: 'WHO', widthMin: 10 },
      { head: 'DID' },
      { head: 'TO', widthMin: 10 },
      { head: 'CHANGE', widthMin: 16, rank: 1 },
    ],
    entries.map((one) => [
      moment(one.atMs, nowMs),
      one.actor,
      one.action,
      one.subject,
      changeText(one),
    ]),
  );
}

/** The keys that differ: `location: "Ulm" → "Bonn"`. */
export function changeText({ before, after }: Pick<AuditEntry, 'before' | 'after'>): string {
  const was = entriesOf(before);
  const is = entriesOf(after);
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((key) => was.get(key) !== is.get(key))
    .map((key) => {
      const name = key === '' ? '' : `${key}: `;
      const old = was.get(key);
      const now = is.get(key) ?? '—';
      return old === undefined ? `${name}${now}` : `${name}${old} → ${now}`;
    })
    .join(', ');
}

function entriesOf(value: unknown): Map<string, string> {
  if (value === null || value === undefined) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) return new Map([['', short(value)]]);
  return new Map(Object.entries(value).map(([key, one]) => [key, short(one)]));
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
