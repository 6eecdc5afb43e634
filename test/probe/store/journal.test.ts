import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync, statSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { fakeRound } from '../../fake/rounds.ts';
import { suite } from '../../helper.ts';
import { inDirectory, segmentsOf, withStore } from '../store-place.ts';

const CHILD = new URL('../store-full-child.ts', import.meta.url).pathname;

interface Report {
  step: string;
  failure: string | null;
  next: number;
  first: number;
  last: number;
  isWhole: boolean;
  errors: number;
  lastError: string | null;
  open: number;
}

suite('probe/store/journal', ({ test, testIf }) => {
  testIf(missingPrivilege(), 'goes on when the disk is full, and recovers when there is room', () =>
    inDirectory(async (directory) => {
      const [ofRounds, ofOthers, again] = onSmallDisk(directory);

      assert.is(ofRounds?.failure, null, 'the oldest segments made room');
      assert.match(ofRounds?.lastError ?? '', 'cannot be written to (ENOSPC)');
      assert.ok((ofRounds?.errors ?? 0) > 0);
      assert.ok((ofRounds?.first ?? 0) > 1000);

      assert.match(ofOthers?.failure ?? '', 'cannot be written to (ENOSPC)');
      assert.ok((ofOthers?.errors ?? 0) > (ofRounds?.errors ?? 0));

      assert.is(again?.failure, null);
      assert.is(again?.errors, ofOthers?.errors);
      for (const report of [ofRounds, ofOthers, again]) {
        assert.is(report?.last, (report?.next ?? 0) - 1, report?.step);
        assert.is(report?.open, 1);
        assert.ok(report?.isWhole, report?.step);
      }
    }),
  );

  test('starts a new segment when the file it wrote to is taken away', () =>
    inDirectory((directory) =>
      withStore(directory, async (store) => {
        store.appendRound(fakeRound(0));
        await store.flush();
        rmSync(segmentsOf(directory)[0] ?? '');
        store.appendRound(fakeRound(1));
        await store.flush();

        assert.equal(await store.rounds({}), [fakeRound(1)]);
        assert.is(segmentsOf(directory).length, 1);
      }),
    ));

  testIf(
    process.geteuid?.() === 0 ? 'root may write everywhere' : null,
    'keeps records in memory while the directory takes no files',
    () =>
      inDirectory((directory) =>
        withStore(directory, async (store) => {
          chmodSync(directory, 0o500);
          store.appendRound(fakeRound(0));
          const error = await store.flush().catch((reason: Error) => reason);
          assert.match(error?.message ?? '', 'cannot be written to (EACCES)');
          assert.equal(await store.rounds({}), [fakeRound(0)]);

          chmodSync(directory, 0o700);
          await store.flush();
          assert.is(segmentsOf(directory).length, 1);
        }),
      ),
  );

  test('flushes by itself when enough waits', () =>
    inDirectory((directory) =>
      withStore(directory, async (store) => {
        for (let index = 0; index < 700; index++) store.appendRound(fakeRound(index));
        const until = Date.now() + 5000;
        while (store.stats().bytes < 50_000 && Date.now() < until) await pause(5);

        assert.ok(store.stats().bytes > 50_000, `${store.stats().bytes} bytes`);
        assert.is(statSync(segmentsOf(directory)[0] ?? '').size, store.stats().bytes);
      }),
    ));

  test('bounds what waits in memory', () =>
    inDirectory((directory) =>
      withStore(directory, async (store) => {
        rmSync(directory, { recursive: true });
        for (let index = 0; index < 20_000; index++) store.appendRound(fakeRound(index));
        await store.flush().catch(() => undefined);
        for (let index = 20_000; index < 20_100; index++) store.appendRound(fakeRound(index));
        const rounds = await store.rounds({});

        assert.is(rounds.length, 16_384);
        assert.is(rounds.at(-1)?.sequence, 20_099);
        assert.match(store.stats().lastError ?? '', '16384 records wait to be stored: one is lost');
      }),
    ));
});

function missingPrivilege(): string | null {
  const { status } = spawnSync('unshare', ['--mount', 'true']);
  return status === 0 ? null : 'a mount namespace needs root and unshare';
}

function onSmallDisk(directory: string): Report[] {
  const script =
    'mount -t tmpfs -o size=4m,mode=700 flint-test "$1" && exec "$2" --import tsx "$3" "$1"';
  const args = ['--mount', 'sh', '-c', script, 'sh', directory, process.execPath, CHILD];
  const { stdout, stderr, status } = spawnSync('unshare', args, { timeout: 19_000 });
  assert.is(status, 0, stderr.toString());
  const reports = stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(
    reports.map(({ step }) => step),
    ['full of rounds', 'full of others', 'room again'],
  );
  return reports;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
