import { equal, is, match } from 'uvu/assert';
import type { ProbeEvent, Round } from '../../src/core/round.ts';
import { type DaemonParts, sourceOf } from '../../src/probe/daemon-source.ts';
import type { StoreQuery } from '../../src/probe/store/store.ts';
import { suite } from '../helper.ts';
import { makeRound, makeSeries, makeSnapshot } from './metrics-snapshot.ts';

const ALL = { target: null, family: null, sinceMs: null, untilMs: null };

/** The source over a store that notes what it was asked. */
function noted(found: { rounds?: Round[]; events?: ProbeEvent[] } = {}) {
  const asked: Record<string, unknown[]> = { page: [], rounds: [], events: [], snapshot: [] };
  const parts: DaemonParts = {
    store: {
      page: async (query) => {
        asked['page']?.push(query);
        return { rounds: found.rounds ?? [], next: 'on' };
      },
      rounds: async (query: StoreQuery) => {
        asked['rounds']?.push(query);
        return found.rounds ?? [];
      },
      events: async (query: StoreQuery) => {
        asked['events']?.push(query);
        return found.events ?? [];
      },
    },
    snapshot: async () => {
      asked['snapshot']?.push(null);
      return makeSnapshot({ series: [makeSeries({})] });
    },
    health: () => ({ ok: true, reason: null }),
    roundMs: 30_000,
    timeoutMs: 5000,
  };
  return { source: sourceOf(parts), asked };
}

suite('daemon-source', (s) => {
  s.test('hands rounds on page by page', async () => {
    const { source, asked } = noted({ rounds: [makeRound()] });
    const query = { ...ALL, target: 'a400', sinceMs: 5, limit: 7, next: 'from' };

    const page = await source.rounds(query);

    is(page.next, 'on');
    equal(asked['page'], [
      {
        target: 'a400',
        family: undefined,
        sinceMs: 5,
        untilMs: undefined,
        cursor: 'from',
        limit: 7,
      },
    ]);
  });

  s.test('gives no more events than were asked for', async () => {
    const event: ProbeEvent = {
      id: 'e',
      kind: 'start',
      target: null,
      family: null,
      fromMs: 1,
      untilMs: 1,
      scope: null,
      detail: {},
    };
    const { source } = noted({ events: [event, { ...event, id: 'f' }, { ...event, id: 'g' }] });

    const events = await source.events({ ...ALL, limit: 2 });

    equal(
      events.map(({ id }) => id),
      ['e', 'f'],
    );
  });

  s.test('draws pages from rounds that reach into the span, and events of a day', async () => {
    const { source, asked } = noted();

    const page = await source.page('/', new URLSearchParams());

    is(page?.status, 200);
    match(String(page?.body), '<svg');
    const [rounds] = asked['rounds'] as { sinceMs: number; untilMs: number }[];
    const spanMs = (rounds?.untilMs ?? 0) - (rounds?.sinceMs ?? 0);
    is(spanMs % 30_000, 29_999);
    const [events] = asked['events'] as { sinceMs: number }[];
    is(Math.round((Date.now() - (events?.sinceMs ?? 0)) / 1000), 86_400);
  });

  s.test('takes no snapshot for what needs none', async () => {
    const { source, asked } = noted();
    const page = await source.page('/no-such-page', new URLSearchParams());

    equal([page, asked['snapshot']], [null, []]);
  });
});
