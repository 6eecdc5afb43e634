import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { collectSamples, type Samples } from '../../src/core/sample-figures.ts';
import { suite } from '../helper.ts';

suite('core/sample-figures', ({ test }) => {
  test('has no figures of nothing', () => {
    const samples = collectSamples(Math.random);

    assert.is(samples.figures(), null);
    assert.is(samples.jitterNs(), null);
    assert.is(samples.count(), 0);
    assert.is(samples.isExact(), true);
  });

  test('one answer is all its own figures, and spreads not at all', () => {
    const samples = collectSamples(Math.random);
    samples.add(0, 42);

    const only = { min: 42, p10: 42, p50: 42, p90: 42, p99: 42, max: 42, mean: 42, stddev: 0 };
    assert.equal(samples.figures(), only);
    assert.is(samples.jitterNs(), null);
  });

  test('percentiles are nearest ranks', () => {
    const samples = collectSamples(Math.random);
    for (let i = 100; i >= 1; i--) samples.add(i, i * 1000);
    const figures = samples.figures();

    assert.equal(
      [figures?.p10, figures?.p50, figures?.p90, figures?.p99],
      [10_000, 50_000, 90_000, 99_000],
    );
  });

  test('agrees with figures over the whole list', () => {
    const rtts = fc.array(fc.integer({ min: 1, max: 60_000_000_000 }), { minLength: 2 });
    fc.assert(
      fc.property(rtts, (values) => {
        const figures = collectAll(values).figures();
        const sorted = [...values].sort((a, b) => a - b);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);

        assert.is(figures?.min, sorted[0]);
        assert.is(figures?.max, sorted[sorted.length - 1]);
        assert.is(figures?.p50, sorted[Math.ceil(values.length / 2) - 1]);
        assertNear(figures?.mean, mean);
        assertNear(figures?.stddev, Math.sqrt(squares / (values.length - 1)));
      }),
    );
  });

  test('the spread of RTTs that are nearly the same is not lost in their size', () => {
    const figures = collectAll([6e10 + 1, 6e10 + 2, 6e10 + 3]).figures();

    assertNear(figures?.stddev, 1);
  });

  test('jitter is over neighbours that were both answered, in whatever order', () => {
    const samples = collectSamples(Math.random);
    // Attempt 3 is lost: |20 − 10|, |50 − 20| and |90 − 70|.
    for (const [attempt, rtt] of [
      [2, 50],
      [0, 10],
      [5, 90],
      [1, 20],
      [4, 70],
    ] as const) {
      samples.add(attempt, rtt);
    }

    assert.is(samples.jitterNs(), 20);
  });

  test('jitter does not depend on the order of answers', () => {
    const answers = fc.uniqueArray(fc.nat(200), { minLength: 2, maxLength: 100 });
    fc.assert(
      fc.property(answers, (attempts) => {
        const forth = collectSamples(Math.random);
        const back = collectSamples(Math.random);
        const sorted = [...attempts].sort((a, b) => a - b);
        for (const attempt of attempts) forth.add(attempt, rttOf(attempt));
        for (const attempt of sorted) back.add(attempt, rttOf(attempt));

        assert.is(forth.jitterNs(), back.jitterNs());
      }),
    );
  });

  test('an answer from long ago is no neighbour of one in the same place', () => {
    const samples = collectSamples(Math.random);
    samples.add(0, 10);
    samples.add(8193, 99);

    assert.is(samples.jitterNs(), null);
  });

  test('beyond its bound the sample is uniform, and says that it is one', () => {
    const samples = collectSamples(sequence(), 2000);
    for (let i = 0; i < 40_000; i++) samples.add(i, i);
    const figures = samples.figures();

    assert.is(samples.isExact(), false);
    assert.is(samples.count(), 40_000);
    assert.equal([figures?.min, figures?.max, figures?.mean], [0, 39_999, 19_999.5]);
    // Three standard errors of a median of 2000.
    assert.ok(Math.abs((figures?.p50 ?? 0) - 20_000) < 1400, `p50 ${figures?.p50}`);
    assert.ok(Math.abs((figures?.p90 ?? 0) - 36_000) < 900, `p90 ${figures?.p90}`);
  });

  test('at its bound all is still exact', () => {
    const samples = collectSamples(() => 0, 3);
    for (const rtt of [1, 2, 3]) samples.add(rtt, rtt);
    assert.is(samples.isExact(), true);

    samples.add(4, 4);
    assert.is(samples.isExact(), false);
  });
});

function collectAll(values: readonly number[]): Samples {
  const samples = collectSamples(Math.random);
  for (const [attempt, value] of values.entries()) samples.add(attempt, value);
  return samples;
}

function rttOf(attempt: number): number {
  return (attempt * 7919) % 1009;
}

function assertNear(actual: number | undefined, wanted: number): void {
  const isNear = Math.abs((actual ?? Number.NaN) - wanted) <= 1e-9 * Math.abs(wanted) + 1e-6;
  assert.ok(isNear, `${actual} is not ${wanted}`);
}

/** The same numbers in every run (the generator of Numerical Recipes). */
function sequence(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
