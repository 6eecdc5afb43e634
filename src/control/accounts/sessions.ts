// Sessions of people at the pages: a random token in a cookie, its SHA-256 in the database, so that
// each can be seen and ended. Twelve hours unused or seven days in all end one.
import type { ControlContext } from '../request/context.ts';
import { makeCredential } from '../request/credential.ts';
import type { Db } from '../store/db.ts';
import type { Role } from '../store/db-tables.ts';

export const SESSION_IDLE_MS = 12 * 3_600_000;
export const SESSION_MS_MAX = 7 * 86_400_000;

/** Often enough for the idle limit, seldom enough that reading pages does not write. */
const TOUCH_MS = 60_000;
/** One more ends the oldest: a script that logs in for ever fills no table. */
const SESSIONS_MAX = 100;

export interface KnownSession {
  sha256: string;
  operator: { id: number; name: string; role: Role };
}

export interface SessionRow {
  /** First 16 digits of the digest: names it without being it. */
  id: string;
  createdMs: number;
  usedMs: number;
  untilMs: number;
}

/** Opens a session inside a write; the token goes into the cookie and nowhere else. */
export async function openSession(db: Db, operatorId: number, nowMs: number): Promise<string> {
  const { text, sha256 } = makeCredential('session');
  const untilMs = nowMs + SESSION_MS_MAX;
  await db
    .insertInto('sessions')
    .values({ tokenSha256: sha256, operatorId, createdMs: nowMs, usedMs: nowMs, untilMs })
    .execute();
  await removeOld(db, operatorId, nowMs);
  return text;
}

/** The session and its operator; null when it ended, or the operator may no longer. */
export async function findSession(
  context: ControlContext,
  sha256: string,
): Promise<KnownSession | null> {
  const nowMs = context.nowMs();
  const row = await context.store.db
    .selectFrom('sessions')
    .innerJoin('operators', 'operators.id', 'sessions.operatorId')
    .select(['operators.id', 'operators.name', 'operators.role', 'sessions.usedMs'])
    .where('sessions.tokenSha256', '=', sha256)
    .where('sessions.untilMs', '>', nowMs)
    .where('sessions.usedMs', '>', nowMs - SESSION_IDLE_MS)
    .where('operators.disabledMs', 'is', null)
    .executeTakeFirst();
  if (row === undefined) return null;
  if (nowMs - row.usedMs > TOUCH_MS) await touch(context, sha256, nowMs);
  return { sha256, operator: { id: row.id, name: row.name, role: row.role } };
}

export async function endSession(context: ControlContext, sha256: string): Promise<void> {
  await context.store.write(async (db) => {
    await db.deleteFrom('sessions').where('tokenSha256', '=', sha256).execute();
  });
}

/** Ends all sessions of an operator but one, inside a write. */
export async function endSessionsOf(db: Db, operatorId: number, keep?: string): Promise<void> {
  let query = db.deleteFrom('sessions').where('operatorId', '=', operatorId);
  if (keep !== undefined) query = query.where('tokenSha256', '!=', keep);
  await query.execute();
}

export async function listSessions(
  context: ControlContext,
  operatorId: number,
): Promise<SessionRow[]> {
  const nowMs = context.nowMs();
  const rows = await context.store.db
    .selectFrom('sessions')
    .selectAll()
    .where('operatorId', '=', operatorId)
    .where('untilMs', '>', nowMs)
    .where('usedMs', '>', nowMs - SESSION_IDLE_MS)
    .orderBy('usedMs', 'desc')
    .limit(SESSIONS_MAX)
    .execute();
  return rows.map(({ tokenSha256, createdMs, usedMs, untilMs }) => ({
    id: tokenSha256.slice(0, 16),
    createdMs,
    usedMs,
    untilMs,
  }));
}

/** True when there was one of that operator with this id (16 digits). */
export async function endSessionById(db: Db, operatorId: number, id: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('sessions')
    .where('operatorId', '=', operatorId)
    .where('tokenSha256', '>=', id)
    .where('tokenSha256', '<', `${id}g`)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

async function touch(context: ControlContext, sha256: string, usedMs: number): Promise<void> {
  try {
    await context.store.write(async (db) => {
      await db.updateTable('sessions').set({ usedMs }).where('tokenSha256', '=', sha256).execute();
    });
  } catch (error) {
    // A full disk must not keep people from looking.
    const why = error instanceof Error ? error.message : String(error);
    context.log.error(`the use of a session cannot be written down: ${why}`);
  }
}

async function removeOld(db: Db, operatorId: number, nowMs: number): Promise<void> {
  await db
    .deleteFrom('sessions')
    .where((where) =>
      where.or([
        where('untilMs', '<=', nowMs),
        where('usedMs', '<=', nowMs - SESSION_IDLE_MS),
        where.and([
          where('operatorId', '=', operatorId),
          where(
            'tokenSha256',
            'not in',
            db
              .selectFrom('sessions')
              .select('tokenSha256')
              .where('operatorId', '=', operatorId)
              .orderBy('createdMs', 'desc')
              .limit(SESSIONS_MAX),
          ),
        ]),
      ]),
    )
    .execute();
}
