// Measurement sets as the API shows them.
import { sql } from 'kysely';
import { ProbeError } from '../../core/error.ts';
import type { MeasurementSet } from '../../core/fleet-sets.ts';
import type { Db } from '../store/db.ts';
import type { AssignmentTable } from '../store/db-tables.ts';

type Scope = AssignmentTable['scope'];

/** Throws ERR_NOT_FOUND. */
export async function readSet(db: Db, id: string): Promise<MeasurementSet> {
  const [set] = await readSets(db, id);
  if (set !== undefined) return set;
  const text = `there is no measurement set ${JSON.stringify(id)}`;
  throw new ProbeError('ERR_NOT_FOUND', text);
}

/** All, or the one with this id. */
export async function readSets(db: Db, id?: string): Promise<MeasurementSet[]> {
  let query = db.selectFrom('sets').selectAll().orderBy('id');
  if (id !== undefined) query = query.where('id', '=', id);
  const sets = await query.execute();
  if (sets.length === 0) return [];
  const assignments = await readAssignments(db, id);
  const counts = await countRunners(db, id);
  return sets.map(({ measurements, ...set }) => ({
    ...set,
    measurements: JSON.parse(measurements) as MeasurementSet['measurements'],
    assignments: assignments.get(set.id) ?? [],
    probes: counts.get(set.id) ?? 0,
  }));
}

async function readAssignments(db: Db, id: string | undefined) {
  const { rows } = await sql<{ setId: string; scope: Scope; value: string }>`
    select a.setId, a.scope, coalesce(p.name, a.value) as value
    from assignments as a
    left join probes as p on a.scope = 'probe' and p.id = cast(a.value as integer)
    where ${isSet(id)} order by a.scope, 3`.execute(db);
  const bySet = new Map<string, MeasurementSet['assignments']>();
  for (const { setId, scope, value } of rows) {
    const list = bySet.get(setId) ?? [];
    bySet.set(setId, list);
    list.push({ scope, value });
  }
  return bySet;
}

// A probe that is in two of its groups runs it once; a disabled one does not.
async function countRunners(db: Db, id: string | undefined): Promise<Map<string, number>> {
  const { rows } = await sql<{ setId: string; probes: number }>`
    select r.setId, count(*) as probes from (
      select a.setId, p.id from assignments as a, probes as p
        where a.scope = 'all' and ${isSet(id)}
      union
      select a.setId, l.probeId from assignments as a
        join probe_labels as l on l.kind = 'group' and l.value = a.value
        where a.scope = 'group' and ${isSet(id)}
      union
      select a.setId, cast(a.value as integer) from assignments as a
        where a.scope = 'probe' and ${isSet(id)}
    ) as r join probes as p on p.id = r.id and p.disabledMs is null group by r.setId`.execute(db);
  return new Map(rows.map(({ setId, probes }) => [setId, probes]));
}

function isSet(id: string | undefined) {
  return id === undefined ? sql`true` : sql`a.setId = ${id}`;
}
