// Probes as the API shows them: what is registered, what they said last, and how they are now.
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { KeptReport } from '../../core/agent-trouble.ts';
import type { ProbeRow, ProbeState } from '../../core/fleet.ts';
import { judge } from '../../core/fleet-health.ts';
import { judgeReport } from '../../core/report-judge.ts';
import type { Db } from '../store/db.ts';
import type { ProbeStateTable } from '../store/db-tables.ts';
import type { Labels, ProbeRecord } from './find.ts';
import { type ActiveWindow, activeWindows, windowOf } from './maintenance.ts';

export type StateRecord = Selectable<ProbeStateTable>;

/** One probe with all that its row is made of. */
export interface ProbeFacts {
  probe: ProbeRecord;
  labels: Labels;
  state: StateRecord | null;
  report: KeptReport | null;
  candidates: number;
  window: ActiveWindow | null;
}

/** Of these probes, in the order of the ids; ids that are gone meanwhile are left out. */
export async function readFacts(
  db: Db,
  ids: readonly number[],
  nowMs: number,
): Promise<ProbeFacts[]> {
  const among = sql<number>`(select value from json_each(${JSON.stringify(ids)}))`;
  const probes = await db.selectFrom('probes').selectAll().where('id', 'in', among).execute();
  const states = await db
    .selectFrom('probe_states')
    .selectAll()
    .where('probeId', 'in', among)
    .execute();
  const labels = await readLabels(db, among);
  const candidates = await countCandidates(db, among);
  const windows = await activeWindows(db, nowMs);
  const probeById = new Map(probes.map((probe) => [probe.id, probe]));
  const stateById = new Map(states.map((state) => [state.probeId, state]));
  return ids.flatMap((id) => {
    const probe = probeById.get(id);
    if (probe === undefined) return [];
    const own = labels.get(id) ?? { groups: [], tags: [] };
    const state = stateById.get(id) ?? null;
    const report = state === null ? null : parseReport(state.report);
    const window = windowOf(windows, id, own.groups);
    return [{ probe, labels: own, state, report, candidates: candidates.get(id) ?? 0, window }];
  });
}

export function toRow(facts: ProbeFacts, nowMs: number): ProbeRow {
  const { probe, labels, state, report, candidates, window } = facts;
  const { name, mac, hardware, address, location, contact, note, createdMs } = probe;
  const { boundMs, disabledMs, model } = probe;
  const said = state === null ? null : { ...state, report };
  const isBound = probe.publicKey !== null;
  const judgement = judge({ nowMs, disabledMs, candidates, isBound, state: said, window });
  return {
    ...{ name, mac, hardware, address, ...labels, location, contact, note },
    ...{ state: stateOf(probe, candidates), ...judgement, createdMs, boundMs, disabledMs, model },
    seenMs: state?.seenMs ?? null,
    seenFrom: state?.seenFrom ?? null,
    version: state?.version ?? null,
    series: report?.probe?.series.length ?? 0,
    ailing: report === null ? 0 : judgeReport(report).ailing,
  };
}

/** A kept report, which has no rounds; should it be damaged, the probe is shown without it. */
export function parseReport(text: string): KeptReport | null {
  try {
    const report = JSON.parse(text) as Partial<KeptReport> | null;
    if (typeof report !== 'object' || report?.agent === undefined) return null;
    const probe = report.probe ?? null;
    return { ...report, probe: probe === null ? null : { ...probe, rounds: [] } } as KeptReport;
  } catch {
    return null;
  }
}

function stateOf({ disabledMs, publicKey }: ProbeRecord, candidates: number): ProbeState {
  if (disabledMs !== null) return 'disabled';
  if (publicKey !== null) return 'bound';
  return candidates > 0 ? 'pending' : 'registered';
}

async function readLabels(db: Db, among: RawBuilder<number>): Promise<Map<number, Labels>> {
  const rows = await db
    .selectFrom('probe_labels')
    .selectAll()
    .where('probeId', 'in', among)
    .orderBy('value')
    .execute();
  const labels = new Map<number, Labels>();
  for (const { probeId, kind, value } of rows) {
    const own = labels.get(probeId) ?? { groups: [], tags: [] };
    labels.set(probeId, own);
    (kind === 'group' ? own.groups : own.tags).push(value);
  }
  return labels;
}

async function countCandidates(db: Db, among: RawBuilder<number>): Promise<Map<number, number>> {
  const rows = await db
    .selectFrom('candidates')
    .select(['probeId', (fn) => fn.fn.countAll<number>().as('count')])
    .where('probeId', 'in', among)
    .groupBy('probeId')
    .execute();
  return new Map(rows.map(({ probeId, count }) => [probeId, count]));
}
