// What time makes worthless is thrown away: sessions and links that ended, and the oldest of an
// audit log that grew beyond what anybody reads.

import { SESSION_IDLE_MS } from './accounts/sessions.ts';
import type { ControlContext } from './request/context.ts';

export const AUDIT_ENTRIES_MAX = 200_000;
const INTERVAL_MS = 600_000;

/** Every ten minutes, until it is ended. */
export function startUpkeep(context: ControlContext): { end(): void } {
  const timer = setInterval(() => {
    tidy(context).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      context.log.error(`old entries cannot be removed: ${why}`);
    });
  }, INTERVAL_MS);
  timer.unref();
  return { end: () => clearInterval(timer) };
}

export async function tidy({ store, nowMs }: ControlContext): Promise<void> {
  const now = nowMs();
  await store.write(async (db) => {
    await db
      .deleteFrom('sessions')
      .where((where) =>
        where.or([where('untilMs', '<=', now), where('usedMs', '<=', now - SESSION_IDLE_MS)]),
      )
      .execute();
    await db.deleteFrom('login_links').where('untilMs', '<=', now).execute();
    const newest = await db
      .selectFrom('audit')
      .select('id')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    const keep = (newest?.id ?? 0) - AUDIT_ENTRIES_MAX;
    if (keep > 0) await db.deleteFrom('audit').where('id', '<=', keep).execute();
  });
}
