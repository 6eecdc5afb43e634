import * as assert from 'uvu/assert';
import {
  formatBytes,
  formatClockSeconds,
  formatCount,
  formatDate,
  formatDuration,
  formatInstant,
  formatMoment,
  formatPercent,
  formatRtt,
  formatRttTick,
  formatSigned,
  isoTime,
} from '../../src/graph/format.ts';
import { suite } from '../helper.ts';

const plain = (text: string): string => text.replaceAll('\u202f', ' ');
const at = (text: string): number => Date.parse(text);

suite('graph/format', (s) => {
  s.test('a round-trip time has three significant digits and a unit that fits', () => {
    const cases: Array<[number, string]> = [
      [23_400, '23.4 µs'],
      [410_000, '410 µs'],
      [8_312_345, '8.31 ms'],
      [12_000_000, '12.0 ms'],
      [1_240_000_000, '1.24 s'],
      [60_000_000_000, '60.0 s'],
      [0, '0 µs'],
    ];
    for (const [ns, text] of cases) assert.is(plain(formatRtt(ns)), text);
  });

  s.test('a value that rounds up to a thousand moves to the next unit', () => {
    assert.is(plain(formatRtt(999_600)), '1.00 ms');
    assert.is(plain(formatRtt(999_400)), '999 µs');
    assert.is(plain(formatRtt(999_600_000)), '1.00 s');
  });

  s.test('the unit is kept on the line by a narrow no-break space', () => {
    assert.is(formatRtt(8e6), '8.00\u202fms');
    assert.is(formatPercent(1.3), '1.3\u202f%');
  });

  s.test('ticks of an axis share the unit of its top and zero needs none', () => {
    assert.equal(
      [0, 500_000, 1_000_000].map((ns) => plain(formatRttTick(ns, 1_000_000))),
      ['0', '0.5 ms', '1 ms'],
    );
    assert.is(plain(formatRttTick(250_000, 750_000)), '250 µs');
  });

  s.test('no loss and full loss are never said of almost', () => {
    assert.is(plain(formatPercent(0)), '0 %');
    assert.is(plain(formatPercent(100)), '100 %');
    assert.is(plain(formatPercent(99.98)), '99.9 %');
    assert.is(plain(formatPercent(0.0002)), '<0.001 %');
    assert.is(plain(formatPercent(0.0447)), '0.045 %');
    assert.is(plain(formatPercent(12.345)), '12.3 %');
  });

  s.test('a duration has the two largest units at most', () => {
    const cases: Array<[number, string]> = [
      [-5, '0 s'],
      [12_900, '12 s'],
      [240_000, '4 min'],
      [250_000, '4 min 10 s'],
      [23 * 60_000 + 59_000, '23 min'],
      [12_000_000, '3 h 20 min'],
      [100 * 3_600_000, '4 d 4 h'],
    ];
    for (const [ms, text] of cases) assert.is(plain(formatDuration(ms)), text);
  });

  s.test('counts are grouped and bytes have a binary unit', () => {
    assert.is(plain(formatCount(1_234_567)), '1 234 567');
    assert.is(plain(formatCount(999)), '999');
    assert.is(plain(formatBytes(512)), '512 B');
    assert.is(plain(formatBytes(13_000_000)), '12.4 MiB');
    assert.is(plain(formatBytes(1023 * 1024)), '0.999 MiB');
  });

  s.test('a difference keeps its sign', () => {
    assert.is(plain(formatSigned(400_000)), '+400 µs');
    assert.is(plain(formatSigned(-128_000_000)), '−128 ms');
  });

  s.test('a moment of another day bears its date', () => {
    const now = at('2026-11-22T14:30:04Z');
    assert.is(formatMoment(at('2026-11-22T00:00:00Z'), now), '00:00');
    assert.is(plain(formatMoment(at('2026-11-21T23:59:59Z'), now)), '21 Nov 23:59');
    assert.is(formatInstant(at('2026-11-22T14:02:11Z'), now), '14:02:11');
    assert.is(plain(formatInstant(at('2026-01-02T03:04:05Z'), now)), '2 Jan 03:04:05');
    assert.is(formatClockSeconds(at('2026-11-22T14:02:11Z')), '14:02:11');
    assert.is(plain(formatDate(at('2026-03-01T00:00:00Z'))), '1 Mar');
  });

  s.test('a time that no calendar holds does not throw', () => {
    assert.is(isoTime(Number.NaN), '1970-01-01T00:00:00.000Z');
    assert.is(isoTime(1e300), '1970-01-01T00:00:00.000Z');
  });
});
