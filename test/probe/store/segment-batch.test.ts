import * as assert from 'uvu/assert';
import {
  type Dictionary,
  fillBatch,
  forgetBatch,
  namesKey,
  type StoreRecord,
} from '../../../src/probe/store/segment-batch.ts';
import { fakeEvent, fakeRound, ROUND_MS } from '../../fake/rounds.ts';
import { suite } from '../../helper.ts';

const EVER = { originMs: Number.POSITIVE_INFINITY, spanMs: Number.POSITIVE_INFINITY };

suite('probe/store/segment-batch', ({ test }) => {
  test('takes what fits and names a series once', async () => {
    const dictionary = emptyDictionary();
    const first = await fillBatch(new Uint8Array(1000), rounds(100), dictionary, EVER);
    const second = await fillBatch(new Uint8Array(1000), rounds(100), dictionary, EVER);

    assert.ok(first.bytes.length <= 1000 && first.bytes.length > 880);
    assert.is(first.taken, first.written.length);
    assert.equal([first.written[0]?.namesAt, first.written[1]?.namesAt], [0, null]);
    assert.is(first.written[1]?.at, nextFrameAt(first.bytes, first.written[0]?.at ?? 0));
    assert.is(first.named.length, 1);
    assert.is(second.named.length, 0);
    assert.ok(second.taken > first.taken, 'the names took room in the first batch alone');
  });

  test('takes nothing where there is no room, and then names nothing', async () => {
    const dictionary = emptyDictionary();
    for (const size of [0, 10, 150]) {
      const batch = await fillBatch(new Uint8Array(size), rounds(1), dictionary, EVER);
      assert.equal([batch.taken, batch.bytes.length, batch.named], [0, 0, []]);
    }
    assert.equal(dictionary, emptyDictionary());
  });

  test('leaves out what is malformed or too big, and goes on behind it', async () => {
    const long = 'x'.repeat(512);
    const detail = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${i}`, long]));
    const records: StoreRecord[] = [
      { t: 'round', round: fakeRound(0, { sent: -1 }) },
      { t: 'event', event: fakeEvent('') },
      { t: 'event', event: fakeEvent('big', { detail }) },
      { t: 'event', event: fakeEvent('good') },
    ];
    const batch = await fillBatch(new Uint8Array(65_536), records, emptyDictionary(), EVER);

    assert.is(batch.taken, 4);
    const record = { t: 'event', event: fakeEvent('good') };
    assert.equal(batch.written, [{ record, at: 0, namesAt: null }]);
  });

  test('stops at a round that is too far from the first of the segment', async () => {
    const limits = { originMs: Number.POSITIVE_INFINITY, spanMs: 3 * ROUND_MS };
    const forward = await fillBatch(new Uint8Array(65_536), rounds(10), emptyDictionary(), limits);
    const back = { ...limits, originMs: fakeRound(20).fromMs };
    const backward = await fillBatch(new Uint8Array(65_536), rounds(10), emptyDictionary(), back);

    assert.is(forward.taken, 4);
    assert.is(backward.taken, 0);
  });

  test('lets timers run while it fills, and takes what is appended meanwhile', async () => {
    const records = rounds(500);
    let turns = 0;
    const timer = setInterval(() => {
      turns++;
      records.push(...rounds(1));
    }, 1);
    const until = performance.now() + 5000;
    while (turns === 0 && performance.now() < until) {
      const count = records.length;
      const batch = await fillBatch(new Uint8Array(1_048_576), records, emptyDictionary(), EVER);
      assert.ok(batch.taken >= count);
      assert.is(batch.taken, records.length);
    }
    clearInterval(timer);
    assert.ok(turns > 0);
  });

  test('forgets the names of a batch that was not written', async () => {
    const dictionary = emptyDictionary();
    await fillBatch(new Uint8Array(1000), rounds(1), dictionary, EVER);
    const other: StoreRecord = { t: 'round', round: fakeRound(1, { ip: '203.0.113.41' }) };
    forgetBatch(await fillBatch(new Uint8Array(1000), [other], dictionary, EVER), dictionary);

    assert.equal([...dictionary.names.keys()], [namesKey(fakeRound(0))]);
    const again = await fillBatch(new Uint8Array(1000), [other], dictionary, EVER);
    assert.equal(again.named, [namesKey(other.round)]);
    assert.is(dictionary.names.get(namesKey(other.round))?.index, 2, 'a number is never reused');
  });
});

function emptyDictionary(): Dictionary {
  return { names: new Map(), next: 0 };
}

function rounds(count: number): StoreRecord[] {
  return Array.from({ length: count }, (_, index) => ({ t: 'round', round: fakeRound(index) }));
}

function nextFrameAt(bytes: Uint8Array, at: number): number {
  return at + 8 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}
