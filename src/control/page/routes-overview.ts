// The overview for programs: the counts and the sentences of the first page.
import * as v from 'valibot';
import { PROBE_HEALTHS } from '../../core/fleet.ts';
import { TIME_MS } from '../../core/wire.ts';
import { plainText } from '../../graph/text.ts';
import { lookAtFleet } from '../fleet/overview.ts';
import type { AddRoutes } from '../request/context.ts';
import { noticesOf } from './overview.ts';
import type { Notice } from './overview-words.ts';

const COUNT = v.pipe(v.number(), v.integer(), v.minValue(0));

const OVERVIEW = v.object({
  /** When the fleet was looked at. */
  atMs: TIME_MS,
  /** Probes by health. */
  counts: v.object(
    Object.fromEntries(PROBE_HEALTHS.map((health) => [health, COUNT])) as Record<
      (typeof PROBE_HEALTHS)[number],
      typeof COUNT
    >,
  ),
  /** What hurts now, the worst first, in sentences. */
  notices: v.array(
    v.object({
      tone: v.picklist(['good', 'info', 'warn', 'bad']),
      title: v.string(),
      detail: v.string(),
    }),
  ),
});

export const addOverviewRoutes: AddRoutes = (server, context) => {
  server.route({
    method: 'GET',
    url: '/api/v1/overview',
    config: { access: 'viewer' },
    schema: {
      summary: 'How the fleet is: probes by health, and what hurts, in sentences',
      tags: ['fleet'],
      response: { 200: OVERVIEW },
    },
    handler: async () => {
      const look = await lookAtFleet(context);
      const notices = await Promise.all(noticesOf(look, context.nowMs()).map(toPlain));
      return { atMs: look.atMs, counts: look.counts, notices };
    },
  });
};

async function toPlain({ tone, title, detail }: Notice) {
  return { tone, title: await plainText(title), detail: await plainText(detail) };
}
