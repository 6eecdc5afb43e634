import * as assert from 'uvu/assert';
import {
  encodeHeader,
  FRAME_HEADER_BYTES,
  HEADER_BYTES,
  putFrame,
} from '../../../src/probe/store/segment.ts';
import {
  encodeEvent,
  encodeMark,
  encodeRound,
  encodeSeries,
  type Series,
} from '../../../src/probe/store/segment-record.ts';
import { emptyIndex, scanSegment, seriesKey } from '../../../src/probe/store/segment-scan.ts';
import { fakeEvent, fakeRound, ROUND_MS, START_MS } from '../../fake/rounds.ts';
import { suite } from '../../helper.ts';

const { target, host, family, ip, bootId } = fakeRound(0);
const SERIES: Series = { index: 3, target, host, family, ip, bootId, baseMs: START_MS };

suite('probe/store/segment-scan', ({ test }) => {
  test('tells times, series and events', async () => {
    const ended = fakeEvent('e', { untilMs: START_MS + 900_000 });
    const payloads = [
      encodeMark(),
      encodeSeries(SERIES),
      encodeRound(fakeRound(4), SERIES),
      encodeRound(fakeRound(2), SERIES),
      encodeEvent(fakeEvent('e')),
      encodeEvent(ended),
    ];
    const scan = await scanOf(payloads);
    let end = HEADER_BYTES;
    const ends = payloads.map(({ length }) => {
      end += FRAME_HEADER_BYTES + length;
      return end;
    });

    assert.equal(scan.index, {
      fromMs: START_MS + 2 * ROUND_MS,
      untilMs: START_MS + 5 * ROUND_MS,
      places: new Map([[seriesKey('v4', 'a400'), ends.slice(0, 3)]]),
      events: 2,
      lastMs: START_MS + 900_000,
      gaps: 0,
    });
    assert.equal({ ...scan.names.get(3), places: null }, { ...SERIES, places: null });
    assert.is(scan.nextSeries, 4);
    assert.equal(scan.events, [fakeEvent('e'), ended]);
    assert.ok(scan.isMarked);
  });

  test('gives no number of a lost name to another series', async () => {
    const scan = await scanOf([encodeRound(fakeRound(0), { ...SERIES, index: 700 })]);

    assert.is(scan.nextSeries, 701);
    assert.is(scan.index.fromMs, Number.POSITIVE_INFINITY);
  });

  test('finds nothing in an empty segment, and does not read one of a newer format', async () => {
    assert.equal((await scanOf([])).index, emptyIndex());
    const short = await scanSegment(encodeHeader(), 5);
    assert.equal([short.header.kind, short.endBytes], ['short', 5]);
  });

  test('is not led astray by intact frames of unknown content', async () => {
    const foreign = [Uint8Array.of(0x91, 0x09), Uint8Array.of(0xc0), Uint8Array.of(0x92, 2, 0xc0)];
    const scan = await scanOf([...foreign, Uint8Array.of(0x98, 0), Uint8Array.of(0xdc, 0, 32, 1)]);

    assert.equal(scan.index, emptyIndex());
    assert.equal(scan.events, []);
  });
});

function scanOf(payloads: readonly Uint8Array[]) {
  const bytes = new Uint8Array(65_536);
  bytes.set(encodeHeader());
  let at = HEADER_BYTES;
  for (const payload of payloads) at = putFrame(bytes, at, payload) ?? at;
  return scanSegment(bytes, at);
}
