import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Round } from '../../../src/core/round.ts';
import type { RoundStore } from '../../../src/probe/store/store.ts';
import { fakeEvent, fakeRound, fakeRounds, ROUND_MS, START_MS } from '../../fake/rounds.ts';
import { suite } from '../../helper.ts';
import { HOUR_MS, inDirectory, segmentsOf, withStore } from '../store-place.ts';

const MIB = 1_048_576;

suite('probe/store/store', ({ test }) => {
  test('gives back what was appended, before a flush, after it, and after a restart', () =>
    inDirectory(async (directory) => {
      const rounds = fakeRounds(3, 4);
      await withStore(directory, async (store) => {
        assert.equal(await store.rounds({}), []);
        appendAll(store, rounds.slice(0, 12));
        assert.equal(await store.rounds({}), rounds.slice(0, 12));
        await store.flush();
        assert.equal(await store.rounds({}), rounds.slice(0, 12));
        appendAll(store, rounds.slice(12));
        assert.equal(await store.rounds({}), rounds);
      });

      await withStore(directory, async (store) => {
        assert.equal(await store.rounds({}), rounds);
        assert.equal(statsOf(store), { errors: 0, torn: 0, oldestMs: START_MS });
      });
    }));

  test('keeps figures to whole nanoseconds, before a flush as after it', () =>
    inDirectory((directory) =>
      withStore(directory, async (store) => {
        const { rttNs } = fakeRound(0);
        assert.ok(rttNs);
        const exact = { jitterNs: 1.4, jitterRfc3550Ns: 2.6, localQueueNs: 0.5 };
        const whole = { jitterNs: 1, jitterRfc3550Ns: 3, localQueueNs: 1 };
        store.appendRound(fakeRound(0, { ...exact, rttNs: { ...rttNs, min: 6.5, mean: 7.25 } }));
        store.appendRound(fakeRound(1, { rttNs: null, jitterNs: null, localQueueNs: 0 }));
        const before = await store.rounds({});
        await store.flush();

        assert.equal(before, [
          fakeRound(0, { ...whole, rttNs: { ...rttNs, min: 7, mean: 7 } }),
          fakeRound(1, { rttNs: null, jitterNs: null, localQueueNs: 0 }),
        ]);
        assert.equal(await store.rounds({}), before);
      }),
    ));

  test('never shows a round twice or not at all while it moves to disk', () =>
    inDirectory((directory) =>
      withStore(directory, async (store) => {
        for (let index = 0; index < 300; index++) {
          store.appendRound(fakeRound(index));
          const flush = index % 3 === 0 ? store.flush() : null;
          const rounds = await store.rounds({ sinceMs: START_MS });
          assert.is(rounds.length, index + 1);
          await flush;
        }
      }),
    ));

  test('keeps the directory and its files to itself', () =>
    inDirectory(async (parent) => {
      const directory = join(parent, 'state', 'rounds');
      await withStore(directory, async (store) => {
        store.appendRound(fakeRound(0));
        await store.flush();

        assert.is(statSync(directory).mode & 0o777, 0o700);
        for (const path of segmentsOf(directory)) assert.is(statSync(path).mode & 0o777, 0o600);
      });

      chmodSync(directory, 0o755);
      await withStore(directory, async () => {
        assert.is(statSync(directory).mode & 0o777, 0o700);
      });
    }));

  test('refuses a place that cannot be a directory, saying which', () =>
    inDirectory(async (parent) => {
      const path = join(parent, 'file');
      writeFileSync(path, '');
      try {
        await withStore(path, async () => undefined);
        assert.unreachable();
      } catch (error) {
        assert.match((error as Error).message, `the directory ${path} cannot be made (EEXIST)`);
      }
    }));

  test('stays within its bytes and drops the oldest segment first', () =>
    inDirectory((directory) =>
      withStore(
        directory,
        async (store) => {
          for (let index = 0; index < 20_000; index++) {
            store.appendRound(fakeRound(index));
            if (index % 500 === 499) await store.flush();
            assert.ok(store.stats().bytes <= MIB);
          }
          const rounds = await store.rounds({});
          const first = rounds[0]?.sequence ?? 0;

          assert.ok(diskBytes(directory) <= MIB, `${diskBytes(directory)} bytes`);
          assert.ok(diskBytes(directory) > MIB / 2, `${diskBytes(directory)} bytes`);
          assert.is(rounds.length, 20_000 - first);
          assert.is(rounds.at(-1)?.sequence, 19_999);
          assert.is(store.stats().oldestMs, START_MS + first * ROUND_MS);
        },
        { bytesMax: MIB },
      ),
    ));

  test('drops what is too old, not much later and not before', () =>
    inDirectory(async (directory) => {
      let nowMs = START_MS;
      const options = { keepMs: 48 * HOUR_MS, nowMs: () => nowMs };
      await withStore(
        directory,
        async (store) => {
          for (let index = 0; index < 12_000; index++) {
            nowMs = START_MS + index * ROUND_MS;
            store.appendRound(fakeRound(index));
            if (index % 100 === 99) await store.flush();
          }
          const oldest = store.stats().oldestMs ?? 0;
          assert.ok(oldest <= nowMs - 48 * HOUR_MS, `${(nowMs - oldest) / HOUR_MS} h kept`);
          assert.ok(oldest >= nowMs - 52 * HOUR_MS, `${(nowMs - oldest) / HOUR_MS} h kept`);
        },
        options,
      );

      nowMs += 100 * HOUR_MS;
      await withStore(
        directory,
        async (store) => {
          store.appendRound(fakeRound(nowMs / ROUND_MS - START_MS / ROUND_MS));
          await store.flush();
          assert.is((await store.rounds({})).length, 1);
        },
        options,
      );
    }));

  test('loses nothing to a clock that is far behind at start', () =>
    inDirectory(async (directory) => {
      const options = { keepMs: 48 * HOUR_MS };
      await withStore(directory, async (store) => appendAll(store, fakeRounds(1, 10)), options);
      await withStore(
        directory,
        async (store) => {
          store.appendRound(fakeRound(0, { fromMs: 60_000, untilMs: 90_000, clock: 'unsynced' }));
          await store.flush();
          const rounds = await store.rounds({});
          assert.is(rounds.length, 21);
          assert.is(rounds[0]?.clock, 'unsynced');
        },
        { ...options, nowMs: () => 60_000 },
      );
    }));

  test('remembers open events over restarts and over segments that went', () =>
    inDirectory(async (directory) => {
      const options = { bytesMax: MIB / 2 };
      await withStore(
        directory,
        async (store) => {
          store.appendEvent(fakeEvent('long'));
          store.appendEvent(fakeEvent('short'));
          for (let index = 0; index < 20_000; index++) store.appendRound(fakeRound(index));
          await store.flush();
          store.appendEvent(fakeEvent('short', { untilMs: START_MS + 5000 }));
          assert.equal(store.openEvents(), [fakeEvent('long')]);
        },
        options,
      );

      await withStore(
        directory,
        async (store) => {
          assert.equal(store.openEvents(), [fakeEvent('long')]);
          const ended = fakeEvent('long', { untilMs: START_MS + HOUR_MS });
          store.appendEvent(ended);
          assert.equal(store.openEvents(), []);
          assert.equal(await store.events({ target: 'a400', sinceMs: START_MS + 6000 }), [ended]);
        },
        options,
      );
    }));

  test('counts what cannot be stored and stores the rest', () =>
    inDirectory((directory) =>
      withStore(directory, async (store) => {
        store.appendRound(fakeRound(0, { jitterNs: Number.NaN }));
        store.appendRound(fakeRound(1));
        store.appendEvent(fakeEvent('e', { detail: { text: 'x'.repeat(4097) } }));
        await store.flush();

        assert.equal(await store.rounds({}), [fakeRound(1)]);
        assert.is(store.stats().errors, 1);
        assert.match(store.stats().lastError ?? '', '2 records were not stored');
      }),
    ));

  test('takes no more after it was closed, and closes twice', () =>
    inDirectory(async (directory) => {
      const store = await withStore(directory, async (open) => open);
      store.appendRound(fakeRound(0));
      await store.close();
      await withStore(directory, async (next) => assert.equal(await next.rounds({}), []));
    }));

  test('gives way to the event loop while it reads and writes a lot', () =>
    inDirectory((directory) =>
      withStore(directory, async (store) => {
        const longest = watchLoop();
        for (let window = 0; window < 300; window++) {
          for (const round of windowOf(window)) store.appendRound(round);
          if (window % 10 === 9) await store.flush();
        }
        let count = 0;
        await store.each({}, () => count++);
        await store.rounds({ target: 'target07' });
        const { blockedMs, medianMs } = longest();

        assert.is(count, 36_000);
        // One hiccup of a busy machine is forgiven; a loop that never yields takes 100 ms and more.
        assert.ok(blockedMs < 60, `${blockedMs} ms without a turn`);
        assert.ok(medianMs < 20, `${medianMs} ms between turns`);
      }),
    ));
});

function appendAll(store: RoundStore, rounds: readonly Round[]): void {
  for (const round of rounds) store.appendRound(round);
}

function windowOf(window: number): Round[] {
  return fakeRounds(60, 1).map((round) => ({ ...fakeRound(window), ...named(round) }));
}

function named({ target, host, family, ip }: Round) {
  return { target, host, family, ip };
}

function statsOf(store: RoundStore) {
  const { errors, torn, oldestMs } = store.stats();
  return { errors, torn, oldestMs };
}

function diskBytes(directory: string): number {
  return segmentsOf(directory).reduce((sum, path) => sum + statSync(path).size, 0);
}

// Turns of the event loop; the longest but one is told, beside the median.
function watchLoop() {
  const turns: number[] = [];
  let last = cpuMs();
  const timer = setInterval(() => {
    const now = cpuMs();
    turns.push(now - last);
    last = now;
  }, 1);
  return () => {
    clearInterval(timer);
    turns.sort((a, b) => a - b);
    return { blockedMs: turns.at(-2) ?? 0, medianMs: turns[turns.length >> 1] ?? 0 };
  };
}

/** What this process has used: others on the machine make its turns longer, not its work. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
