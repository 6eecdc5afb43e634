import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { encode } from '../../../src/core/codec.ts';
import type { Round } from '../../../src/core/round.ts';
import {
  decodeEvent,
  decodeRound,
  decodeSeries,
  encodeEvent,
  encodeMark,
  encodeRound,
  encodeSeries,
  peekRound,
  peekTag,
  type Series,
  TAG_EVENT,
  TAG_MARK,
  TAG_ROUND,
  TAG_SERIES,
} from '../../../src/probe/store/segment-record.ts';
import { fakeEvent, fakeRound, ROUND_MS, START_MS } from '../../fake/rounds.ts';
import { suite } from '../../helper.ts';

const figure = fc.oneof(
  fc.nat(),
  fc.integer({ min: 0, max: 60_000_000_000 }),
  fc.double({ min: 0, max: 6e10, noNaN: true }),
);
const count = fc.nat({ max: 100_000 });

const round: fc.Arbitrary<Round> = fc
  .record({
    sequence: fc.nat(),
    fromMs: fc.integer({ min: START_MS - 500_000_000, max: START_MS + 500_000_000 }),
    clock: fc.constantFrom('synced' as const, 'unsynced' as const),
    loaded: fc.boolean(),
    exact: fc.boolean(),
    sent: count,
    received: count,
    lost: count,
    discarded: count,
    late: count,
    duplicates: count,
    reordered: count,
    skipped: count,
    lossBurstMax: count,
    sendErrors: fc.constantFrom({}, { blocked: 3 }, { other: 1, size: 70_000 }),
    quality: fc.record({ kernel: count, mixed: count, user: count, hardware: count }),
    jitterNs: fc.option(figure),
    jitterRfc3550Ns: fc.option(figure),
    localQueueNs: fc.option(figure),
    rttNs: fc.option(
      fc.record({
        min: figure,
        p10: figure,
        p25: figure,
        median: figure,
        p75: figure,
        p90: figure,
        max: figure,
        mean: figure,
        stddev: figure,
      }),
    ),
  })
  .map((part) => fakeRound(0, { ...part, untilMs: part.fromMs + ROUND_MS }));

const series: Series = {
  index: 300,
  target: 'a400',
  host: 'a400.speedtest.example',
  family: 'v4',
  ip: '203.0.113.40',
  bootId: '0f6b2c1e-5d0a-4a53-9d0b-0f6f5f2d1c11',
  baseMs: START_MS,
};

suite('probe/store/segment-record', ({ test }) => {
  test('gives back any round to the last bit', () => {
    fc.assert(
      fc.property(round, (value) => {
        assert.equal(decodeRound(encodeRound(value, series), series), plain(value));
      }),
      { numRuns: 3000 },
    );
  });

  test('shows the head of a round without decoding it', () => {
    fc.assert(
      fc.property(round, fc.constantFrom(0, 127, 128, 255, 256, 65_535), (value, index) => {
        const bytes = encodeRound(value, { ...series, index });
        const head = { series: -1, offsetMs: -1, spanMs: -1 };
        peekRound(bytes, 0, head);

        assert.is(peekTag(bytes, 0), TAG_ROUND);
        assert.equal(head, {
          series: index,
          offsetMs: value.fromMs - START_MS,
          spanMs: value.untilMs - value.fromMs,
        });
      }),
      { numRuns: 2000 },
    );
  });

  test('peeks at any bytes without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        const head = { series: -1, offsetMs: -1, spanMs: -1 };
        peekRound(bytes, 0, head);
        assert.ok([-1, 0, 1, 2, 3].includes(peekTag(bytes, 0)));
      }),
      { numRuns: 3000 },
    );
  });

  test('writes a quiet round in at most 90 bytes', () => {
    for (let index = 0; index < 1000; index++) {
      const { length } = encodeRound(fakeRound(index), series);
      assert.ok(length <= 82, `${length} bytes without the frame`);
    }
  });

  test('gives back names, events and the mark', () => {
    assert.equal(decodeSeries(encodeSeries(series)), series);
    assert.equal(decodeEvent(encodeEvent(fakeEvent('e'))), fakeEvent('e'));
    assert.is(peekTag(encodeSeries(series), 0), TAG_SERIES);
    assert.is(peekTag(encodeEvent(fakeEvent('e')), 0), TAG_EVENT);
    assert.is(peekTag(encodeMark(), 0), TAG_MARK);
  });

  test('takes nothing else for a record', () => {
    const foreign = [encode({}), encode([9]), encode(7), Uint8Array.of(0xc1), encode([0, 'x'])];
    for (const bytes of [...foreign, encode([2, { id: 1 }]), encode([1, 300, -1]), encodeMark()]) {
      assert.is(decodeSeries(bytes), null);
      assert.is(decodeEvent(bytes), null);
      assert.is(decodeRound(bytes, series), null);
    }
    assert.is(peekTag(encode([9]), 0), -1);
  });
});

function plain(value: Round): Round {
  return JSON.parse(JSON.stringify(value));
}
