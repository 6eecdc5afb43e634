import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import * as assert from 'uvu/assert';
import { crc32c } from '../../../src/core/crc32c.ts';
import type { Round } from '../../../src/core/round.ts';
import { nextFrame, openFrames } from '../../../src/probe/store/segment.ts';
import type { RoundStore } from '../../../src/probe/store/store.ts';
import { fakeEvent, fakeRound, fakeRounds } from '../../fake/rounds.ts';
import { suite } from '../../helper.ts';
import { inDirectory, segmentsOf, withStore } from '../store-place.ts';

const ROUNDS = fakeRounds(2, 40);

suite('probe/store/recovery', ({ test }) => {
  test('costs a torn tail its frame, at every byte of the last five', () =>
    inDirectory(async (directory) => {
      const bytes = await segmentBytes(join(directory, 'origin'));
      const ends = frameEnds(bytes);
      const from = ends.at(-6) ?? 0;
      for (let length = from; length < bytes.length; length++) {
        const place = placeOf(directory, length, bytes.subarray(0, length));
        const whole = ROUNDS.length - ends.filter((end) => end > length).length;
        const isTorn = !ends.includes(length);
        await withStore(place, async (store) => {
          assert.equal(await store.rounds({}), ROUNDS.slice(0, whole), `${length} bytes`);
          assert.is(store.stats().torn, isTorn ? 1 : 0);
          for (const round of ROUNDS.slice(whole)) store.appendRound(round);
        });
        if (isTorn && length % 8 !== 0) continue;
        await withStore(place, async (store) => {
          assert.equal(await store.rounds({}), ROUNDS, `${length} bytes, then appended`);
          assert.is(store.stats().torn, 0);
        });
      }
    }));

  test('cuts the file back to its last whole frame', () =>
    inDirectory(async (directory) => {
      const bytes = await segmentBytes(join(directory, 'origin'));
      const end = frameEnds(bytes).at(-2) ?? 0;
      const place = placeOf(directory, 0, bytes.subarray(0, bytes.length - 1));
      await withStore(place, async () => undefined);

      assert.is(statSync(segmentsOf(place)[0] ?? '').size, end);
    }));

  test('gives only rounds that were stored, whichever bit is flipped', () =>
    inDirectory(async (directory) => {
      const bytes = await segmentBytes(join(directory, 'origin'));
      const known = new Set(ROUNDS.map((round) => JSON.stringify(round)));
      let lostMost = 0;
      for (let step = 0; step < 250; step++) {
        const bit = Math.floor(((step + 0.5) / 250) * bytes.length * 8) + (step % 8);
        const damaged = Buffer.from(bytes);
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await withStore(placeOf(directory, step, damaged), async (store) => {
          const rounds = await store.rounds({});
          for (const round of rounds) assert.ok(known.has(JSON.stringify(round)), `bit ${bit}`);
          assert.is(store.stats().torn, 1, `bit ${bit}`);
          lostMost = Math.max(lostMost, ROUNDS.length - rounds.length);
          await checkAppend(store);
        });
      }
      // The names of a series were hit: its rounds are lost as far as they are not named again.
      assert.is(lostMost, 40);
    }));

  test('names a series again, so that damage to its names is bounded', () =>
    inDirectory(async (directory) => {
      const rounds = fakeRounds(1, 1000);
      await withStore(directory, async (store) => appendAll(store, rounds));
      const path = segmentsOf(directory)[0] ?? '';
      const bytes = readFileSync(path);
      const at = bytes.indexOf('speedtest');
      bytes[at] = 0;
      writeFileSync(path, bytes);

      await withStore(directory, async (store) => {
        assert.is((await store.rounds({ family: 'v4' })).length, 1000 - 64);
        assert.is((await store.rounds({ family: 'v6' })).length, 1000);
      });
    }));

  test('survives a region of zeros in the middle', () =>
    inDirectory(async (directory) => {
      const bytes = await segmentBytes(join(directory, 'origin'));
      const ends = frameEnds(bytes);
      bytes.fill(0, ends[20], (ends[20] ?? 0) + 500);
      await withStore(placeOf(directory, 0, bytes), async (store) => {
        const rounds = await store.rounds({});
        assert.is(store.stats().torn, 1);
        assert.ok(rounds.length >= ROUNDS.length - 7 && rounds.length < ROUNDS.length);
      });
    }));

  test('refuses a segment of a newer format, leaves it alone and goes on beside it', () =>
    inDirectory(async (directory) => {
      const bytes = await segmentBytes(join(directory, 'origin'));
      bytes.writeUInt32LE(7, 8);
      bytes.writeUInt32LE(crc32c(bytes, 0, 12), 12);
      const place = placeOf(directory, 0, bytes);
      await withStore(place, async (store) => {
        assert.match(store.stats().lastError ?? '', /00000001\.seg has format 7: this flint reads/);
        assert.equal(await store.rounds({}), []);
        store.appendRound(fakeRound(1));
      });

      assert.equal(
        segmentsOf(place).map((path) => basename(path)),
        ['00000001.seg', '00000002.seg'],
      );
      assert.equal(readFileSync(join(place, '00000001.seg')), bytes);
      await withStore(place, async (store) => {
        assert.equal(await store.rounds({}), [fakeRound(1)]);
        assert.is(store.stats().errors, 1);
      });
    }));

  test('removes a segment that was only being made', () =>
    inDirectory(async (directory) => {
      const bytes = await segmentBytes(join(directory, 'origin'));
      for (const length of [0, 7, 15]) {
        const place = placeOf(directory, length, bytes.subarray(0, length));
        await withStore(place, async (store) => {
          assert.equal(await store.rounds({}), []);
          assert.is(store.stats().torn, length === 0 ? 0 : 1);
        });
        assert.not.ok(existsSync(join(place, '00000001.seg')));
      }
    }));

  test('finds the open events when the newest segment was torn in its beginning', () =>
    inDirectory(async (directory) => {
      await withStore(directory, async (store) => store.appendEvent(fakeEvent('long')));
      const path = segmentsOf(directory)[0] ?? '';
      copyFileSync(path, join(directory, '00000002.seg'));
      truncateSync(join(directory, '00000002.seg'), 20);

      await withStore(directory, async (store) => {
        assert.equal(store.openEvents(), [fakeEvent('long')]);
        store.appendRound(fakeRound(1));
      });
      await withStore(directory, async (store) => {
        assert.equal(store.openEvents(), [fakeEvent('long')]);
        assert.equal(await store.rounds({}), [fakeRound(1)]);
      });
    }));

  test('lets files alone that are not its own', () =>
    inDirectory(async (directory) => {
      writeFileSync(join(directory, 'notes.txt'), 'mine');
      writeFileSync(join(directory, '1.seg'), 'mine');
      await withStore(directory, async (store) => store.appendRound(fakeRound(0)));

      assert.is(readFileSync(join(directory, 'notes.txt'), 'utf8'), 'mine');
      assert.is(readFileSync(join(directory, '1.seg'), 'utf8'), 'mine');
    }));
});

async function checkAppend(store: RoundStore): Promise<void> {
  const round = fakeRound(5000);
  store.appendRound(round);
  await store.flush();
  assert.equal(await store.rounds({ sinceMs: round.fromMs }), [round]);
  assert.is(store.stats().errors, 0);
}

/** The bytes of the one segment that holds `ROUNDS`. */
async function segmentBytes(directory: string): Promise<Buffer> {
  await withStore(directory, async (store) => appendAll(store, ROUNDS));
  const paths = segmentsOf(directory);
  assert.is(paths.length, 1);
  return readFileSync(paths[0] ?? '');
}

function appendAll(store: RoundStore, rounds: readonly Round[]): void {
  for (const round of rounds) store.appendRound(round);
}

function placeOf(directory: string, step: number, bytes: Uint8Array): string {
  const place = join(directory, `place${step}`);
  mkdirSync(place);
  writeFileSync(join(place, '00000001.seg'), bytes);
  return place;
}

function frameEnds(bytes: Uint8Array): number[] {
  const cursor = openFrames(bytes, bytes.length);
  const ends: number[] = [];
  while (nextFrame(cursor)) ends.push(cursor.at);
  return ends;
}
