// How people come in: by name and password, or by a link that works once. A password costs us a
// slow hash, so tries are bounded by account and network together: who guesses from one network
// locks nobody out elsewhere, and a network that floods gets two turns at a time.
import { ProbeError } from '../../core/error.ts';
import type { Actor, ControlContext } from '../request/context.ts';
import { isCredential, makeCredential, sha256Of } from '../request/credential.ts';
import { keepOwnPace } from '../request/own-pace.ts';
import { throttled } from '../request/problem.ts';
import {
  type Buckets,
  createBuckets,
  loginThrottleOf,
  throttleOf,
  tooMany,
} from '../request/rate-limit.ts';
import { sourcePrefixOf } from '../request/source-prefix.ts';
import type { Db } from '../store/db.ts';
import type { OperatorTable, Role } from '../store/db-tables.ts';
import { recordAudit } from './audit.ts';
import { hashPassword, verifyPassword } from './passwords.ts';
import { openSession } from './sessions.ts';

export const LOGIN_LINK_MS = 15 * 60_000;

export interface LoggedIn {
  /** For setSessionCookie. */
  token: string;
  name: string;
  role: Role;
}

type Row = { [Key in keyof OperatorTable]: Key extends 'id' ? number : OperatorTable[Key] };

const TRIES = { burst: 10, refillMs: 30_000, entriesMax: 8_192 } as const;
const TURNS_OF_A_NETWORK = 2;
const LINKS_MAX = 5;
const NAME_LENGTH_MAX = 64;

/** Throws ERR_UNAUTHORIZED (one text for every reason) and ERR_THROTTLED. `from`: request.ip. */
export async function loginWithPassword(
  context: ControlContext,
  given: { name: string; password: string; from: string },
): Promise<LoggedIn> {
  const name = given.name.trim().toLowerCase().slice(0, NAME_LENGTH_MAX);
  const prefix = sourcePrefixOf(given.from);
  const gate = gateOf(context);
  const key = `${prefix} ${name}`;
  const waitMs = gate.tries.waitMs(key);
  if (waitMs > 0) throw tooMany(waitMs);
  loginThrottleOf(context).check(given.from);
  const row = await operatorOf(context, name);
  const leave = enter(gate, prefix);
  try {
    const { isRight, isWeak } = await verifyPassword(given.password, row?.password ?? null);
    if (row !== null && isRight && row.disabledMs === null) {
      const rehashed = isWeak ? await hashPassword(given.password) : null;
      return await begin(context, row, { rehashed, judged: row.password });
    }
  } finally {
    leave();
  }
  gate.tries.take(key);
  loginThrottleOf(context).failed(given.from);
  // Of strangers' names nothing is written down: some are passwords in the wrong field.
  context.log.warn('login refused', { name: row?.name ?? null, from: given.from });
  throw new ProbeError('ERR_UNAUTHORIZED', 'name or password is wrong');
}

/** A link for `/login/link/TOKEN`, by an administrator or from the command line. */
export async function makeLoginLink(
  context: ControlContext,
  actor: Actor,
  name: string,
): Promise<{ url: string; untilMs: number }> {
  const untilMs = context.nowMs() + LOGIN_LINK_MS;
  const { text, sha256 } = makeCredential('login');
  await context.store.write(async (db) => {
    const operator = await db
      .selectFrom('operators')
      .select(['id', 'disabledMs'])
      .where('name', '=', name)
      .executeTakeFirst();
    if (operator === undefined) throw new ProbeError('ERR_NOT_FOUND', `there is no user ${name}`);
    if (operator.disabledMs !== null) {
      throw new ProbeError('ERR_CONFLICT', `${name} is disabled: enable the account first`);
    }
    await makeRoom(db, operator.id, context.nowMs());
    const row = { tokenSha256: sha256, operatorId: operator.id, untilMs };
    await db.insertInto('login_links').values(row).execute();
    const entry = { actor, action: 'user.link', subject: name };
    await recordAudit(db, context.nowMs(), entry);
  });
  return { url: `${context.config.origin}/login/link/${text}`, untilMs };
}

/** Uses a link up. Throws ERR_UNAUTHORIZED and ERR_THROTTLED. */
export async function consumeLoginLink(
  context: ControlContext,
  given: { token: string; from: string },
): Promise<LoggedIn> {
  const row = isCredential('login', given.token)
    ? await takeLink(context, sha256Of(given.token))
    : null;
  if (row !== null) return await begin(context, row, { rehashed: null, judged: row.password });
  throttleOf(context).check(given.from);
  throttleOf(context).failed(given.from);
  context.log.warn('login link refused', { from: given.from });
  throw new ProbeError('ERR_UNAUTHORIZED', 'the link was used already, or is too old: ask for one');
}

async function begin(
  context: ControlContext,
  row: Row,
  { rehashed, judged }: { rehashed: string | null; judged: string | null },
): Promise<LoggedIn> {
  const { id, name, role } = row;
  keepOwnPace(context, id);
  const nowMs = context.nowMs();
  const actor: Actor = { kind: 'user', operatorId: id, name, role, text: `user:${name}` };
  const token = await context.store.write(async (db) => {
    // While the hash was made the account may have ended, or its password changed.
    const { numUpdatedRows } = await db
      .updateTable('operators')
      .set({ lastLoginMs: nowMs, ...(rehashed === null ? {} : { password: rehashed }) })
      .where('id', '=', id)
      .where('disabledMs', 'is', null)
      .where('password', 'is', judged)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return null;
    await recordAudit(db, nowMs, { actor, action: 'session.begin', subject: name });
    return await openSession(db, id, nowMs);
  });
  if (token === null) throw new ProbeError('ERR_UNAUTHORIZED', 'name or password is wrong');
  return { token, name, role };
}

async function takeLink(context: ControlContext, sha256: string): Promise<Row | null> {
  return await context.store.write(async (db) => {
    const link = await db
      .deleteFrom('login_links')
      .where('tokenSha256', '=', sha256)
      .returning(['operatorId', 'untilMs'])
      .executeTakeFirst();
    if (link === undefined || link.untilMs <= context.nowMs()) return null;
    const row = await db
      .selectFrom('operators')
      .selectAll()
      .where('id', '=', link.operatorId)
      .where('disabledMs', 'is', null)
      .executeTakeFirst();
    return row ?? null;
  });
}

async function operatorOf({ store }: ControlContext, name: string): Promise<Row | null> {
  const row = await store.db
    .selectFrom('operators')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst();
  return row ?? null;
}

async function makeRoom(db: Db, operatorId: number, nowMs: number): Promise<void> {
  await db.deleteFrom('login_links').where('untilMs', '<=', nowMs).execute();
  const open = await db
    .selectFrom('login_links')
    .select('tokenSha256')
    .where('operatorId', '=', operatorId)
    .orderBy('untilMs', 'desc')
    .execute();
  for (const { tokenSha256 } of open.slice(LINKS_MAX - 1)) {
    await db.deleteFrom('login_links').where('tokenSha256', '=', tokenSha256).execute();
  }
}

interface Gate {
  tries: Buckets;
  turns: Map<string, number>;
}

const gates = new WeakMap<ControlContext, Gate>();

function gateOf(context: ControlContext): Gate {
  const known = gates.get(context);
  if (known !== undefined) return known;
  const tries = createBuckets({ ...TRIES, nowMs: context.nowMs });
  const made: Gate = { tries, turns: new Map() };
  gates.set(context, made);
  return made;
}

function enter({ turns }: Gate, prefix: string): () => void {
  const taken = turns.get(prefix) ?? 0;
  if (taken >= TURNS_OF_A_NETWORK) {
    throw throttled('somebody of your network logs in just now; try again', 1);
  }
  turns.set(prefix, taken + 1);
  return () => {
    const left = (turns.get(prefix) ?? 1) - 1;
    if (left === 0) turns.delete(prefix);
    else turns.set(prefix, left);
  };
}
