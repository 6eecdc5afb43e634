// Which sets a probe runs, for one probe and for all of them.
import { inOrder } from '../../core/compose.ts';
import type { AssignedSet } from '../../core/compose-targets.ts';
import type { Db } from '../store/db.ts';

/** A set as it is kept, and as one that is looked at before it is saved. */
export interface StoredSet {
  id: string;
  createdMs: number;
  measurements: Readonly<Record<string, unknown>>;
}

/** Ids of sets, by whom they are assigned to. */
export interface Assigned {
  sets: Map<string, StoredSet>;
  all: Set<string>;
  byGroup: Map<string, Set<string>>;
  byProbe: Map<number, Set<string>>;
}

export interface AssignmentRow {
  scope: AssignedSet['scope'];
  /** As stored: the id of a probe, the name of a group. */
  value: string;
}

/** A probe, as far as it matters to what it runs. */
export interface Runner {
  id: number;
  name: string;
  groups: string[];
  isDisabled: boolean;
}

export async function readAssigned(db: Db): Promise<Assigned> {
  const sets = await db.selectFrom('sets').select(['id', 'createdMs', 'measurements']).execute();
  const rows = await db.selectFrom('assignments').selectAll().execute();
  const assigned: Assigned = {
    sets: new Map(),
    all: new Set(),
    byGroup: new Map(),
    byProbe: new Map(),
  };
  for (const { id, createdMs, measurements } of sets) {
    const parsed = JSON.parse(measurements) as StoredSet['measurements'];
    assigned.sets.set(id, { id, createdMs, measurements: parsed });
  }
  for (const { setId, ...row } of rows) addAssignment(assigned, setId, row);
  return assigned;
}

/** The same fleet with this set in it as it would be saved. */
export function withSet(
  assigned: Assigned,
  set: StoredSet,
  rows: readonly AssignmentRow[],
): Assigned {
  const others = (ids: ReadonlySet<string>) => new Set([...ids].filter((id) => id !== set.id));
  const copy: Assigned = {
    sets: new Map(assigned.sets).set(set.id, set),
    all: others(assigned.all),
    byGroup: new Map([...assigned.byGroup].map(([group, ids]) => [group, others(ids)])),
    byProbe: new Map([...assigned.byProbe].map(([probe, ids]) => [probe, others(ids)])),
  };
  for (const row of rows) addAssignment(copy, set.id, row);
  return copy;
}

/** Most general first; each in the most specific way in which the probe got it. */
export function setsOf(
  { sets, all, byGroup, byProbe }: Assigned,
  probeId: number,
  groups: readonly string[],
): AssignedSet[] {
  const scopes = new Map<string, AssignedSet['scope']>();
  for (const id of all) scopes.set(id, 'all');
  for (const group of groups) {
    for (const id of byGroup.get(group) ?? []) scopes.set(id, 'group');
  }
  for (const id of byProbe.get(probeId) ?? []) scopes.set(id, 'probe');
  const found = [...scopes].flatMap(([id, scope]) => {
    const set = sets.get(id);
    return set === undefined ? [] : [{ ...set, scope }];
  });
  return inOrder(found);
}

/** Probes with the same key run the same measurements. */
export function compositionKey(sets: readonly AssignedSet[]): string {
  return sets.map(({ id, scope }) => `${scope}:${id}`).join(' ');
}

export async function readRunners(db: Db): Promise<Runner[]> {
  const probes = await db.selectFrom('probes').select(['id', 'name', 'disabledMs']).execute();
  const labels = await db
    .selectFrom('probe_labels')
    .select(['probeId', 'value'])
    .where('kind', '=', 'group')
    .execute();
  const byId = new Map<number, Runner>();
  for (const { id, name, disabledMs } of probes) {
    byId.set(id, { id, name, groups: [], isDisabled: disabledMs !== null });
  }
  for (const { probeId, value } of labels) byId.get(probeId)?.groups.push(value);
  return [...byId.values()];
}

function addAssignment(assigned: Assigned, setId: string, { scope, value }: AssignmentRow): void {
  if (scope === 'all') assigned.all.add(setId);
  else if (scope === 'group') listIn(assigned.byGroup, value).add(setId);
  else listIn(assigned.byProbe, Number(value)).add(setId);
}

function listIn<Key>(lists: Map<Key, Set<string>>, key: Key): Set<string> {
  const list = lists.get(key) ?? new Set();
  lists.set(key, list);
  return list;
}
