// The audit log: who did what to what, as it was before and after. It is written in the transaction
// of the change, so that neither is without the other.
import type { RecordAudit } from './context.ts';

export const recordAudit: RecordAudit = async (db, nowMs, entry) => {
  await db
    .insertInto('audit')
    .values({
      atMs: nowMs,
      actor: entry.actor.text,
      action: entry.action,
      subject: entry.subject,
      before: entry.before === undefined ? null : JSON.stringify(entry.before),
      after: entry.after === undefined ? null : JSON.stringify(entry.after),
    })
    .execute();
};
