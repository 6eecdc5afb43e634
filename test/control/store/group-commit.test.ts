import { deepEqual, equal, rejects } from 'node:assert/strict';
import { groupCommit } from '../../../src/control/store/group-commit.ts';
import { suite } from '../../helper.ts';
import { type Lab, openLab } from '../lab.ts';

const OPTIONS = { waitMs: 2, jobsMax: 50 };

async function withLab(run: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await openLab();
  try {
    await run(lab);
  } finally {
    await lab.close();
  }
}

function keysOf({ context }: Lab): unknown[] {
  const query = "select key from meta where key like 'k%' order by key";
  return context.store.raw.prepare(query).pluck().all();
}

suite('control/store/group-commit', (s) => {
  s.test('many changes share one transaction and each gets its own answer', () =>
    withLab(async (lab) => {
      const { store } = lab.context;
      const group = groupCommit(store, OPTIONS);
      const add = store.raw.prepare('insert into meta (key, value) values (?, ?)');
      let transactions = 0;
      const write: typeof store.write = (work) => {
        transactions++;
        return store.write(work);
      };
      const counted = groupCommit({ ...store, write }, OPTIONS);

      const answers = await Promise.all(
        Array.from({ length: 120 }, (_, i) =>
          counted.run(() => {
            add.run(`k${i}`, '1');
            return i;
          }),
        ),
      );

      deepEqual(answers, [...answers.keys()]);
      equal(keysOf(lab).length, 120);
      equal(transactions, 3);
      equal(await group.run(() => 'again'), 'again');
    }),
  );

  s.test('one that fails leaves nothing behind and takes nobody along', () =>
    withLab(async (lab) => {
      const { store } = lab.context;
      const group = groupCommit(store, OPTIONS);
      const add = store.raw.prepare('insert into meta (key, value) values (?, ?)');

      const outcomes = await Promise.allSettled(
        ['k1', 'k2', 'k1', 'k3'].map((key, i) =>
          group.run(() => {
            add.run(`${key}-of-${i}`, '1');
            add.run(key, '1');
          }),
        ),
      );

      deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
      );
      deepEqual(keysOf(lab), ['k1', 'k1-of-0', 'k2', 'k2-of-1', 'k3', 'k3-of-3']);
    }),
  );

  s.test('when the transaction cannot be committed nobody is told that it was', () =>
    withLab(async (lab) => {
      const { store } = lab.context;
      const broken = groupCommit(
        {
          ...store,
          write: (work) =>
            store.write(async (db) => {
              await work(db);
              throw new Error('the disk is full');
            }),
        },
        OPTIONS,
      );
      const add = store.raw.prepare('insert into meta (key, value) values (?, ?)');

      const tries = ['k1', 'k2'].map((key) => broken.run(() => add.run(key, '1')));

      for (const one of tries) await rejects(one, /the disk is full/);
      deepEqual(keysOf(lab), []);
    }),
  );

  s.test('what comes while others are committed waits for the next transaction', () =>
    withLab(async (lab) => {
      const { store } = lab.context;
      const group = groupCommit(store, OPTIONS);
      const order: number[] = [];

      const first = group.run(() => order.push(1)).then(() => group.run(() => order.push(3)));
      const second = group.run(() => order.push(2));
      await Promise.all([first, second]);

      deepEqual(order, [1, 2, 3]);
    }),
  );
});
