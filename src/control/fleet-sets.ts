// Measurement sets: what is measured, and by whom. A set is saved only when every probe that runs it
// would accept what comes out of it together with its other sets.
import { ProbeError } from '../core/error.ts';
import type { MeasurementSet, SetInput, SetPreview } from '../core/fleet.ts';
import { recordAudit } from './audit.ts';
import type { Actor, ControlContext } from './context.ts';
import type { Db } from './db.ts';
import {
  type AssignmentRow,
  readAssigned,
  readRunners,
  type StoredSet,
  withSet,
} from './fleet-assigned.ts';
import { byComposition, checkMeasurements, composeFor } from './fleet-judge.ts';
import { previewOf } from './fleet-preview.ts';
import { valueOfScope } from './fleet-scope.ts';
import { readSet, readSets } from './fleet-set-rows.ts';

const SETS_MAX = 1000;

/** By id. */
export async function listSets(context: ControlContext): Promise<MeasurementSet[]> {
  return await readSets(context.store.db);
}

/** Throws ERR_NOT_FOUND. */
export async function showSet(context: ControlContext, id: string): Promise<MeasurementSet> {
  return await readSet(context.store.db, id);
}

/** Makes the set, or changes the one with this id. Throws ERR_INPUT_INVALID, ERR_NOT_FOUND. */
export async function saveSet(
  context: ControlContext,
  actor: Actor,
  input: SetInput,
): Promise<MeasurementSet> {
  checkMeasurements(input.measurements);
  const nowMs = context.nowMs();
  return await context.store.write(async (db) => {
    const before = await findSet(db, input.id);
    if (before === null) await refuseTooMany(db);
    await checkFleet(db, input, before?.createdMs ?? nowMs);
    await putSet(db, input, nowMs);
    const after = await readSet(db, input.id);
    if (isSame(before, after)) return after;
    const action = before === null ? 'set.add' : 'set.edit';
    const entry = { actor, action, subject: input.id, after: auditOf(after) };
    await recordAudit(db, nowMs, before === null ? entry : { ...entry, before: auditOf(before) });
    context.revision.value++;
    return after;
  });
}

/** Throws ERR_NOT_FOUND; ERR_INPUT_INVALID where what is left does not go together. */
export async function removeSet(context: ControlContext, actor: Actor, id: string): Promise<void> {
  await context.store.write(async (db) => {
    const set = await readSet(db, id);
    const runners = await readRunners(db);
    const concerned = byComposition(await readAssigned(db), runners, (sets) =>
      sets.some((one) => one.id === id),
    );
    for (const { sets, runners: same } of concerned.values()) {
      const left = sets.filter((one) => one.id !== id);
      composeFor(same[0]?.name ?? '', left);
    }
    await db.deleteFrom('sets').where('id', '=', id).execute();
    const entry = { actor, action: 'set.remove', subject: id, before: auditOf(set) };
    await recordAudit(db, context.nowMs(), entry);
    context.revision.value++;
  });
}

/** What saving would mean, without saving. Throws what saving would throw. */
export async function previewSet(context: ControlContext, input: SetInput): Promise<SetPreview> {
  checkMeasurements(input.measurements);
  const { db } = context.store;
  const known = await findSet(db, input.id);
  const before = await readAssigned(db);
  const set = toStored(input, known?.createdMs ?? context.nowMs());
  const after = withSet(before, set, await rowsOf(db, input));
  return await previewOf(db, { set, before, after, input });
}

// Every probe that runs the set, and every one that would no longer do so.
async function checkFleet(db: Db, input: SetInput, createdMs: number): Promise<void> {
  const before = await readAssigned(db);
  const after = withSet(before, toStored(input, createdMs), await rowsOf(db, input));
  const runners = await readRunners(db);
  const hasIt = (sets: readonly { id: string }[]) => sets.some(({ id }) => id === input.id);
  const lost = [...byComposition(before, runners, hasIt).values()].flatMap((one) => one.runners);
  const concerned = byComposition(after, runners, hasIt);
  for (const { sets, runners: same } of byComposition(after, lost, () => true).values()) {
    composeFor(same[0]?.name ?? '', sets);
  }
  for (const { sets, runners: same } of concerned.values()) composeFor(same[0]?.name ?? '', sets);
}

function toStored({ id, measurements }: SetInput, createdMs: number): StoredSet {
  return { id, createdMs, measurements };
}

async function rowsOf(db: Db, { assignments }: SetInput): Promise<AssignmentRow[]> {
  const rows = new Map<string, AssignmentRow>();
  for (const assignment of assignments) {
    const value = await valueOfScope(db, assignment);
    rows.set(`${assignment.scope} ${value}`, { scope: assignment.scope, value });
  }
  return [...rows.values()];
}

async function findSet(db: Db, id: string): Promise<MeasurementSet | null> {
  const [set] = await readSets(db, id);
  return set ?? null;
}

async function putSet(db: Db, input: SetInput, nowMs: number): Promise<void> {
  const { id, title, note } = input;
  const values = { title, note, measurements: JSON.stringify(input.measurements) };
  await db
    .insertInto('sets')
    .values({ id, ...values, createdMs: nowMs, changedMs: nowMs })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...values, changedMs: nowMs }))
    .execute();
  await db.deleteFrom('assignments').where('setId', '=', id).execute();
  const rows = (await rowsOf(db, input)).map((row) => ({ setId: id, ...row }));
  if (rows.length > 0) await db.insertInto('assignments').values(rows).execute();
}

async function refuseTooMany(db: Db): Promise<void> {
  const { count } = await db
    .selectFrom('sets')
    .select((fn) => fn.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  if (count < SETS_MAX) return;
  throw new ProbeError('ERR_CONFLICT', `there are ${count} measurement sets already: remove one`);
}

function auditOf({ title, note, measurements, assignments }: MeasurementSet) {
  return { title, note, measurements, assignments };
}

function isSame(before: MeasurementSet | null, after: MeasurementSet): boolean {
  return before !== null && JSON.stringify(auditOf(before)) === JSON.stringify(auditOf(after));
}
