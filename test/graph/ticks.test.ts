import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { niceStep, timeTicks, valueTicks } from '../../src/graph/ticks.ts';
import { suite } from '../helper.ts';

const HOUR_MS = 3_600_000;
const FROM_MS = Date.parse('2026-11-22T13:30:30Z');

suite('graph/ticks', (s) => {
  s.test('a step is 1, 2, 2.5 or 5 times a power of ten', () => {
    assert.equal([0.7, 1, 1.1, 2.1, 2.6, 5.1, 230].map(niceStep), [1, 1, 2, 2.5, 5, 10, 250]);
  });

  s.test('ticks begin at zero and end at or above the top', () => {
    assert.equal(valueTicks(18, 4), [0, 5, 10, 15, 20]);
    assert.equal(valueTicks(0.3, 4), [0, 0.1, 0.2, 0.3]);
  });

  s.test('whatever the top, there are as many steps as wanted or fewer, all equal', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 6e10, noNaN: true }),
        fc.integer({ min: 1, max: 8 }),
        (top, count) => {
          const ticks = valueTicks(top, count);
          const last = ticks.at(-1) ?? 0;
          assert.ok(ticks.length >= 2 && ticks.length <= count + 2);
          assert.ok(last >= top * (1 - 1e-6));
          const step = ticks[1] ?? 0;
          for (const [index, tick] of ticks.entries())
            assert.ok(Math.abs(tick - index * step) <= step * 1e-6);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  s.test('a top that is no number still gives an axis', () => {
    assert.ok(valueTicks(Number.NaN, 4).length >= 2);
    assert.ok(valueTicks(0, 4).length >= 2);
  });

  s.test('times stand on round clock times of the day in UTC', () => {
    const clocks = (hours: number): string[] =>
      timeTicks(FROM_MS, FROM_MS + hours * HOUR_MS, 7).map((ms) =>
        new Date(ms).toISOString().slice(11, 16),
      );
    assert.equal(clocks(1), ['13:40', '13:50', '14:00', '14:10', '14:20', '14:30']);
    assert.equal(clocks(6), ['14:00', '15:00', '16:00', '17:00', '18:00', '19:00']);
    assert.equal(clocks(24), ['16:00', '20:00', '00:00', '04:00', '08:00', '12:00']);
  });

  s.test('a span of years is bounded in ticks', () => {
    assert.ok(timeTicks(0, 50 * 365 * 24 * HOUR_MS, 7).length <= 64);
  });
});
