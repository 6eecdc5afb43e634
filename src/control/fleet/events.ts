// Events of probes as pages and API show them: what the probes said, and what the control itself
// saw. Newest first.

import { type Selectable, sql } from 'kysely';
import * as v from 'valibot';
import { FLEET_EVENT } from '../../core/fleet-journal.ts';
import { SLUG } from '../../core/wire.ts';
import type { ControlContext } from '../request/context.ts';
import type { ProbeEventTable } from '../store/db-tables.ts';

export const EVENTS_PAGE = 100;
export const EVENTS_PAGE_MAX = 1000;

export const SHOWN_EVENT = v.object({ ...FLEET_EVENT.entries, probe: SLUG });

export type ShownEvent = v.InferOutput<typeof SHOWN_EVENT>;

export interface EventsQuery {
  /** Name of one probe. */
  probe?: string;
  kind?: string;
  /** Those that began in this span, ends included. */
  sinceMs?: number;
  untilMs?: number;
  limit: number;
}

export async function findEvents(
  { store }: ControlContext,
  { probe, kind, sinceMs, untilMs, limit }: EventsQuery,
): Promise<ShownEvent[]> {
  let query = store.db
    .selectFrom('probe_events')
    .innerJoin('probes', 'probes.id', 'probe_events.probeId')
    .selectAll('probe_events')
    .select('probes.name as probe')
    .orderBy('fromMs', 'desc')
    .orderBy('probeId')
    .orderBy('eventId')
    .limit(Math.min(limit, EVENTS_PAGE_MAX));
  if (probe !== undefined) query = query.where('probes.name', '=', probe);
  if (kind !== undefined) query = query.where('probe_events.kind', '=', kind);
  if (sinceMs !== undefined) query = query.where('fromMs', '>=', sinceMs);
  if (untilMs !== undefined) query = query.where('fromMs', '<=', untilMs);
  const rows = await query.execute();
  return rows.map(shown);
}

/** Of one probe, foreign keys included. */
export async function eventsOf(
  { store }: ControlContext,
  probeId: number,
  limit: number,
): Promise<ShownEvent[]> {
  const rows = await store.db
    .selectFrom('probe_events')
    .innerJoin('probes', 'probes.id', 'probe_events.probeId')
    .selectAll('probe_events')
    .select('probes.name as probe')
    .where('probeId', '=', probeId)
    .orderBy('fromMs', 'desc')
    .orderBy('eventId')
    .limit(Math.min(limit, EVENTS_PAGE_MAX))
    .execute();
  return rows.map(shown);
}

/** Of all probes; of one so many at most, so that one that floods hides nobody else. */
export async function recentEvents(
  { store }: ControlContext,
  { sinceMs, limit }: { sinceMs: number; limit: number },
): Promise<ShownEvent[]> {
  const ofOneMax = Math.max(OF_ONE_MAX, Math.ceil(limit / 5));
  const { rows } = await sql<EventRow>`
    select ranked.*, probes.name as probe from (
      select *, row_number() over (partition by probeId order by fromMs desc, eventId) as place
      from probe_events where fromMs >= ${sinceMs}) as ranked
    join probes on probes.id = ranked.probeId where place <= ${ofOneMax}
    order by fromMs desc, probeId, eventId limit ${Math.min(limit, EVENTS_PAGE_MAX)}
  `.execute(store.db);
  return rows.map(shown);
}

const OF_ONE_MAX = 10;

type EventRow = Selectable<ProbeEventTable> & { probe: string };

function shown(row: EventRow): ShownEvent {
  const { probe, eventId, kind, target, fromMs, untilMs, heardMs } = row;
  return {
    ...{ probe, id: eventId, kind, target, fromMs, untilMs, heardMs },
    family: row.family as ShownEvent['family'],
    scope: row.scope as ShownEvent['scope'],
    detail: JSON.parse(row.detail) as ShownEvent['detail'],
  };
}
