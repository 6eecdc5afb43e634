import * as assert from 'uvu/assert';
import { hash32, phaseMs } from '../../src/measure/phase.ts';
import { suite } from '../helper.ts';

suite('measure/phase', ({ test }) => {
  test('the phase of a series is the same after every restart', () => {
    // Fixed values: a change of the hash would move every series of every probe.
    assert.is(hash32(''), fmix32(0x811c9dc5));
    assert.is(hash32('a'), fmix32(0xe40c292c));
    assert.is(hash32('foobar'), fmix32(0xbf9cf968));
    assert.is(phaseMs('nas', 'v4', 1000), phaseMs('nas', 'v4', 1000));
  });

  test('it lies within the interval, and the families differ', () => {
    for (const intervalMs of [10, 1000, 3_600_000]) {
      for (let i = 0; i < 1000; i++) {
        const phase = phaseMs(`target-${i}`, 'v6', intervalMs);
        assert.ok(phase >= 0 && phase < intervalMs, `${phase} of ${intervalMs}`);
      }
    }
    assert.is.not(phaseMs('nas', 'v4', 1000), phaseMs('nas', 'v6', 1000));
  });

  test('numbered names are spread evenly over the interval', () => {
    const tenths = new Array<number>(10).fill(0);
    for (let i = 0; i < 1000; i++) {
      const tenth = Math.floor(phaseMs(`10.0.${i >> 8}.${i & 255}`, 'v4', 10));
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }

    // Binomial: 100 ± 9.5; four of these either way.
    assert.ok(Math.min(...tenths) > 62 && Math.max(...tenths) < 138, tenths.join(' '));
  });
});

// The finisher of MurmurHash3, with BigInt: the FNV-1a values above are those of its reference.
function fmix32(value: number): number {
  let hash = BigInt(value);
  hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) & 0xffffffffn;
  hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) & 0xffffffffn;
  return Number(hash ^ (hash >> 16n));
}
