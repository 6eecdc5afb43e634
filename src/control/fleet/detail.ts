// All about one probe.

import { ProbeError } from '../../core/error.ts';
import type { ProbeDetail } from '../../core/fleet.ts';
import type { FleetEvent } from '../../core/fleet-journal.ts';
import type { ControlContext } from '../request/context.ts';
import type { Db } from '../store/db.ts';
import { readAssigned, setsOf } from './assigned.ts';
import { documentOf } from './compose.ts';
import { probeByName } from './find.ts';
import { type ProbeFacts, readFacts, toRow } from './rows.ts';

const EVENTS_MAX = 200;

/** Throws ERR_NOT_FOUND. */
export async function showProbe(context: ControlContext, name: string): Promise<ProbeDetail> {
  const { db } = context.store;
  const nowMs = context.nowMs();
  const { id } = await probeByName(db, name);
  const wanted = await documentOf(context, id);
  const [facts] = await readFacts(db, [id], nowMs);
  if (facts === undefined) throw new ProbeError('ERR_NOT_FOUND', `${name} is gone`);
  const { probe, labels, report } = facts;
  const assigned = await readAssigned(db);
  return {
    ...toRow(facts, nowMs),
    fingerprint: probe.fingerprint,
    sshHostKey: probe.sshHostKey,
    candidates: await candidatesOf(db, id),
    sets: setsOf(assigned, id, labels.groups).map((set) => set.id),
    config: configOf(facts, wanted.etag),
    clock: report?.probe?.clock ?? null,
    board: report?.agent.board ?? null,
    agent: report?.heard?.trouble ?? null,
    measured: report?.probe?.series ?? [],
    paths: report?.probe?.paths ?? [],
    events: await eventsOf(db, id),
  };
}

function configOf({ report }: ProbeFacts, wantedEtag: string): ProbeDetail['config'] {
  const { etag = null, error = null, unsupported = [], capped = [] } = report?.probe?.config ?? {};
  return { wantedEtag, etag, error, unsupported, capped };
}

async function candidatesOf(db: Db, probeId: number): Promise<ProbeDetail['candidates']> {
  return await db
    .selectFrom('candidates')
    .select(['fingerprint', 'publicKey', 'model', 'hardware', 'version', 'seenFrom'])
    .select(['firstMs', 'lastMs', 'attempts'])
    .where('probeId', '=', probeId)
    .orderBy('lastMs', 'desc')
    .orderBy('id')
    .execute();
}

async function eventsOf(db: Db, probeId: number): Promise<FleetEvent[]> {
  const rows = await db
    .selectFrom('probe_events')
    .selectAll()
    .where('probeId', '=', probeId)
    .orderBy('fromMs', 'desc')
    .orderBy('eventId')
    .limit(EVENTS_MAX)
    .execute();
  return rows.map(({ eventId, kind, target, family, fromMs, untilMs, scope, detail, heardMs }) => ({
    ...{ id: eventId, kind, target, fromMs, untilMs, heardMs },
    family: family === 'v4' || family === 'v6' ? family : null,
    scope: scope === 'target' || scope === 'uplink' ? scope : null,
    detail: JSON.parse(detail) as FleetEvent['detail'],
  }));
}
