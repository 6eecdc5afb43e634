import * as assert from 'uvu/assert';
import { startSlice } from '../../src/probe/time-slice.ts';
import { suite } from '../helper.ts';

suite('probe/time-slice', ({ test }) => {
  test('is over after some milliseconds, and begins again after a turn of the loop', async () => {
    const slice = startSlice();
    assert.not.ok(slice.isOver());
    work(6);
    assert.ok(slice.isOver());

    let isTurn = false;
    setImmediate(() => {
      isTurn = true;
    });
    await slice.next();
    assert.ok(isTurn);
    assert.not.ok(slice.isOver());
  });

  test('looks at the clock once in so many calls', () => {
    const slice = startSlice(4);
    work(6);

    assert.equal(
      [1, 2, 3, 4, 5].map(() => slice.isOver()),
      [false, false, false, true, false],
    );
  });
});

function work(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) {}
}
