// API tokens: what programs of people use. Each belongs to an operator, may do no more than he, and
// ends with him.
import { ProbeError } from '../../core/error.ts';
import type { Actor, ControlContext } from '../request/context.ts';
import { makeCredential } from '../request/credential.ts';
import { keepOwnPace } from '../request/own-pace.ts';
import { inputInvalid } from '../request/problem.ts';
import type { Db } from '../store/db.ts';
import type { Role } from '../store/db-tables.ts';
import { recordAudit } from './audit.ts';
import type { Token, TokenInput } from './operator-schemas.ts';

const ROLES: readonly Role[] = ['viewer', 'operator', 'admin'];

/** Whether `role` may do what `needed` may. */
export function mayAs(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

const TOKENS_OF_ONE_MAX = 100;

/**
 * A token of `owner`, made by himself or on the machine; the secret is told this once. A token
 * makes no tokens: what leaked must not outlive its end. Throws ERR_FORBIDDEN, ERR_NOT_FOUND.
 */
export async function makeToken(
  context: ControlContext,
  actor: Actor,
  owner: string,
  { label, role, lifetimeMs }: TokenInput,
): Promise<Token & { token: string }> {
  if (actor.kind === 'token') {
    throw new ProbeError('ERR_FORBIDDEN', 'an API token is made by a person who is logged in');
  }
  if (actor.operatorId !== null) keepOwnPace(context, actor.operatorId);
  const nowMs = context.nowMs();
  const { text, sha256 } = makeCredential('pat');
  const made = await context.store.write(async (db) => {
    const operator = await needOwner(db, owner);
    const given = role ?? operator.role;
    if (!mayAs(operator.role, given)) {
      throw inputInvalid(`role: ${owner} is a ${operator.role}, a token may be no more`);
    }
    await refuseTooMany(db, operator.id, nowMs);
    const untilMs = lifetimeMs === null ? null : nowMs + lifetimeMs;
    const values = { label, role: given, createdMs: nowMs, untilMs };
    const { id } = await db
      .insertInto('api_tokens')
      .values({ ...values, operatorId: operator.id, tokenSha256: sha256 })
      .returning('id')
      .executeTakeFirstOrThrow();
    const after = { owner, label, role: given, untilMs };
    await recordAudit(db, nowMs, { actor, action: 'token.add', subject: owner, after });
    return { id, owner, ...values, usedMs: null };
  });
  return { ...made, token: text };
}

/** Those of one operator; of all for an administrator who names none. */
export async function listTokens(
  { store }: ControlContext,
  owner: string | null,
): Promise<Token[]> {
  let query = store.db
    .selectFrom('api_tokens')
    .innerJoin('operators', 'operators.id', 'api_tokens.operatorId')
    .select(['api_tokens.id', 'operators.name as owner', 'api_tokens.label', 'api_tokens.role'])
    .select(['api_tokens.createdMs', 'api_tokens.untilMs', 'api_tokens.usedMs']);
  if (owner !== null) query = query.where('operators.name', '=', owner);
  return await query.orderBy('api_tokens.id', 'desc').limit(1_000).execute();
}

/**
 * One's own, or anybody's for an administrator. A token ends itself alone, unless it is an
 * administrator's in full: one to read with must not lock its owner out. Throws ERR_NOT_FOUND.
 */
export async function removeToken(
  context: ControlContext,
  actor: Actor,
  id: number,
): Promise<void> {
  await context.store.write(async (db) => {
    const row = await db
      .selectFrom('api_tokens')
      .innerJoin('operators', 'operators.id', 'api_tokens.operatorId')
      .select(['operators.id as operatorId', 'operators.name as owner', 'api_tokens.label'])
      .where('api_tokens.id', '=', id)
      .executeTakeFirst();
    const isOwn = row?.operatorId === actor.operatorId;
    const isHis = actor.role === 'admin' || (isOwn && (actor.tokenId ?? id) === id);
    if (row === undefined || !isHis) {
      throw new ProbeError('ERR_NOT_FOUND', `there is no API token ${id} of yours`);
    }
    await db.deleteFrom('api_tokens').where('id', '=', id).execute();
    const before = { owner: row.owner, label: row.label };
    const entry = { actor, action: 'token.remove', subject: row.owner, before };
    await recordAudit(db, context.nowMs(), entry);
  });
}

/** Often enough to see whether a token is still in use. */
const TOUCH_MS = 3_600_000;

/** Who the token speaks for; null when it ended, or its owner may no longer. */
export async function actorOfToken(context: ControlContext, sha256: string): Promise<Actor | null> {
  const nowMs = context.nowMs();
  const row = await context.store.db
    .selectFrom('api_tokens')
    .innerJoin('operators', 'operators.id', 'api_tokens.operatorId')
    .select(['api_tokens.id as tokenId', 'api_tokens.label', 'api_tokens.role as tokenRole'])
    .select(['api_tokens.untilMs', 'api_tokens.usedMs'])
    .select(['operators.id', 'operators.name', 'operators.role', 'operators.disabledMs'])
    .where('api_tokens.tokenSha256', '=', sha256)
    .executeTakeFirst();
  if (row === undefined || row.disabledMs !== null) return null;
  if (row.untilMs !== null && row.untilMs <= nowMs) return null;
  if (row.usedMs === null || nowMs - row.usedMs > TOUCH_MS) {
    await touch(context, row.tokenId, nowMs);
  }
  return {
    kind: 'token',
    tokenId: row.tokenId,
    operatorId: row.id,
    name: row.name,
    role: mayAs(row.role, row.tokenRole) ? row.tokenRole : row.role,
    text: `token:${row.name}/${row.label}`,
  };
}

async function touch(context: ControlContext, id: number, usedMs: number): Promise<void> {
  try {
    await context.store.write(async (db) => {
      await db.updateTable('api_tokens').set({ usedMs }).where('id', '=', id).execute();
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    context.log.error(`the use of an access key cannot be written down: ${why}`);
  }
}

async function needOwner(db: Db, name: string): Promise<{ id: number; role: Role }> {
  const row = await db
    .selectFrom('operators')
    .select(['id', 'role'])
    .where('name', '=', name)
    .executeTakeFirst();
  if (row === undefined) throw new ProbeError('ERR_NOT_FOUND', `there is no user ${name}`);
  return row;
}

/** Those that ended make room. */
async function refuseTooMany(db: Db, operatorId: number, nowMs: number): Promise<void> {
  await db
    .deleteFrom('api_tokens')
    .where('operatorId', '=', operatorId)
    .where('untilMs', '<=', nowMs)
    .execute();
  const { count } = await db
    .selectFrom('api_tokens')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('operatorId', '=', operatorId)
    .executeTakeFirstOrThrow();
  if (count < TOKENS_OF_ONE_MAX) return;
  throw new ProbeError('ERR_LIMIT_EXCEEDED', `${count} API tokens are enough: remove one first`);
}
