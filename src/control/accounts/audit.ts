// The audit log: who did what to what, as it was before and after. It is written in the transaction
// of the change, so that neither is without the other.
import { createHash } from 'node:crypto';
import type { RecordAudit } from '../request/context.ts';

export const recordAudit: RecordAudit = async (db, nowMs, entry) => {
  await db
    .insertInto('audit')
    .values({
      atMs: nowMs,
      actor: entry.actor.text,
      action: entry.action,
      subject: entry.subject,
      before: textOf(entry.before),
      after: textOf(entry.after),
    })
    .execute();
};

/** Of one state: sets may be larger, and the log holds hundreds of thousands of entries. */
const STATE_LENGTH_MAX = 32_768;

// What is too long is told by its digest: whether two states were the same one stays visible.
function textOf(state: unknown): string | null {
  if (state === undefined) return null;
  const text = JSON.stringify(state);
  if (text.length <= STATE_LENGTH_MAX) return text;
  const sha256 = createHash('sha256').update(text).digest('hex');
  return JSON.stringify({ tooLong: true, length: text.length, sha256 });
}
