import * as assert from 'uvu/assert';
import { lossPercent, spanFigures } from '../../src/graph/figures.ts';
import { fakeRound, random } from '../fake/page.ts';
import { suite } from '../helper.ts';

const MS = 1e6;

/** Rounds of samples from `draw`, and what is true of all samples together. */
function sampled(draw: (next: () => number, round: number) => number, echoes = 30) {
  const next = random(7);
  const all: number[] = [];
  const rounds = Array.from({ length: 120 }, (_, round) => {
    const samples = Array.from({ length: echoes }, () => draw(next, round) * MS);
    all.push(...samples);
    return fakeRound(samples);
  });
  all.sort((a, b) => a - b);
  const rank = (share: number): number => all[Math.ceil(share * all.length) - 1] ?? 0;
  return { figures: spanFigures(rounds), median: rank(0.5), p99: rank(0.99) };
}

function isNear(actual: number | null, expected: number, share: number): void {
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= share * expected,
    `${actual} is not within ${100 * share} % of ${expected}`,
  );
}

suite('graph/figures', (s) => {
  s.test('no rounds give zeros and nulls', () => {
    const figures = spanFigures([]);
    assert.is(figures.sent, 0);
    assert.is(figures.lossPercent, null);
    assert.is(figures.medianNs, null);
    assert.is(figures.p99Ns, null);
    assert.is(figures.minNs, null);
    assert.is(figures.maxNs, null);
    assert.is(figures.jitterNs, null);
  });

  s.test('loss is of the echoes whose fate is known', () => {
    assert.is(lossPercent({ received: 27, lost: 3 }), 10);
    assert.is(lossPercent({ received: 0, lost: 30 }), 100);
    assert.is(lossPercent({ received: 0, lost: 0 }), null);
  });

  s.test('counts, minimum and maximum merge exactly', () => {
    const figures = spanFigures([
      fakeRound([5 * MS, 6 * MS], { sent: 3 }),
      fakeRound([], { sent: 30 }),
      fakeRound([4 * MS, 90 * MS]),
    ]);
    assert.is(figures.sent, 35);
    assert.is(figures.received, 4);
    assert.is(figures.lost, 31);
    assert.is(figures.samples, 4);
    assert.is(figures.minNs, 4 * MS);
    assert.is(figures.maxNs, 90 * MS);
  });

  s.test('the median of one round is its own and exact', () => {
    const figures = spanFigures([fakeRound([5 * MS, 6 * MS, 9 * MS])]);
    assert.is(figures.medianNs, 6 * MS);
    assert.is(figures.medianExact, true);
    assert.is(spanFigures([fakeRound([MS]), fakeRound([MS])]).medianExact, false);
    assert.is(spanFigures([fakeRound([MS], { exact: false })]).medianExact, false);
  });

  s.test('the median is weighted by the replies, not by the rounds', () => {
    const heavy = fakeRound(Array.from({ length: 30 }, () => 20 * MS));
    const figures = spanFigures([fakeRound([5 * MS]), fakeRound([5 * MS]), heavy]);
    assert.is(figures.medianNs, 20 * MS);
  });

  s.test('p99 of fewer than 100 replies is their maximum, and exact', () => {
    const figures = spanFigures([fakeRound([5 * MS, 70 * MS]), fakeRound([6 * MS])]);
    assert.is(figures.p99Ns, 70 * MS);
    assert.is(figures.exact, true);
    const many = Array.from({ length: 100 }, () => MS);
    assert.is(spanFigures([fakeRound(many)]).exact, false);
  });

  s.test('a calm line is estimated within half a percent', () => {
    const { figures, median, p99 } = sampled((next) => 8 + 0.2 * next());
    isNear(figures.medianNs, median, 0.005);
    isNear(figures.p99Ns, p99, 0.005);
  });

  s.test('a long tail is estimated within a tenth', () => {
    const exponential = sampled((next) => 5 - Math.log(1 - next()) * 1.2);
    isNear(exponential.figures.p99Ns, exponential.p99, 0.05);
    const heavy = sampled((next) => 5 + (1 - next()) ** -0.7);
    isNear(heavy.figures.p99Ns, heavy.p99, 0.1);
  });

  s.test('spikes rarer than one in a hundred do not become the p99', () => {
    for (const echoes of [30, 29, 25]) {
      const rare = sampled((next) => 8 + 0.2 * next() + (next() < 0.003 ? 50 : 0), echoes);
      isNear(rare.figures.p99Ns, rare.p99, 0.05);
    }
  });

  s.test('spikes more frequent than that do', () => {
    const often = sampled((next) => 8 + 0.2 * next() + (next() < 0.02 ? 50 : 0));
    isNear(often.figures.p99Ns, often.p99, 0.02);
  });

  s.test('a bad minute is seen in the p99 and not in the median', () => {
    const bad = sampled((next, round) => (round > 50 && round < 54 ? 100 : 8) + next());
    isNear(bad.figures.medianNs, bad.median, 0.02);
    isNear(bad.figures.p99Ns, bad.p99, 0.05);
  });

  s.test('the median between two modes is one of them', () => {
    const { figures } = sampled((next) => (next() < 0.5 ? 5 : 20));
    assert.ok(figures.medianNs === 5 * MS || figures.medianNs === 20 * MS);
  });

  s.test('jitter is weighted by the replies', () => {
    const figures = spanFigures([
      fakeRound(
        Array.from({ length: 30 }, () => MS),
        { jitterNs: 100 },
      ),
      fakeRound(
        Array.from({ length: 10 }, () => MS),
        { jitterNs: 500 },
      ),
      fakeRound([MS], { jitterNs: null }),
    ]);
    assert.is(figures.jitterNs, 200);
  });
});
