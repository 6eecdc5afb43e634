import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  addProbe,
  emptyHopSum,
  type HopSum,
  hopRtt,
  lossPercentOf,
  mergeHopSums,
} from '../../src/core/hop-figures.ts';
import { suite } from '../helper.ts';

suite('core/hop-figures', ({ test }) => {
  test('has no figures of nothing', () => {
    assert.is(hopRtt(emptyHopSum()), null);
    assert.is(lossPercentOf(emptyHopSum()), null);
  });

  test('one answer is all its own figures and has no jitter', () => {
    const only = { last: 7, avg: 7, best: 7, worst: 7, stdev: 0, jitter: null };
    assert.equal(hopRtt(sumOf([7])), only);
  });

  test('the figures are those of mtr, its deviation that of a sample', () => {
    const sum = sumOf([2, null, 4, 9]);

    assert.is(lossPercentOf(sum), 25);
    // Squares 9 + 1 + 16 over n − 1; differences 2 and 5, over the lost probe.
    const wanted = { last: 9, avg: 5, best: 2, worst: 9, stdev: Math.sqrt(13), jitter: 3.5 };
    assert.equal(hopRtt(sum), wanted);
  });

  test('an answer without a stamp is received and enters no RTT', () => {
    const sum = sumOf([5]);
    addProbe(sum, { isLost: false, rttNs: null });

    assert.equal([sum.sent, sum.received, lossPercentOf(sum)], [2, 2, 0]);
    assert.is(hopRtt(sum)?.avg, 5);
  });

  test('rounds put together are as if they had been one', () => {
    const rtt = fc.option(fc.integer({ min: 1, max: 60_000_000_000 }));
    fc.assert(
      fc.property(fc.array(fc.array(rtt), { minLength: 1 }), (rounds) => {
        const merged = rounds.map(sumOf).reduce(mergeHopSums);
        assertSame(merged, sumOf(rounds.flat()));
      }),
    );
  });

  test('merging leaves its parts alone', () => {
    const [first, second] = [sumOf([1, 2]), sumOf([3])];
    mergeHopSums(first, second);

    assert.equal([first, second], [sumOf([1, 2]), sumOf([3])]);
  });
});

function sumOf(rtts: readonly (number | null)[]): HopSum {
  const sum = emptyHopSum();
  for (const rttNs of rtts) addProbe(sum, { isLost: rttNs === null, rttNs });
  return sum;
}

function assertSame(actual: HopSum, wanted: HopSum): void {
  assert.equal([actual.sent, actual.received], [wanted.sent, wanted.received]);
  const [left, right] = [hopRtt(actual), hopRtt(wanted)];
  if (left === null || right === null) {
    assert.is(left, right);
    return;
  }
  assert.equal([left.last, left.best, left.worst], [right.last, right.best, right.worst]);
  for (const key of ['avg', 'stdev', 'jitter'] as const) {
    const [a, b] = [left[key] ?? -1, right[key] ?? -1];
    assert.ok(Math.abs(a - b) <= 1e-9 * Math.abs(b) + 1e-3, `${key}: ${a} is not ${b}`);
  }
}
