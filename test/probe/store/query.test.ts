import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { Round } from '../../../src/core/round.ts';
import { compareRounds, type StoreQuery } from '../../../src/probe/store/query.ts';
import { fakeEvent, fakeRound, fakeRounds, ROUND_MS, START_MS } from '../../fake/rounds.ts';
import { suite } from '../../helper.ts';
import { inDirectory, segmentsOf, withStore } from '../store-place.ts';

const at = (window: number) => START_MS + window * ROUND_MS;

const query: fc.Arbitrary<StoreQuery> = fc.record({
  target: fc.constantFrom(undefined, 'target00', 'target02', 'none'),
  family: fc.constantFrom(undefined, 'v4' as const, 'v6' as const),
  sinceMs: fc.option(fc.integer({ min: at(-2), max: at(130) }), { nil: undefined }),
  untilMs: fc.option(fc.integer({ min: at(-2), max: at(130) }), { nil: undefined }),
});

suite('probe/store/query', ({ test }) => {
  test('answers any query as a filter over all rounds would', () =>
    inDirectory(async (directory) => {
      const rounds = fakeRounds(3, 120);
      // A span of an hour a segment: twelve segments and something that waits in memory.
      const options = { keepMs: 16 * 600_000, nowMs: () => START_MS };
      await withStore(
        directory,
        async (store) => {
          for (const round of rounds.slice(0, 700)) store.appendRound(round);
          await store.flush();
          for (const round of rounds.slice(700)) store.appendRound(round);
          assert.is(segmentsOf(directory).length, 6);

          await fc.assert(
            fc.asyncProperty(query, async (value) => {
              assert.equal(await store.rounds(value), expected(rounds, value));
            }),
            { numRuns: 150 },
          );
        },
        options,
      );
    }));

  test('keeps the order of time when segments overlap after a step of the clock', () =>
    inDirectory((directory) =>
      withStore(
        directory,
        async (store) => {
          const order = [50, 51, 52, 10, 11, 100, 101, 51, 12, 9];
          for (const [sequence, window] of order.entries()) {
            store.appendRound({ ...fakeRound(window), sequence });
            await store.flush();
          }
          const rounds = await store.rounds({});

          assert.ok(segmentsOf(directory).length > 3);
          assert.equal(
            rounds.map(({ fromMs }) => (fromMs - START_MS) / ROUND_MS),
            [9, 10, 11, 12, 50, 51, 51, 52, 100, 101],
          );
        },
        { keepMs: 16 * 60_000 },
      ),
    ));

  test('shows the last version of each event that overlaps the query', () =>
    inDirectory(async (directory) => {
      const closed = fakeEvent('a', { untilMs: at(4) });
      const second = fakeEvent('b', { fromMs: at(10), target: 'other', family: 'v6' });
      const start = fakeEvent('c', { kind: 'start', target: null, family: null, fromMs: at(20) });
      await withStore(directory, async (store) => {
        store.appendEvent(fakeEvent('a'));
        store.appendRound(fakeRound(0));
        store.appendEvent(second);
        await store.flush();
        store.appendEvent(closed);
        store.appendEvent(start);

        const cases: [StoreQuery, unknown[]][] = [
          [{}, [closed, second, start]],
          [{ target: 'a400' }, [closed]],
          [{ family: 'v6' }, [second]],
          [{ sinceMs: at(5) }, [second, start]],
          [{ sinceMs: at(4) }, [closed, second, start]],
          [{ untilMs: at(10) }, [closed]],
          [{ sinceMs: at(100), target: 'other' }, [second]],
        ];
        for (const [value, events] of cases) assert.equal(await store.events(value), events);
      });
    }));

  test('orders rounds by time, target, family, boot and number', () => {
    const base = fakeRound(1);
    const ordered = [
      fakeRound(0, { target: 'z' }),
      base,
      { ...base, sequence: 2 },
      { ...base, bootId: 'x' },
      { ...base, family: 'v6' as const, bootId: 'a' },
      { ...base, target: 'b', sequence: 0 },
    ];
    for (const [left, a] of ordered.entries()) {
      for (const [right, b] of ordered.entries()) {
        assert.is(Math.sign(compareRounds(a, b)), Math.sign(left - right));
      }
    }
  });

  test('answers several queries at once', () =>
    inDirectory((directory) =>
      withStore(directory, async (store) => {
        const rounds = fakeRounds(4, 300);
        for (const round of rounds) store.appendRound(round);
        await store.flush();
        const names = ['target00', 'target01', 'target02', 'target03'];
        const answers = await Promise.all(names.map((target) => store.rounds({ target })));

        for (const [index, target] of names.entries()) {
          assert.equal(answers[index], expected(rounds, { target }));
        }
      }),
    ));
});

function expected(rounds: readonly Round[], value: StoreQuery): Round[] {
  const { target, family, sinceMs = 0, untilMs = Number.POSITIVE_INFINITY } = value;
  return rounds.filter(
    (round) =>
      (target ?? round.target) === round.target &&
      (family ?? round.family) === round.family &&
      round.fromMs >= sinceMs &&
      round.fromMs < untilMs,
  );
}
