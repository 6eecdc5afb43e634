import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { ProbeEvent } from '../../../src/core/round.ts';
import type { StoreRecord } from '../../../src/probe/store/segment-batch.ts';
import { emptyIndex, scanSegment } from '../../../src/probe/store/segment-scan.ts';
import { SegmentWriter } from '../../../src/probe/store/segment-writer.ts';
import { fakeEvent, fakeRound, fakeRounds, START_MS } from '../../fake/rounds.ts';
import { suite } from '../../helper.ts';
import { inDirectory } from '../store-place.ts';

const LIMITS = { bytesMax: 65_536, spanMs: Number.POSITIVE_INFINITY };

suite('probe/store/segment-writer', ({ test }) => {
  test('writes a segment that a scan finds whole', () =>
    inDirectory(async (directory) => {
      const writer = await create(directory, [fakeEvent('open')]);
      const { taken, commit } = await writer.append(records(2, 10));
      commit();
      await writer.close();
      const scan = await scanFile(writer.segment.path);

      assert.is(taken, 40);
      assert.equal(scan.header, { kind: 'whole' });
      assert.ok(scan.isMarked);
      assert.equal(scan.events, [fakeEvent('open')]);
      assert.equal(scan.index, writer.segment.index);
      assert.is(scan.nextSeries, 4);
      assert.is(scan.endBytes, writer.segment.bytes);
    }));

  test('shows nothing of a batch before it is committed', () =>
    inDirectory(async (directory) => {
      const writer = await create(directory, []);
      const before = writer.segment.bytes;
      const { commit } = await writer.append(records(1, 1));

      assert.is(writer.segment.bytes, before);
      assert.is(writer.segment.index.fromMs, Number.POSITIVE_INFINITY);
      commit();
      assert.is(writer.segment.bytes, statSync(writer.segment.path).size);
      assert.is(writer.segment.index.fromMs, START_MS);
      await writer.close();
    }));

  test('cuts the file back after a write that failed, and names its series again', () =>
    inDirectory(async (directory) => {
      const writer = await create(directory, []);
      await writer.close();
      try {
        await writer.append(records(1, 1));
        assert.unreachable();
      } catch (error) {
        assert.is((error as NodeJS.ErrnoException).code, 'EBADF');
      }
      assert.is(writer.segment.bytes, statSync(writer.segment.path).size);
    }));

  test('is full at its bound', () =>
    inDirectory(async (directory) => {
      const writer = await create(directory, []);
      let written = 0;
      for (let turn = 0; turn < 5; turn++) {
        const { taken, commit } = await writer.append(records(2, 500).slice(written));
        commit();
        written += taken;
      }
      assert.ok(writer.segment.bytes <= 65_536 && writer.segment.bytes > 65_400);
      assert.is((await writer.append(records(1, 1))).taken, 0);
      await writer.close();
    }));

  test('repeats open events up to a quarter of the segment, the newest first', () =>
    inDirectory(async (directory) => {
      const open = Array.from({ length: 500 }, (_, index) =>
        fakeEvent(`event-${index}`, { fromMs: START_MS + index }),
      );
      const writer = await create(directory, open);
      await writer.close();
      const scan = await scanFile(writer.segment.path);

      assert.ok(writer.segment.bytes <= 16_384);
      assert.is(scan.events[0]?.id, 'event-499');
      assert.ok(scan.isMarked);
      assert.is(scan.index.events, scan.events.length);
    }));

  test('goes on with a segment, using its names', () =>
    inDirectory(async (directory) => {
      const first = await create(directory, []);
      (await first.append(records(1, 1))).commit();
      await first.close();
      const scan = await scanFile(first.segment.path);
      const second = await SegmentWriter.resume(first.segment, LIMITS, scan);
      const before = second.segment.bytes;
      (await second.append([{ t: 'round', round: fakeRounds(1, 2)[2] ?? fakeRound(0) }])).commit();
      await second.close();

      assert.ok(second.segment.bytes - before < 100, 'no names were written again');
      assert.is((await scanFile(second.segment.path)).index.gaps, 0);
    }));

  test('notices that its file is gone, and never takes over one that is there', () =>
    inDirectory(async (directory) => {
      const writer = await create(directory, []);
      assert.ok(await writer.isThere());
      await create(directory, []).then(
        () => assert.unreachable('made twice'),
        (error) => assert.is(error.code, 'EEXIST'),
      );
      assert.ok(existsSync(writer.segment.path));
      await writer.close();
    }));
});

function create(directory: string, open: readonly ProbeEvent[]): Promise<SegmentWriter> {
  const path = join(directory, '00000001.seg');
  return SegmentWriter.create({ number: 1, path, bytes: 0, index: emptyIndex() }, LIMITS, open);
}

function records(targets: number, windows: number): StoreRecord[] {
  return fakeRounds(targets, windows).map((round) => ({ t: 'round', round }));
}

function scanFile(path: string) {
  const bytes = readFileSync(path);
  return scanSegment(bytes, bytes.length);
}
