import * as assert from 'uvu/assert';
import { ProbeError } from '../../../src/core/error.ts';
import type { Round } from '../../../src/core/round.ts';
import type { PageQuery } from '../../../src/probe/store/page.ts';
import type { RoundStore } from '../../../src/probe/store/store.ts';
import { fakeRounds, ROUND_MS, START_MS } from '../../fake/rounds.ts';
import { suite } from '../../helper.ts';
import { inDirectory, withStore } from '../store-place.ts';

suite('probe/store/page', ({ test }) => {
  test('gives every round once, whatever the size of a page', () =>
    inDirectory((directory) =>
      withStore(directory, async (store) => {
        const rounds = fakeRounds(3, 20);
        for (const round of rounds) store.appendRound(round);
        for (const limit of [1, 5, 6, 7, 119, 120, 121]) {
          const { all, pages } = await walk(store, { limit });
          assert.equal(all, rounds, `${limit} a page`);
          assert.is(pages, Math.ceil(rounds.length / limit));
        }
      }),
    ));

  test('goes on where it was while rounds are flushed and appended', () =>
    inDirectory((directory) =>
      withStore(directory, async (store) => {
        const rounds = fakeRounds(3, 40);
        for (const round of rounds.slice(0, 120)) store.appendRound(round);
        const first = await store.page({ limit: 50 });
        await store.flush();
        for (const round of rounds.slice(120)) store.appendRound(round);
        const rest = await walk(store, { limit: 50, cursor: first.next });

        assert.equal([...first.rounds, ...rest.all], rounds);
      }),
    ));

  test('pages within the filter', () =>
    inDirectory((directory) =>
      withStore(directory, async (store) => {
        const rounds = fakeRounds(2, 30);
        for (const round of rounds) store.appendRound(round);
        const sinceMs = START_MS + 5 * ROUND_MS;
        const query = { target: 'target01', family: 'v6' as const, sinceMs };
        const { all, pages } = await walk(store, { ...query, limit: 10 });

        assert.is(pages, 3);
        assert.equal(
          all.map(({ sequence }) => sequence),
          Array.from({ length: 25 }, (_, index) => index + 5),
        );
      }),
    ));

  test('refuses a cursor that it did not give', () =>
    inDirectory((directory) =>
      withStore(directory, async (store) => {
        const forged = Buffer.from('[1,"a","v5","b",1]').toString('base64url');
        for (const cursor of ['', 'x', '%%%', 'e30', forged, 'A'.repeat(100_000)]) {
          try {
            await store.page({ limit: 10, cursor });
            assert.unreachable(cursor.slice(0, 20));
          } catch (error) {
            assert.instance(error, ProbeError);
            assert.is((error as ProbeError).code, 'ERR_USAGE');
            assert.match((error as ProbeError).message, 'is no cursor');
          }
        }
      }),
    ));
});

async function walk(store: RoundStore, query: PageQuery): Promise<{ all: Round[]; pages: number }> {
  const all: Round[] = [];
  let cursor = query.cursor;
  for (let pages = 1; pages < 1000; pages++) {
    const page = await store.page({ ...query, cursor });
    assert.ok(page.rounds.length <= query.limit);
    all.push(...page.rounds);
    if (page.next === null) return { all, pages };
    cursor = page.next;
  }
  throw new Error('the pages do not end');
}
