import { equal, is } from 'uvu/assert';
import { mean, median, pairedRatio, quantile, spread } from '../../bench/statistics.ts';
import { suite } from '../helper.ts';

const HUNDRED = Array.from({ length: 100 }, (_, i) => 100 - i);

suite('bench/statistics', ({ test }) => {
  test('takes the nearest rank, without a value that was not measured', () => {
    is(quantile([4, 1, 3, 2], 0.5), 2);
    is(quantile(HUNDRED, 0.99), 99);
    is(quantile(HUNDRED, 0.999), 100);
    is(quantile(HUNDRED, 0), 1);
    is(quantile(HUNDRED, 0.07), 7);
    is(median([7]), 7);
  });

  test('knows no figure of nothing, and counts nothing where NaN is', () => {
    equal(spread([Number.NaN, 2, Number.NaN]), { count: 1, p50: 2, p99: 2, p999: 2, max: 2 });
    is(Number.isNaN(median([])), true);
    is(Number.isNaN(spread([]).max), true);
  });

  test('leaves what it is given in its order', () => {
    const values = [3, 1, 2];
    median(values);
    equal(values, [3, 1, 2]);
  });

  test('sums up a sample', () => {
    equal(spread(HUNDRED), { count: 100, p50: 50, p99: 99, p999: 100, max: 100 });
    is(mean([1, 2, 6]), 3);
  });

  test('compares neighbours in time, whatever slows both', () => {
    // The machine is twice and five times as slow in the second and third round.
    is(pairedRatio([95, 47.5, 19], [100, 50, 20]), 0.95);
    is(pairedRatio([90, 1, Number.NaN], [100, Number.NaN, 5]), 0.9);
    is(pairedRatio([90, 1], [100]), 0.9);
  });
});
