import * as assert from 'uvu/assert';
import { missProbability, stoppingPoint } from '../../src/core/mda-stop.ts';
import { createRandom } from '../fake/random.ts';
import { suite } from '../helper.ts';

/** As tools carry it: what the bound gives when earlier stops are not counted in. */
const TABLE_95 = [
  6, 11, 16, 21, 27, 33, 38, 44, 51, 57, 63, 70, 76, 83, 90, 96, 103, 110, 117, 124, 131, 138, 145,
  152, 159, 167, 174, 181, 189, 196, 203, 211, 218, 226, 233, 241, 248, 256, 264, 271, 279, 287,
  294, 302, 310, 318, 326, 333, 341, 349, 357, 365, 373, 381, 389,
];
const TABLE_99 = [8, 15, 21, 28, 36, 43, 51, 58, 66, 74, 82, 90, 98, 106, 115, 123];

suite('core/mda-stop', ({ test }) => {
  test('the series begins as the papers have it', () => {
    const series = [1, 2, 3, 4, 5, 6].map((known) => stoppingPoint(known, 0.05));

    assert.equal(series, [6, 11, 16, 21, 27, 33]);
    assert.equal(
      TABLE_99.map((_, i) => stoppingPoint(i + 1, 0.01)),
      TABLE_99,
    );
  });

  test('the published table is the least that leaves nothing out with 95 %', () => {
    for (const [index, probes] of TABLE_95.entries()) {
      assert.ok(missProbability(index + 2, probes) <= 0.05, `${index + 2} after ${probes}`);
      assert.ok(missProbability(index + 2, probes - 1) > 0.05, `${index + 2} before ${probes}`);
    }
  });

  test('with earlier stops counted in it takes one probe more in places, never fewer', () => {
    for (const [index, probes] of TABLE_95.entries()) {
      const more = stoppingPoint(index + 1, 0.05) - probes;
      assert.ok(more === 0 || more === 1, `${index + 1}: ${more}`);
    }
    assert.is(stoppingPoint(7, 0.05), 39);
  });

  test('the chance to miss is that of the formula', () => {
    assert.is(missProbability(2, 6), 2 * 0.5 ** 6);
    assert.is(missProbability(1, 1), 0);
    assert.is(missProbability(3, 0), 1);
    const four = 4 * 0.75 ** 16 - 6 * 0.5 ** 16 + 4 * 0.25 ** 16;
    assert.ok(Math.abs(missProbability(4, 16) - four) < 1e-12);
  });

  test('a walk that stops there misses something as often as is allowed, and hardly less', () => {
    for (const successors of [2, 4, 8, 16]) {
      const random = createRandom(successors);
      let failed = 0;
      for (let run = 0; run < 4000; run++) {
        const found = new Set<number>();
        for (let probes = 1; ; probes++) {
          found.add(random.below(successors));
          if (probes >= stoppingPoint(found.size, 0.05)) break;
        }
        if (found.size < successors) failed++;
      }
      // Four standard errors of 5 % in 4000 are 1.4 %.
      assert.ok(failed / 4000 <= 0.064, `${successors}: ${failed}`);
      assert.ok(failed / 4000 >= 0.018, `${successors}: ${failed}`);
    }
  });
});
