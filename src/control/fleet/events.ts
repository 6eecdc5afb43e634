// Events of probes as pages and API show them: what the probes said, and what the control itself
// saw. Newest first.

import type { Selectable } from 'kysely';
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
