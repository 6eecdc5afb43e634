import type { ProbeEvent, Round } from '../../core/round.ts';
import type { PathSnapshot, SeriesSnapshot } from '../../core/snapshot.ts';
import type { BoardSnapshot } from '../mesh-watch.ts';
import {
  METRIC_GROUPS,
  METRIC_GROUPS_PLANNED,
  METRICS_TYPE,
  type MetricGroup,
  metricsParts,
} from '../metrics/metrics.ts';
import type { DaemonSnapshot } from '../snapshot.ts';
import {
  type Answer,
  answerError,
  answerJson,
  JSON_TYPE,
  jsonList,
  MSGPACK_TYPE,
  packedList,
} from './answer.ts';
import {
  type EventsQuery,
  parseEventsQuery,
  parsePathsQuery,
  parseRoundsQuery,
  type RoundsQuery,
} from './query.ts';

// A table of path → function. What is answered comes from the functions in `ApiSource`; nothing
// here knows the engine, the store or the page.

export interface RoundsPage {
  rounds: readonly Round[];
  /** Opaque: where to go on; null at the end. */
  next: string | null;
}

export interface Health {
  ok: boolean;
  /** Why not, in words; null while all is well. */
  reason: string | null;
}

export interface PageAnswer {
  status: number;
  body: string | Uint8Array;
  /** The content type. */
  type: string;
  /** Beside or instead of the usual ones, with names in lower case. */
  headers?: Readonly<Record<string, string>>;
}

/** `probe`: everything but series and paths, of which there may be thousands; `paths`: with paths
 * alone; `series`: all. */
export type SnapshotScope = 'probe' | 'paths' | 'series';

export interface ApiSource {
  /** Read while other work passes: the figures of one series are of one moment. */
  snapshot(scope: SnapshotScope): Promise<DaemonSnapshot>;
  /** Rejects with ERR_USAGE when `next` is none that it gave. */
  rounds(query: RoundsQuery): Promise<RoundsPage>;
  events(query: EventsQuery): Promise<readonly ProbeEvent[]>;
  health(): Health;
  /** `path` is decoded; null when there is no such page. */
  page(path: string, query: URLSearchParams): Promise<PageAnswer | null>;
}

export interface ApiRequest {
  /** Decoded. */
  path: string;
  query: URLSearchParams;
  accept: string;
}

/** The answer to a request whose method and Host are already found good. */
export async function answerRequest(source: ApiSource, request: ApiRequest): Promise<Answer> {
  const route = ROUTES.get(request.path);
  if (route !== undefined) return route(source, request);
  const isPage = !request.path.startsWith('/api/') && !request.path.startsWith('/metrics/');
  const page = isPage ? await source.page(request.path, request.query) : null;
  if (page !== null) return answerPage(request.path, page);
  const message = 'There is nothing under this path; /api/v1/status, /metrics and / are a start.';
  return answerError(404, 'not-found', message);
}

type Route = (source: ApiSource, request: ApiRequest) => Answer | Promise<Answer>;

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/healthz', answerHealth],
  ['/api/v1/status', answerStatus],
  ['/api/v1/rounds', answerRounds],
  ['/api/v1/events', answerEvents],
  ['/api/v1/paths', answerPaths],
  ...METRIC_GROUPS.map((group): [string, Route] => [
    group === 'all' ? '/metrics' : `/metrics/${group}`,
    (source) => answerMetrics(source, group),
  ]),
  ...METRIC_GROUPS_PLANNED.map((group): [string, Route] => [
    `/metrics/${group}`,
    () => answerError(404, 'not-built', `This version does not measure ${group} yet.`),
  ]),
]);

function answerHealth(source: ApiSource): Answer {
  const health = source.health();
  return answerJson(health, health.ok ? 200 : 503);
}

async function answerMetrics(source: ApiSource, group: MetricGroup): Promise<Answer> {
  const snapshot = await source.snapshot(SCOPES[group]);
  return { status: 200, type: METRICS_TYPE, body: metricsParts(group, snapshot) };
}

const SCOPES: Readonly<Record<MetricGroup, SnapshotScope>> = {
  all: 'series',
  smokeping: 'series',
  path: 'paths',
  self: 'probe',
};

async function answerPaths(source: ApiSource, request: ApiRequest): Promise<Answer> {
  const parsed = parsePathsQuery(request.query);
  if (!parsed.ok) return answerError(400, 'bad-query', parsed.message);
  const { target, family } = parsed.query;
  const { paths } = await source.snapshot('paths');
  const items = paths.filter(
    (path) =>
      (target === null || path.target === target) && (family === null || path.family === family),
  );
  const body = jsonList({ head: {}, key: 'paths', items: items.map(pathStatus), tail: {} });
  return { status: 200, type: JSON_TYPE, body };
}

function pathStatus(path: PathSnapshot): object {
  const { target: id, recent: _, ...rest } = path;
  return { id, ...rest };
}

async function answerStatus(source: ApiSource): Promise<Answer> {
  const snapshot = await source.snapshot('series');
  const { hostname, version, hardware, bootId, clock, engine, config, store } = snapshot;
  const head = {
    hostname,
    version,
    hardware,
    bootId,
    uptimeMs: snapshot.nowMs - snapshot.startedMs,
    clock,
    engine,
    config: { etag: config.etag, appliedMs: config.appliedMs, error: config.error },
    ...(snapshot.control == null ? {} : { control: snapshot.control }),
    ...(snapshot.policy === undefined ? {} : { policy: snapshot.policy }),
    ...(snapshot.board == null ? {} : boardStatus(snapshot.board)),
    store: { bytes: store.bytes, oldestMs: store.oldestMs, errors: store.errors },
  };
  const items = targetStatuses(snapshot.series);
  const body = jsonList({ head, key: 'targets', items, tail: {} });
  return { status: 200, type: JSON_TYPE, body };
}

/** Each part is null where the board does not have it, and while it is not known. */
function boardStatus({ state, reason, listener }: BoardSnapshot): object {
  const { mesh = null, lockdown = null, push = null, writtenMs = null } = state ?? {};
  return { mesh, lockdown, push, board: { writtenMs, error: reason, listener } };
}

function* targetStatuses(all: readonly SeriesSnapshot[]): Generator<object> {
  for (const series of all) {
    if (!series.current) continue;
    const { target: id, host, family, ip, state, reason, lastRound } = series;
    yield { id, host, family, ip, state, reason, lastRound };
  }
}

async function answerRounds(source: ApiSource, request: ApiRequest): Promise<Answer> {
  const parsed = parseRoundsQuery(request.query);
  if (!parsed.ok) return answerError(400, 'bad-query', parsed.message);
  const { rounds, next } = await source.rounds(parsed.query);
  const headers = { vary: 'accept' };
  if (acceptsMsgpack(request.accept)) {
    const body = packedList({ key: 'rounds', items: rounds, next });
    return { status: 200, type: MSGPACK_TYPE, body, headers };
  }
  const body = jsonList({ head: {}, key: 'rounds', items: rounds, tail: { next } });
  return { status: 200, type: JSON_TYPE, body, headers };
}

async function answerEvents(source: ApiSource, request: ApiRequest): Promise<Answer> {
  const parsed = parseEventsQuery(request.query);
  if (!parsed.ok) return answerError(400, 'bad-query', parsed.message);
  const items = await source.events(parsed.query);
  const body = jsonList({ head: {}, key: 'events', items, tail: {} });
  return { status: 200, type: JSON_TYPE, body };
}

// JSON unless msgpack is asked for by name.
function acceptsMsgpack(accept: string): boolean {
  return accept
    .toLowerCase()
    .split(',')
    .some(
      (range) =>
        /^\s*application\/msgpack\s*(;|$)/.test(range) && !/;\s*q=0(\.0*)?\s*($|;)/.test(range),
    );
}

// The name of the style sheet changes with its text, so a browser may keep it for ever.
function answerPage(path: string, page: PageAnswer): Answer {
  const isStyle = page.status === 200 && /^\/style-[\w-]+\.css$/.test(path);
  const caching = isStyle ? { 'cache-control': 'public, max-age=31536000, immutable' } : {};
  return { ...page, headers: { ...caching, ...page.headers } };
}
