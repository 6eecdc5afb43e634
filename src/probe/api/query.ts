import * as v from 'valibot';
import type { Family } from '../../core/round.ts';

// What stands behind the question mark. A parameter that is unknown, wrong or given twice is
// answered with a sentence; nothing is guessed.

export const ROUNDS_MAX = 10_000;
export const EVENTS_MAX = 10_000;
export const LIMIT_DEFAULT = 1_000;

/** `untilMs` is not included; null means without that bound. */
export interface EventsQuery {
  target: string | null;
  family: Family | null;
  sinceMs: number | null;
  untilMs: number | null;
  limit: number;
}

/** `next` is what an earlier answer gave, to go on from there. */
export interface RoundsQuery extends EventsQuery {
  next: string | null;
}

/** Which paths. */
export interface PathsQuery {
  target: string | null;
  family: Family | null;
}

export type Parsed<Query> = { ok: true; query: Query } | { ok: false; message: string };

export function parseRoundsQuery(query: URLSearchParams): Parsed<RoundsQuery> {
  return parse(query, ROUNDS_SCHEMA, (given) => ({ ...bounds(given), next: given.next ?? null }));
}

export function parseEventsQuery(query: URLSearchParams): Parsed<EventsQuery> {
  return parse(query, EVENTS_SCHEMA, bounds);
}

export function parsePathsQuery(query: URLSearchParams): Parsed<PathsQuery> {
  return parse(query, PATHS_SCHEMA, ({ target = null, family = null }) => ({ target, family }));
}

const PATHS_ENTRIES = {
  target: text(/^[A-Za-z0-9._:@-]{1,253}$/, 'must be 1 to 253 letters, digits or . _ : @ -'),
  family: v.optional(v.picklist(['v4', 'v6'], 'must be v4 or v6')),
};
const PATHS_SCHEMA = v.strictObject(PATHS_ENTRIES);
const EVENTS_ENTRIES = {
  ...PATHS_ENTRIES,
  since: milliseconds(),
  until: milliseconds(),
  limit: limit(EVENTS_MAX),
};
const EVENTS_SCHEMA = v.strictObject(EVENTS_ENTRIES);
const ROUNDS_SCHEMA = v.strictObject({
  ...EVENTS_ENTRIES,
  limit: limit(ROUNDS_MAX),
  next: text(/^[\x21-\x7e]{1,256}$/, 'must be what an earlier answer gave as next'),
});

function text(pattern: RegExp, message: string) {
  return v.optional(v.pipe(v.string(), v.regex(pattern, message)));
}

function milliseconds() {
  const message = 'must be a time in Unix milliseconds';
  return v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/, message), v.transform(Number)));
}

function limit(max: number) {
  const message = `must be a whole number from 1 to ${max}`;
  return v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,9}$/, message),
      v.transform(Number),
      v.minValue(1, message),
      v.maxValue(max, message),
    ),
  );
}

/** Whatever is bounded is bounded by these. */
interface Span {
  since?: number | undefined;
  until?: number | undefined;
}

function parse<Schema extends v.GenericSchema<unknown, object>, Query>(
  query: URLSearchParams,
  schema: Schema & { entries: Record<string, unknown> },
  finish: (given: v.InferOutput<Schema>) => Query,
): Parsed<Query> {
  const twice = [...query.keys()].find((key) => query.getAll(key).length > 1);
  if (twice !== undefined) return refuse(twice, 'is given more than once');
  const result = v.safeParse(schema, Object.fromEntries(query));
  if (!result.success) return explain(result.issues[0], Object.keys(schema.entries));
  const { since, until } = result.output as Span;
  if (since !== undefined && until !== undefined && since > until) {
    return refuse('since', `must not be later than until (${until})`);
  }
  return { ok: true, query: finish(result.output) };
}

function explain(issue: v.BaseIssue<unknown>, known: string[]): { ok: false; message: string } {
  const key = v.getDotPath(issue) ?? '';
  if (!known.includes(key)) return refuse(key, `is not known here; known are ${known.join(', ')}`);
  return refuse(key, `${issue.message}, not ${JSON.stringify(String(issue.input).slice(0, 80))}`);
}

function refuse(key: string, reason: string): { ok: false; message: string } {
  return {
    ok: false,
    message: `The query parameter ${JSON.stringify(key.slice(0, 80))} ${reason}.`,
  };
}

function bounds(given: v.InferOutput<typeof EVENTS_SCHEMA>): EventsQuery {
  return {
    target: given.target ?? null,
    family: given.family ?? null,
    sinceMs: given.since ?? null,
    untilMs: given.until ?? null,
    limit: given.limit ?? LIMIT_DEFAULT,
  };
}
