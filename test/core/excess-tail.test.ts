import * as assert from 'uvu/assert';
import { exceed, forget, type Tail, thresholdOf } from '../../src/core/excess-tail.ts';
import { createRandom } from '../fake/random.ts';
import { suite } from '../helper.ts';

suite('core/excess-tail', ({ test }) => {
  test('nothing seen is no reason to wait for more than the least', () => {
    assert.is(thresholdOf({ rounds: 0, count: 0, logSum: 0 }), 4.2);
  });

  test('the threshold of a Pareto tail is where 35 000 rounds have one', () => {
    for (const index of [0.25, 0.5]) {
      const random = createRandom(7);
      const tail: Tail = { rounds: 0, count: 0, logSum: 0 };
      for (let round = 0; round < 200_000; round++) {
        forget(tail);
        // One round in fifty is beyond three.
        if (random.chance(0.02)) exceed(tail, 3 * (1 - random.unit()) ** -index, 1);
      }
      const wanted = 3 * (0.02 * 35_000) ** index;

      const ratio = thresholdOf(tail) / wanted;
      assert.ok(ratio > 0.8 && ratio < 1.25, `${index}: ${ratio}`);
    }
  });

  test('what is not in the tail does not move it, more of the same makes it higher', () => {
    const tail: Tail = { rounds: 1000, count: 4, logSum: 0.4 };
    const before = thresholdOf(tail);
    exceed(tail, 2.9, 10);
    assert.is(thresholdOf(tail), before);

    exceed(tail, 9, 10);
    assert.ok(thresholdOf(tail) > before);
  });

  test('an old exceedance fades', () => {
    const tail: Tail = { rounds: 1000, count: 40, logSum: 20 };
    for (let round = 0; round < 300_000; round++) forget(tail);

    assert.is(thresholdOf(tail), 4.2);
  });
});
