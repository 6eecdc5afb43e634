import * as v from 'valibot';
import { AUDIT_ENTRY } from '../../core/fleet-journal.ts';
import { line, queryNumber } from '../../core/wire.ts';
import type { AddRoutes } from '../request/context.ts';
import { AUDIT_PAGE_MAX, listAudit } from './audit-log.ts';

const QUERY = v.strictObject({
  subject: v.optional(line('a subject', 200)),
  actor: v.optional(line('an actor', 200)),
  action: v.optional(line('an action', 64)),
  before: v.optional(queryNumber(1, Number.MAX_SAFE_INTEGER)),
  limit: v.optional(queryNumber(1, AUDIT_PAGE_MAX), '100'),
});

export const addAuditRoutes: AddRoutes = (server, context) => {
  server.route({
    method: 'GET',
    url: '/api/v1/audit',
    config: { access: 'viewer' },
    schema: {
      summary: 'Who changed what, newest first; `before` is the id of the last entry of a page',
      tags: ['audit'],
      querystring: QUERY,
      response: { 200: v.object({ entries: v.array(AUDIT_ENTRY) }) },
    },
    handler: async (request) => ({ entries: await listAudit(context, request.query) }),
  });
};
