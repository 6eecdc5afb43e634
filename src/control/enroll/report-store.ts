// What a report changes in the database: rows of the probe that the key belongs to, and no other.
// Runs inside a transaction of the caller.

import { createHash } from 'node:crypto';
import { type Heard, NOTHING_HEARD } from '../../core/agent-trouble.ts';
import type { Report } from '../../core/report.ts';
import {
  changedEvents,
  EVENTS_KEEP_MS,
  EVENTS_KEPT_MAX,
  type EventChanges,
  type KnownEvent,
  type PlacedEvent,
} from '../../core/report-events.ts';
import type { ControlDb } from '../store/db.ts';
import type { ProbeStateTable } from '../store/db-tables.ts';

export type ReportRow = ProbeStateTable;

export interface ReportStore {
  /** Whether the key is still one of a probe that is not disabled. */
  isLive(keySha256: string, probeId: number): boolean;
  /** What was kept beside the report before this one. */
  heardOf(probeId: number): Heard;
  keepState(row: ReportRow): void;
  keepEvents(probeId: number, events: ProbeEvents, heardMs: number): void;
  /** What was kept last may not have reached the disk: the same events are looked at again. */
  forgetEvents(probeId: number): void;
}

type Raw = ControlDb['raw'];
type ProbeEvents = NonNullable<Report['probe']>['events'];

export function reportStore(raw: Raw): ReportStore {
  const live = raw.prepare(
    `select 1 from probe_keys join probes on probes.id = probe_keys.probeId
     where keySha256 = ? and probeId = ? and disabledMs is null`,
  );
  const keepState = raw.prepare(
    `insert into probe_states (probeId, seenMs, seenFrom, version, bootId, badness, report)
     values (@probeId, @seenMs, @seenFrom, @version, @bootId, @badness, @report)
     on conflict (probeId) do update set seenMs = excluded.seenMs, seenFrom = excluded.seenFrom,
       version = excluded.version, bootId = excluded.bootId, badness = excluded.badness,
       report = excluded.report`,
  );
  const heard = raw
    .prepare(`select json_extract(report, '$.heard') from probe_states where probeId = ?`)
    .pluck();
  return {
    heardOf: (probeId) => parseHeard(heard.get(probeId)),
    isLive: (keySha256, probeId) => live.get(keySha256, probeId) !== undefined,
    keepState: (row) => void keepState.run(row),
    ...eventKeeper(raw),
  };
}

function parseHeard(text: unknown): Heard {
  return typeof text === 'string' ? (JSON.parse(text) as Heard) : NOTHING_HEARD;
}

// Most reports bring the events of the one before: those are known by a digest.
const DIGESTS_MAX = 50_000;

function eventKeeper(raw: Raw): Pick<ReportStore, 'keepEvents' | 'forgetEvents'> {
  const known = raw.prepare('select eventId, untilMs, detail from probe_events where probeId = ?');
  const save = eventSaver(raw);
  const digests = new Map<number, string>();
  function keepEvents(probeId: number, events: ProbeEvents, heardMs: number): void {
    const digest = createHash('sha1').update(JSON.stringify(events)).digest('base64');
    if (digests.get(probeId) === digest) return;
    digests.delete(probeId);
    const rows = known.all(probeId) as (KnownEvent & { eventId: string })[];
    const byId = new Map(rows.map((row) => [row.eventId, row]));
    const changes = changedEvents(events, byId, heardMs);
    save(probeId, changes, heardMs);
    if (changes.leftOut === 0) remember(digests, probeId, digest);
  }
  return { keepEvents, forgetEvents: (probeId) => void digests.delete(probeId) };
}

function remember(digests: Map<number, string>, probeId: number, digest: string): void {
  digests.set(probeId, digest);
  if (digests.size <= DIGESTS_MAX) return;
  const oldest = digests.keys().next();
  if (oldest.done !== true) digests.delete(oldest.value);
}

function eventSaver(raw: Raw): (probeId: number, changes: EventChanges, heardMs: number) => void {
  // What the control saw itself is not for probes to rewrite.
  const save = raw.prepare(
    `insert into probe_events (probeId, eventId, kind, target, family, fromMs, untilMs, scope,
       detail, heardMs)
     values (@probeId, @id, @kind, @target, @family, @fromMs, @untilMs, @scope, @detail, @heardMs)
     on conflict (probeId, eventId) do update set untilMs = excluded.untilMs,
       fromMs = iif(@isMoved, fromMs, excluded.fromMs),
       detail = iif(@isMoved, probe_events.detail, excluded.detail)
     where probe_events.kind <> 'foreign-key'`,
  );
  const removeOld = raw.prepare(
    `delete from probe_events where probeId = ? and heardMs < ? and kind <> 'foreign-key'`,
  );
  const removeOldest = raw.prepare(
    `delete from probe_events where probeId = @probeId and eventId in (
       select eventId from probe_events where probeId = @probeId and kind <> 'foreign-key'
       order by heardMs desc, fromMs desc, eventId limit -1 offset ${EVENTS_KEPT_MAX})`,
  );
  function saveOne(probeId: number, { event, isMoved }: PlacedEvent, heardMs: number): void {
    const { id, kind, target, family, fromMs, untilMs, scope } = event;
    const detail = JSON.stringify(event.detail);
    const row = { probeId, id, kind, target, family, fromMs, untilMs, scope, detail, heardMs };
    save.run({ ...row, isMoved: isMoved ? 1 : 0 });
  }
  return (probeId, { added, changed }, heardMs) => {
    for (const placed of [...added, ...changed]) saveOne(probeId, placed, heardMs);
    if (added.length === 0) return;
    removeOld.run(probeId, heardMs - EVENTS_KEEP_MS);
    removeOldest.run({ probeId });
  };
}
