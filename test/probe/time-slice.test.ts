import * as assert from 'uvu/assert';
import { startSlice } from '../../src/probe/time-slice.ts';
import { suite } from '../helper.ts';

suite('probe/time-slice', ({ test }) => {
  test('is over after a moment, and begins again after a turn of the loop', async () => {
    const slice = startSlice();
    await slice.next();
    assert.not.ok(slice.isOver());
    work(3);
    assert.ok(slice.isOver());

    let isTurn = false;
    setTimeout(() => {
      isTurn = true;
    }, 0);
    work(3);
    await slice.next();
    assert.ok(isTurn);
    assert.not.ok(slice.isOver());
  });

  test('looks at the clock once in so many calls', async () => {
    const slice = startSlice(4);
    await slice.next();
    work(3);

    assert.equal(
      [1, 2, 3, 4, 5].map(() => slice.isOver()),
      [false, false, false, true, false],
    );
  });

  test('is one for all work: what begins while another is at it waits for its turn', async () => {
    await startSlice().next();
    work(3);

    assert.ok(startSlice().isOver());
  });

  test('lets a timer that is due run between two slices, also of different work', async () => {
    const order: string[] = [];
    async function long(name: string): Promise<void> {
      const slice = startSlice();
      for (let count = 0; count < 5; count++) {
        await slice.next();
        order.push(name);
        work(3);
      }
    }
    const timer = setInterval(() => order.push('timer'), 1);
    await Promise.all([long('a'), long('b'), long('c')]);
    clearInterval(timer);

    for (const [at, name] of order.entries()) {
      const isSlice = name !== 'timer' && at > 0;
      assert.ok(!isSlice || order[at - 1] === 'timer', order.join(' '));
    }
    const slices = order.filter((name) => name !== 'timer');
    assert.equal(slices.slice(0, 6), ['a', 'b', 'c', 'a', 'b', 'c']);
  });

  test('lets a timer run before work that was begun by I/O', async () => {
    const fs = process.getBuiltinModule('node:fs').promises;
    for (let count = 0; count < 5; count++) {
      let isTimer = false;
      const read = fs.readFile(new URL(import.meta.url));
      setTimeout(() => {
        isTimer = true;
      }, 1);
      work(3);
      await read;
      await startSlice().next();
      assert.ok(isTimer);
    }
  });
});

function work(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) {}
}
