import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { type HopCount, judgeLoss, poolLoss, wilson } from '../../src/core/path-loss.ts';
import { suite } from '../helper.ts';

suite('core/path-loss', ({ test }) => {
  test('a clean path loses nothing anywhere', () => {
    assert.equal(kinds([100, 100, 100]), ['none', 'none', 'none']);
    assert.is(judgeLoss(hops([100, 100]), true)[0]?.percent, 0);
  });

  test('a router that limits its answers is not blamed', () => {
    const judged = judgeLoss(hops([100, 40, 100, 100]), true);

    assert.equal(judged.map(({ kind }) => kind).join(' '), 'none none none none');
    assert.is(judged[1]?.percent, 0);
  });

  test('loss on the way shows from where it begins to the target', () => {
    const judged = judgeLoss(hops([100, 30, 80, 55, 81]), true);

    assert.equal(kinds([100, 30, 80, 55, 81]), [
      'none',
      'forwarding',
      'forwarding',
      'forwarding',
      'forwarding',
    ]);
    assert.equal(
      judged.map(({ percent }) => Math.round(percent ?? -1)),
      [0, 19, 19, 19, 19],
    );
  });

  test('a router that never answers is silent, and takes the loss of the next', () => {
    const judged = judgeLoss(hops([100, 0, 90]), true);

    assert.equal(
      judged.map(({ kind }) => kind),
      ['none', 'silent', 'forwarding'],
    );
    assert.is(Math.round(judged[1]?.percent ?? -1), 10);
  });

  test('where nothing answers any more nothing is known', () => {
    const judged = judgeLoss(hops([100, 0, 0]), false);

    assert.equal(
      judged.map(({ kind }) => kind),
      ['none', 'unknown', 'unknown'],
    );
    assert.equal(judged[2], { kind: 'unknown', percent: null, percentMin: null, percentMax: null });
  });

  test('the last router before silence is not blamed for what it does not answer', () => {
    assert.equal(kinds([100, 50, 0], false), ['none', 'unknown', 'unknown']);
    assert.equal(kinds([100, 50], true), ['none', 'forwarding']);
  });

  test('one packet that the target lost is loss, with bounds that say how little it is', () => {
    const [first, target] = judgeLoss(hops([100, 99]), true);

    assert.is(first?.kind, 'none');
    assert.is(target?.kind, 'forwarding');
    assert.ok((target?.percentMin ?? 0) > 0 && (target?.percentMin ?? 1) < 0.2);
    assert.ok((target?.percentMax ?? 0) > 5);
  });

  test('a hop that was hardly asked yet clears nobody', () => {
    const counts = [
      { sent: 100, received: 80 },
      { sent: 3, received: 3 },
    ];

    assert.is(Math.round(judgeLoss(counts, true)[0]?.percent ?? -1), 20);
    assert.is(judgeLoss(counts, true)[1]?.percent, 0);
  });

  test('loss never falls along a path that is asked evenly, nor exceeds what a hop lost', () => {
    const answered = fc.array(fc.nat(50), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(answered, fc.boolean(), (received, reached) => {
        const counts = received.map((n) => ({ sent: 50, received: n }));
        const judged = judgeLoss(counts, reached);
        let before = 0;
        for (const [i, { percent }] of judged.entries()) {
          if (percent === null) continue;
          assert.ok(percent >= before);
          assert.ok(percent <= 100 - (100 * (counts[i]?.received ?? 0)) / 50 + 1e-9);
          before = percent;
        }
      }),
    );
  });

  test('Wilson’s interval is that of the textbook', () => {
    const { min, max } = wilson(10, 100);
    assert.ok(Math.abs(min - 0.05523) < 1e-5 && Math.abs(max - 0.17437) < 1e-5);
    assert.equal(wilson(0, 30).min, 0);
    assert.equal(wilson(30, 30).max, 1);
    assert.equal(wilson(0, 0), { min: 0, max: 1 });
    assert.ok(wilson(1, 30).min > 0);
  });

  test('ten rounds are pooled and older ones forgotten', () => {
    const window = poolLoss();
    window.add(new Map([[1, { sent: 10, received: 0 }]]));
    for (let i = 0; i < 10; i++) window.add(new Map([[1, { sent: 10, received: 9 }]]));

    assert.equal(window.countOf(1), { sent: 100, received: 90 });
    assert.equal(window.countOf(2), { sent: 0, received: 0 });
  });
});

function hops(received: readonly number[]): HopCount[] {
  return received.map((n) => ({ sent: 100, received: n }));
}

function kinds(received: readonly number[], reached = true): string[] {
  return judgeLoss(hops(received), reached).map(({ kind }) => kind);
}
