import type { Family, ProbeEvent, Round } from '../../core/round.ts';
import type { PathSnapshot, ProbeSnapshot, SeriesSnapshot } from '../../core/snapshot.ts';
import { formatDuration } from '../../graph/format.ts';
import { SPANS, type Span } from '../../graph/span.ts';
import type { DaemonSnapshot } from '../snapshot.ts';

export { familyName, seriesName } from '../../graph/format.ts';
export { SPANS, type Span } from '../../graph/span.ts';

// What a page is made of. The daemon hands over its snapshot and a way to read rounds; nothing here
// asks a clock, a file or the network.

export interface RoundQuery {
  target: string;
  family: Family;
  fromMs: number;
  untilMs: number;
}

export interface PageInput {
  snapshot: DaemonSnapshot;
  /**
   * Closed rounds of one series that overlap [fromMs, untilMs), oldest first. It is asked for one
   * series at a time while the page is drawn, so that a day of all targets is never held at once.
   */
  rounds: (query: RoundQuery) => readonly Round[] | Promise<readonly Round[]>;
  /** Those of the last 24 hours, open ones among them, in any order. */
  events: readonly ProbeEvent[];
  /** Length of a round and the timeout that it waits after its end. */
  roundMs: number;
  timeoutMs: number;
  /** The query of the request as it came: hostile. */
  query: URLSearchParams;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** What a young probe shows instead, so that its first rounds are not a line at the right edge. */
const YOUNG_SPANS_MS: readonly number[] = [
  10 * MINUTE_MS,
  20 * MINUTE_MS,
  40 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
];

/** What the reader chose, by the query. */
export interface View {
  span: Span;
  /** From 1; it may lie beyond the last page. */
  page: number;
  isPaused: boolean;
}

/** Anything unknown in the query means the default. */
export function parseView(query: URLSearchParams): View {
  const [hour] = SPANS;
  const span = SPANS.find(({ name }) => name === query.get('span')) ?? hour;
  if (span === undefined) throw new RangeError('no span is defined');
  const page = query.get('page') ?? '';
  return {
    span,
    page: /^[1-9]\d{0,3}$/.test(page) ? Number(page) : 1,
    isPaused: query.get('refresh') === 'off',
  };
}

/** The span, or the shorter one that holds all that the probe knows. */
export function shownSpan(span: Span, { snapshot }: PageInput): Span {
  const { nowMs, startedMs, store } = snapshot;
  const ageMs = nowMs - Math.min(startedMs, store.oldestMs ?? startedMs);
  const ms = YOUNG_SPANS_MS.find((candidate) => candidate >= ageMs) ?? span.ms;
  if (ms >= span.ms) return span;
  const label = formatDuration(ms);
  return { name: span.name, ms, words: `last ${label}`, label };
}

/** The one place where a path of the overview is made. */
export function overviewHref(view: View): string {
  return `/${queryOf(view)}`;
}

/** The one place where a path of the list of paths is made. */
export function pathsHref(view: View): string {
  return `/paths${queryOf(view)}`;
}

/** The one place where a path of the board's page is made. */
export function boardHref(view: View): string {
  return `/board${queryOf({ ...view, page: 1 })}`;
}

/** The one place where a path of a target is made; an id may hold anything. */
export function targetHref(target: string, view: View): string {
  return `/target/${encodeURIComponent(target)}${queryOf({ ...view, page: 1 })}`;
}

/** Current series by target, in the order of the configuration, IPv4 before IPv6. */
export function seriesByTarget(snapshot: ProbeSnapshot): ReadonlyMap<string, SeriesSnapshot[]> {
  const made = byTarget.get(snapshot) ?? groupByTarget(snapshot.series);
  byTarget.set(snapshot, made);
  return made;
}

/** Traced paths by target, in the order of the configuration, IPv4 before IPv6. */
export function pathsByTarget(snapshot: ProbeSnapshot): ReadonlyMap<string, PathSnapshot[]> {
  const made = pathsOf.get(snapshot) ?? groupByTarget(snapshot.paths);
  pathsOf.set(snapshot, made);
  return made;
}

// Every part of a page asks for them.
const byTarget = new WeakMap<ProbeSnapshot, Map<string, SeriesSnapshot[]>>();
const pathsOf = new WeakMap<ProbeSnapshot, Map<string, PathSnapshot[]>>();

function groupByTarget<One extends { target: string; family: Family; current?: boolean }>(
  all: readonly One[],
): Map<string, One[]> {
  const targets = new Map<string, One[]>();
  for (const one of all) {
    if (one.current === false) continue;
    const known = targets.get(one.target);
    if (known === undefined) targets.set(one.target, [one]);
    else if (one.family === 'v4') known.unshift(one);
    else known.push(one);
  }
  return targets;
}

/** When the round closes that will be the first one of a series without any. */
export function firstCloseMs(input: PageInput): number {
  const { snapshot, roundMs, timeoutMs } = input;
  const beganMs = Math.max(snapshot.startedMs, snapshot.config.appliedMs);
  const closeOf = (timeMs: number): number => Math.ceil(timeMs / roundMs) * roundMs + timeoutMs;
  return Math.max(closeOf(beganMs), closeOf(snapshot.nowMs - timeoutMs));
}

function queryOf(view: View): string {
  const query = new URLSearchParams();
  if (view.span.name !== '1h') query.set('span', view.span.name);
  if (view.page > 1) query.set('page', String(view.page));
  if (view.isPaused) query.set('refresh', 'off');
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
