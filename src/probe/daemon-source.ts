// What the listener answers from: the snapshot of the moment and the rounds of the store.
import type { EventsQuery } from './api/query.ts';
import type { ApiSource, Health, SnapshotScope } from './api/routes.ts';
import { answerPage } from './page/answer.ts';
import type { RoundQuery } from './page/input.ts';
import type { DaemonSnapshot } from './snapshot.ts';
import type { RoundStore, StoreQuery } from './store/store.ts';

export interface DaemonParts {
  store: Pick<RoundStore, 'page' | 'rounds' | 'events'>;
  snapshot: (scope: SnapshotScope) => Promise<DaemonSnapshot>;
  health: () => Health;
  /** As the engine was started with. */
  roundMs: number;
  timeoutMs: number;
}

const DAY_MS = 86_400_000;

export function sourceOf(parts: DaemonParts): ApiSource {
  const { store, snapshot, health } = parts;
  return {
    snapshot,
    health,
    rounds: ({ next, limit, ...query }) =>
      store.page({ ...toStoreQuery(query), cursor: next, limit }),
    events: async (query) => (await store.events(toStoreQuery(query))).slice(0, query.limit),
    page: (path, query) => answerPage(pageSource(parts), path, query),
  };
}

function pageSource({ store, snapshot, roundMs, timeoutMs }: DaemonParts) {
  return {
    snapshot: () => snapshot('series'),
    roundMs,
    timeoutMs,
    // A round that began before the span still reaches into it.
    rounds: ({ target, family, fromMs, untilMs }: RoundQuery) =>
      store.rounds({ target, family, sinceMs: fromMs - roundMs + 1, untilMs }),
    events: () => store.events({ sinceMs: Date.now() - DAY_MS }),
  };
}

function toStoreQuery(query: Omit<EventsQuery, 'limit'>): StoreQuery {
  const { target, family, sinceMs, untilMs } = query;
  return {
    target: target ?? undefined,
    family: family ?? undefined,
    sinceMs: sinceMs ?? undefined,
    untilMs: untilMs ?? undefined,
  };
}
