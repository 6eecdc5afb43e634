// The people who may use the control. At least one enabled administrator is left at all times:
// otherwise nobody could make another, but on the machine itself.
import { ProbeError } from '../../core/error.ts';
import type { Actor, ControlContext } from '../request/context.ts';
import { keepOwnPace } from '../request/own-pace.ts';
import { loginThrottleOf } from '../request/rate-limit.ts';
import type { Db } from '../store/db.ts';
import type { OperatorTable } from '../store/db-tables.ts';
import { recordAudit } from './audit.ts';
import type { Operator, OperatorChange, OperatorInput } from './operator-schemas.ts';
import { hashPassword, judgePassword, verifyPassword } from './passwords.ts';
import { endSessionById, endSessionsOf } from './sessions.ts';

type Row = { [Key in keyof OperatorTable]: Key extends 'id' ? number : OperatorTable[Key] };

const OPERATORS_MAX = 1_000;

export async function listOperators({ store }: ControlContext): Promise<Operator[]> {
  const rows = await store.db
    .selectFrom('operators')
    .selectAll()
    .orderBy('name')
    .limit(OPERATORS_MAX)
    .execute();
  return rows.map(shown);
}

/** Throws ERR_INPUT_INVALID for a bad password, ERR_CONFLICT for a name that is taken. */
export async function addOperator(
  context: ControlContext,
  actor: Actor,
  { name, role, password }: OperatorInput,
): Promise<Operator> {
  const hash = password === null ? null : await judgedHash(password, name);
  const nowMs = context.nowMs();
  return await context.store.write(async (db) => {
    await refuseTaken(db, name);
    const row = await db
      .insertInto('operators')
      .values({ name, role, password: hash, createdMs: nowMs })
      .returningAll()
      .executeTakeFirstOrThrow();
    const after = audited(row);
    await recordAudit(db, nowMs, { actor, action: 'user.add', subject: name, after });
    return shown(row);
  });
}

/** A new password and the end of an account end its sessions. */
export async function changeOperator(
  context: ControlContext,
  actor: Actor,
  name: string,
  change: OperatorChange,
): Promise<Operator> {
  const { password } = change;
  const hash = typeof password === 'string' ? await judgedHash(password, name) : password;
  const nowMs = context.nowMs();
  return await context.store.write(async (db) => {
    const row = await needOperator(db, name);
    const next = changed(row, change, hash, nowMs);
    if (next.role !== 'admin' || next.disabledMs !== null) await keepAdmin(db, row);
    const values = { role: next.role, password: next.password, disabledMs: next.disabledMs };
    await db.updateTable('operators').set(values).where('id', '=', row.id).execute();
    if (hash !== undefined || next.disabledMs !== null) await endAccess(db, row.id);
    const after = { ...audited(next), ...(hash === undefined ? {} : { newPassword: true }) };
    const entry = { actor, action: 'user.edit', subject: name, before: audited(row), after };
    await recordAudit(db, nowMs, entry);
    return shown(next);
  });
}

export async function removeOperator(
  context: ControlContext,
  actor: Actor,
  name: string,
): Promise<void> {
  await context.store.write(async (db) => {
    const row = await needOperator(db, name);
    await keepAdmin(db, row);
    await db.deleteFrom('operators').where('id', '=', row.id).execute();
    const entry = { actor, action: 'user.remove', subject: name, before: audited(row) };
    await recordAudit(db, context.nowMs(), entry);
  });
}

/**
 * One's own; all sessions but `keepSession` (a digest) end. Who came by a link and has no password
 * yet proves none. Throws ERR_FORBIDDEN, ERR_THROTTLED, ERR_INPUT_INVALID.
 */
export async function changeOwnPassword(
  context: ControlContext,
  actor: Actor,
  given: { current: string; password: string; keepSession: string | null; from: string },
): Promise<void> {
  if (actor.kind !== 'user') {
    throw new ProbeError('ERR_FORBIDDEN', 'a password is changed by who is logged in with it');
  }
  const row = await needOperator(context.store.db, actor.name);
  if (row.password !== null) await proveCurrent(context, row.password, given);
  keepOwnPace(context, row.id);
  const hash = await judgedHash(given.password, row.name);
  await context.store.write(async (db) => {
    // While the hash was made an administrator may have ended all this.
    const { numUpdatedRows } = await db
      .updateTable('operators')
      .set({ password: hash })
      .where('id', '=', row.id)
      .where('password', 'is', row.password)
      .where('disabledMs', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) {
      throw new ProbeError('ERR_CONFLICT', 'the account was changed meanwhile: log in again');
    }
    await endSessionsOf(db, row.id, given.keepSession ?? undefined);
    const entry = { actor, action: 'user.password', subject: row.name };
    await recordAudit(db, context.nowMs(), entry);
  });
}

/** One's own session, by the id that listSessions tells. Throws ERR_NOT_FOUND. */
export async function revokeSession(
  context: ControlContext,
  actor: Actor,
  id: string,
): Promise<void> {
  if (actor.kind === 'token' && actor.role !== 'admin') {
    throw new ProbeError('ERR_FORBIDDEN', 'a session is ended by who is logged in');
  }
  await context.store.write(async (db) => {
    const isThere = actor.operatorId !== null && (await endSessionById(db, actor.operatorId, id));
    if (!isThere) throw new ProbeError('ERR_NOT_FOUND', `there is no session ${id} of yours`);
    await recordAudit(db, context.nowMs(), { actor, action: 'session.end', subject: actor.name });
  });
}

function changed(
  row: Row,
  { role = row.role, disabled = row.disabledMs !== null }: OperatorChange,
  password: string | null | undefined,
  nowMs: number,
): Row {
  const disabledMs = disabled ? (row.disabledMs ?? nowMs) : null;
  return { ...row, role, disabledMs, password: password === undefined ? row.password : password };
}

async function judgedHash(password: string, name: string): Promise<string> {
  judgePassword(password, name);
  return await hashPassword(password);
}

/** Who found a browser open does not get to guess for ever. */
async function proveCurrent(
  context: ControlContext,
  stored: string,
  { current, from }: { current: string; from: string },
): Promise<void> {
  loginThrottleOf(context).check(from);
  const { isRight } = await verifyPassword(current, stored);
  if (isRight) return;
  loginThrottleOf(context).failed(from);
  throw new ProbeError('ERR_FORBIDDEN', 'the current password is wrong');
}

async function endAccess(db: Db, operatorId: number): Promise<void> {
  await endSessionsOf(db, operatorId);
  await db.deleteFrom('login_links').where('operatorId', '=', operatorId).execute();
}

async function needOperator(db: Db, name: string): Promise<Row> {
  const row = await db
    .selectFrom('operators')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst();
  if (row === undefined) throw new ProbeError('ERR_NOT_FOUND', `there is no user ${name}`);
  return row;
}

async function refuseTaken(db: Db, name: string): Promise<void> {
  const { count } = await db
    .selectFrom('operators')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  if (count >= OPERATORS_MAX) {
    throw new ProbeError('ERR_LIMIT_EXCEEDED', `there are ${count} users, and more are not taken`);
  }
  const taken = await db
    .selectFrom('operators')
    .select('id')
    .where('name', '=', name)
    .executeTakeFirst();
  if (taken !== undefined) throw new ProbeError('ERR_CONFLICT', `there is a user ${name} already`);
}

async function keepAdmin(db: Db, row: Row): Promise<void> {
  if (row.role !== 'admin' || row.disabledMs !== null) return;
  const other = await db
    .selectFrom('operators')
    .select('id')
    .where('role', '=', 'admin')
    .where('disabledMs', 'is', null)
    .where('id', '!=', row.id)
    .executeTakeFirst();
  if (other !== undefined) return;
  const text = `${row.name} is the last administrator: make another one first`;
  throw new ProbeError('ERR_CONFLICT', text);
}

function shown(row: Row): Operator {
  const { name, role, password, createdMs, disabledMs, lastLoginMs } = row;
  return { name, role, hasPassword: password !== null, createdMs, disabledMs, lastLoginMs };
}

function audited({ role, password, disabledMs }: Row) {
  return { role, hasPassword: password !== null, disabled: disabledMs !== null };
}
