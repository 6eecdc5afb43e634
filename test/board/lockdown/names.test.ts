import { deepEqual, equal } from 'node:assert/strict';
import { openNameLooker } from '../../../src/board/lockdown/names.ts';
import { suite } from '../../helper.ts';

suite('names of whom the board must reach', (s) => {
  s.test('are asked for at once, and again after a while', async () => {
    let nowMs = 0;
    const asked: string[] = [];
    const looker = openNameLooker({
      hosts: ['a.example', 'b.example', 'down.example'],
      monotonicMs: () => nowMs,
      async lookup(host) {
        asked.push(host);
        if (host === 'down.example') throw new Error('nobody answers');
        return ['192.0.2.1'];
      },
    });

    await looker.settle(1000);

    deepEqual(asked, ['a.example', 'b.example', 'down.example']);
    deepEqual(
      looker.take().map(({ host }) => host),
      ['a.example', 'b.example'],
    );
    deepEqual(looker.take(), []);
    for (const [atMs, count] of [
      [9_000, 3],
      [11_000, 4],
      [301_000, 7],
    ] as const) {
      nowMs = atMs;
      await looker.settle(1000);
      equal(asked.length, count, `${atMs}`);
    }
  });

  s.test('one that hangs holds nobody up, and is not asked twice', async () => {
    let asked = 0;
    const looker = openNameLooker({
      hosts: ['slow.example'],
      monotonicMs: () => performance.now(),
      lookup: () => {
        asked++;
        return new Promise(() => undefined);
      },
    });
    const beganMs = performance.now();

    await looker.settle(50);
    looker.refresh();

    equal(performance.now() - beganMs < 2000, true);
    equal(asked, 1);
  });

  s.test('without lookup the machine’s own way is taken', async () => {
    const looker = openNameLooker({
      hosts: ['localhost'],
      monotonicMs: () => performance.now(),
    });
    await looker.settle(5000);
    equal(
      looker.take()[0]?.addresses.some((one) => /^(127\.|::1)/.test(one)),
      true,
    );
  });
});
