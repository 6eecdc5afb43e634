// Reading the audit log: newest first, a page at a time.
import type { ControlContext } from '../request/context.ts';
import type { AuditTable } from '../store/db-tables.ts';

export const AUDIT_PAGE_MAX = 500;

export interface AuditQuery {
  subject?: string | undefined;
  actor?: string | undefined;
  action?: string | undefined;
  /** Only entries with a smaller id: the last of the page before. */
  before?: number | undefined;
  limit: number;
}

export interface AuditLine {
  id: number;
  atMs: number;
  actor: string;
  action: string;
  subject: string;
  before: unknown;
  after: unknown;
}

export async function listAudit(
  { store }: ControlContext,
  { subject, actor, action, before, limit }: AuditQuery,
): Promise<AuditLine[]> {
  let query = store.db.selectFrom('audit').selectAll();
  if (subject !== undefined) query = query.where('subject', '=', subject);
  if (actor !== undefined) query = query.where('actor', '=', actor);
  if (action !== undefined) query = query.where('action', '=', action);
  if (before !== undefined) query = query.where('id', '<', before);
  const page = Math.min(limit, AUDIT_PAGE_MAX);
  const rows = await query.orderBy('id', 'desc').limit(page).execute();
  return rows.map((row) => ({ ...row, before: state(row.before), after: state(row.after) }));
}

function state(text: AuditTable['before']): unknown {
  return text === null ? null : JSON.parse(text);
}
