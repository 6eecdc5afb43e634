// What probes reported, for people and programs: events of all, rounds of one.
import * as v from 'valibot';
import { ProbeError } from '../../core/error.ts';
import { REPORTED_ROUND } from '../../core/report.ts';
import { FAMILIES } from '../../core/round.ts';
import { line, queryNumber, SLUG } from '../../core/wire.ts';
import { EVENTS_PAGE, EVENTS_PAGE_MAX, findEvents, SHOWN_EVENT } from '../fleet/events.ts';
import type { AddRoutes, ControlContext } from '../request/context.ts';
import { historyOf } from '../store/history.ts';

export const addProbeHistoryRoutes: AddRoutes = (server, context) => {
  server.route({
    method: 'GET',
    url: '/api/v1/events',
    config: { access: 'viewer' },
    schema: {
      querystring: EVENTS_QUERY,
      response: { 200: EVENTS_ANSWER },
      summary: 'Events of all probes or of one, newest first',
      tags: ['probes'],
    },
    handler: async ({ query: { probe, kind, since, until, limit } }) => {
      if (probe !== undefined) await idOf(context, probe);
      const span = { ...named('sinceMs', since), ...named('untilMs', until) };
      const which = { ...named('probe', probe), ...named('kind', kind) };
      return { events: await findEvents(context, { ...which, ...span, limit }) };
    },
  });
  server.route({
    method: 'GET',
    url: '/api/v1/probes/:name/rounds',
    config: { access: 'viewer' },
    schema: {
      params: v.strictObject({ name: SLUG }),
      querystring: ROUNDS_QUERY,
      response: { 200: ROUNDS_ANSWER },
      summary: 'Rounds that a probe reported, of the last hour unless said otherwise',
      tags: ['probes'],
    },
    handler: async ({ params, query: { target, family, since, until } }) => {
      const id = await idOf(context, params.name);
      const untilMs = until ?? context.nowMs();
      const span = { sinceMs: since ?? untilMs - SPAN_MS, untilMs };
      const targets = target === undefined ? undefined : new Set([target]);
      const which = { ...named('targets', targets), ...named('family', family) };
      const rounds = historyOf(context)?.roundsOf(id, { ...span, ...which }) ?? [];
      // The newest, when there are more than an answer should have.
      const byTime = rounds.sort((a, b) => a.fromMs - b.fromMs);
      return { rounds: byTime.slice(-ROUNDS_MAX), total: rounds.length };
    },
  });
};

const SPAN_MS = 3_600_000;
const ROUNDS_MAX = 10_000;
const MOMENT = queryNumber(0, 8_640_000_000_000_000);

const EVENTS_QUERY = v.strictObject({
  probe: v.optional(SLUG),
  kind: v.optional(line('a kind', 32)),
  since: v.optional(MOMENT),
  until: v.optional(MOMENT),
  limit: v.optional(queryNumber(1, EVENTS_PAGE_MAX), String(EVENTS_PAGE)),
});

const EVENTS_ANSWER = v.object({ events: v.array(SHOWN_EVENT) });

const ROUNDS_QUERY = v.strictObject({
  target: v.optional(line('an id', 253)),
  family: v.optional(v.picklist(FAMILIES)),
  since: v.optional(MOMENT),
  until: v.optional(MOMENT),
});

const ROUNDS_ANSWER = v.object({ rounds: v.array(REPORTED_ROUND), total: v.number() });

async function idOf({ store }: ControlContext, name: string): Promise<number> {
  const row = await store.db
    .selectFrom('probes')
    .select('id')
    .where('name', '=', name)
    .executeTakeFirst();
  if (row === undefined) throw new ProbeError('ERR_NOT_FOUND', `there is no probe ${name}`);
  return row.id;
}

function named<const Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value });
}
