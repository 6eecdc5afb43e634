import * as assert from 'uvu/assert';
import { weightedMedian } from '../../src/graph/weighted-median.ts';
import { random } from '../fake/page.ts';
import { suite } from '../helper.ts';

suite('graph/weighted-median', (s) => {
  s.test('equal weights give the lower middle value', () => {
    assert.is(weightedMedian([9, 1, 5], [1, 1, 1]), 5);
    assert.is(weightedMedian([9, 1, 5, 7], [1, 1, 1, 1]), 5);
  });

  s.test('a heavy value outweighs the others', () => {
    assert.is(weightedMedian([1, 2, 100], [1, 1, 30]), 100);
  });

  s.test('nothing at all is zero', () => {
    assert.is(weightedMedian([], []), 0);
  });

  s.test('long lists agree with the value found by counting', () => {
    const next = random(3);
    for (let run = 0; run < 50; run++) {
      const length = 1 + Math.floor(next() * 200);
      const values = Array.from({ length }, () => Math.floor(next() * 50));
      const weights = Array.from({ length }, () => 1 + Math.floor(next() * 30));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const below = (limit: number): number =>
        values.reduce((sum, value, at) => sum + (value <= limit ? (weights[at] ?? 0) : 0), 0);
      const expected = [...values].sort((a, b) => a - b).find((value) => below(value) >= total / 2);
      assert.is(weightedMedian([...values], [...weights]), expected);
    }
  });
});
