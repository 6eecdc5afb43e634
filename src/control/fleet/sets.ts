// Measurement sets: what is measured, and by whom. A set is saved only when every probe that runs
// it would accept what comes out of it together with its other sets.
import { sql } from 'kysely';
import { ProbeError } from '../../core/error.ts';
import type { MeasurementSet, SetInput, SetPreview } from '../../core/fleet-sets.ts';
import { recordAudit } from '../accounts/audit.ts';
import type { Actor, ControlContext } from '../request/context.ts';
import type { Db } from '../store/db.ts';
import {
  type AssignmentRow,
  readAssigned,
  readRunners,
  type StoredSet,
  withSet,
} from './assigned.ts';
import { byComposition, checkMeasurements, composeAll } from './judge.ts';
import { previewOf } from './preview.ts';
import { valueOfScope } from './scope.ts';
import { readSet, readSets } from './set-rows.ts';

const SETS_MAX = 1000;

/** By id. */
export async function listSets(context: ControlContext): Promise<MeasurementSet[]> {
  return await readSets(context.store.db);
}

/** Throws ERR_NOT_FOUND. */
export async function showSet(context: ControlContext, id: string): Promise<MeasurementSet> {
  return await readSet(context.store.db, id);
}

/**
 * Makes the set, or changes the one with this id. Throws ERR_INPUT_INVALID, ERR_NOT_FOUND, and
 * ERR_CONFLICT where the input names a state of the set that is no more.
 */
export async function saveSet(
  context: ControlContext,
  actor: Actor,
  input: SetInput,
): Promise<MeasurementSet> {
  checkMeasurements(input.measurements);
  const nowMs = context.nowMs();
  const checkAgain = await checkedBefore(context, (db) => checkSaved(db, input, nowMs));
  return await context.store.write(async (db) => {
    const before = await findSet(db, input.id);
    refuseStale(before, input);
    if (before === null) await refuseTooMany(db);
    await checkAgain(db);
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
  await readSet(context.store.db, id);
  const checkAgain = await checkedBefore(context, (db) => checkRemoved(db, id));
  await context.store.write(async (db) => {
    const set = await readSet(db, id);
    await checkAgain(db);
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

function refuseStale(before: MeasurementSet | null, { id, changedMs }: SetInput): void {
  if (changedMs === undefined || changedMs === before?.changedMs) return;
  const what = before === null ? 'removed' : 'changed';
  throw new ProbeError(
    'ERR_CONFLICT',
    `somebody else has ${what} the set ${id} meanwhile: read it again, then change it`,
  );
}

// A large fleet takes seconds to judge, in which nobody else could write: so it is judged before,
// and within the write only when something changed meanwhile.
async function checkedBefore(
  context: ControlContext,
  check: (db: Db) => Promise<void>,
): Promise<(db: Db) => Promise<void>> {
  const revision = context.revision.value;
  await check(context.store.db);
  return async (db) => {
    if (context.revision.value !== revision) await check(db);
  };
}

// Every probe that would run the set, and every one that would no longer do so.
async function checkSaved(db: Db, input: SetInput, nowMs: number): Promise<void> {
  const before = await readAssigned(db);
  const createdMs = before.sets.get(input.id)?.createdMs ?? nowMs;
  const after = withSet(before, toStored(input, createdMs), await rowsOf(db, input));
  const runners = await readRunners(db);
  const hasIt = (sets: readonly { id: string }[]) => sets.some(({ id }) => id === input.id);
  const lost = byComposition(before, runners, hasIt).flatMap((one) => one.runners);
  const others = byComposition(after, lost, (sets) => !hasIt(sets));
  await composeAll([...byComposition(after, runners, hasIt), ...others]);
}

async function checkRemoved(db: Db, id: string): Promise<void> {
  const runners = await readRunners(db);
  const hasIt = (sets: readonly { id: string }[]) => sets.some((one) => one.id === id);
  const concerned = byComposition(await readAssigned(db), runners, hasIt);
  const left = concerned.map(({ sets, ...rest }) => {
    return { ...rest, sets: sets.filter((one) => one.id !== id) };
  });
  await composeAll(left);
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
  // Two changes never bear the same time, whatever the clock does.
  const changedMs = sql<number>`max(${nowMs}, sets.changedMs + 1)`;
  await db
    .insertInto('sets')
    .values({ id, ...values, createdMs: nowMs, changedMs: nowMs })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...values, changedMs }))
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
