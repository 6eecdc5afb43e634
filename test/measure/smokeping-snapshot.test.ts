import { equal, is, ok } from 'uvu/assert';
import type { SeriesSnapshot } from '../../src/core/snapshot.ts';
import { suite } from '../helper.ts';
import { openWorld, target4, type World } from './smokeping-rig.ts';

const IDS = ['a', 'b', 'c', 'd'];

async function measuring(ids: readonly string[] = IDS): Promise<World> {
  const world = openWorld();
  for (const [n, id] of ids.entries()) world.names.set(`${id}.example`, `198.18.0.${n + 1}`);
  world.configure(...ids.map((id) => target4(id)));
  await world.run(40);
  return world;
}

/** Reads as many as `count`, lets something happen, and reads the rest. */
async function interrupted(
  world: World,
  count: number,
  happen: () => Promise<void>,
): Promise<SeriesSnapshot[]> {
  const steps = world.smokeping.snapshots();
  const all: SeriesSnapshot[] = [];
  for (let n = 0; n < count; n++) {
    const step = steps.next();
    if (!step.done) all.push(step.value);
  }
  await happen();
  return [...all, ...steps];
}

function told(all: readonly SeriesSnapshot[]): string[] {
  return all.map(({ target, ip, current }) => `${target} ${ip}${current ? '' : ' replaced'}`);
}

async function moved(world: World, id: string): Promise<void> {
  world.names.set(`${id}.example`, '198.18.9.9');
  await world.run(31);
}

suite('smokeping-snapshot', (s) => {
  s.test('reads current series in the order of the configuration, then replaced ones', async () => {
    const world = await measuring();
    await moved(world, 'b');
    world.configure(target4('d'), target4('b'), target4('a'));
    await world.run(10);

    equal(told([...world.smokeping.snapshots()]), [
      'd 198.18.0.4',
      'b 198.18.9.9',
      'a 198.18.0.1',
      'b 198.18.0.2 replaced',
      'c 198.18.0.3 replaced',
    ]);
  });

  for (const [count, when] of [
    [0, 'before it was read'],
    [2, 'after it was read'],
    [4, 'after all current ones were read'],
  ] as const) {
    s.test(`a series that is replaced ${when} is shown once`, async () => {
      const world = await measuring();
      const all = await interrupted(world, count, () => moved(world, 'b'));

      const of = told(all).filter((text) => text.startsWith('b '));
      const isRead = count > 1;
      equal(of, isRead ? ['b 198.18.0.2'] : ['b 198.18.9.9', 'b 198.18.0.2 replaced']);
      equal(new Set(all.map(({ target }) => target)), new Set(IDS));
    });
  }

  s.test('also when it is drained and freed before the reader goes on', async () => {
    const world = await measuring();
    const all = await interrupted(world, 2, async () => {
      await moved(world, 'b');
      await world.run(80);
    });

    equal(
      told(all).filter((text) => text.startsWith('b ')),
      ['b 198.18.0.2'],
    );
  });

  s.test('a target removed or changed meanwhile neither vanishes nor comes twice', async () => {
    for (const count of [0, 1, 2, 3, 4]) {
      const world = await measuring();
      const all = await interrupted(world, count, async () => {
        world.names.set('other.example', '198.18.0.7');
        world.names.set('e.example', '198.18.0.8');
        world.configure(target4('a'), target4('c', { host: 'other.example' }), target4('e'));
        await world.run(3);
      });

      const texts = told(all);
      is(new Set(texts).size, texts.length, texts.join(', '));
      const ips = new Set(all.map(({ ip }) => ip));
      for (const n of [1, 2, 3]) ok(ips.has(`198.18.0.${n}`), `${n} of ${texts.join(', ')}`);
      ok(ips.has('198.18.0.8'), 'what is new is shown');
      const current = all.filter((one) => one.current).map(({ target }) => target);
      is(new Set(current).size, current.length, current.join(' '));
    }
  });

  s.test('the figures of one series are of one moment', async () => {
    const world = await measuring();
    const steps = world.smokeping.snapshots();
    for (const { counters, sparky } of steps) {
      is(
        sparky.counts.reduce((sum, count) => sum + count, 0),
        counters.received,
      );
      ok(counters.sent - counters.received <= 1);
      await world.run(1);
    }
  });
});
