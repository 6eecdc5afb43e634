import { equal, is, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { openWorld, target4, type World } from './smokeping-rig.ts';

const COUNT = 300;

function crowded(): World {
  const world = openWorld();
  const ids = Array.from({ length: COUNT }, (_, n) => `t${n}`);
  for (const [n, id] of ids.entries()) {
    world.names.set(`${id}.example`, `198.18.${n >> 8}.${n & 255}`);
  }
  world.configure(...ids.map((id) => target4(id)));
  return world;
}

/** Steps until the look is over; how many look-ups each began. */
function stepsOf(world: World): number[] {
  const begun: number[] = [];
  for (let isOver = false; !isOver && begun.length < 1000; ) {
    const before = world.names.asked.size;
    isOver = world.smokeping.maintain();
    begun.push(world.names.asked.size - before);
  }
  return begun;
}

suite('smokeping-look', (s) => {
  s.test('begins the first look-ups at once, and the others a few at a time', () => {
    const world = crowded();
    const atOnce = world.names.asked.size;
    ok(atOnce >= 8 && atOnce <= 32, `${atOnce}`);

    const begun = stepsOf(world);

    is(world.names.asked.size, COUNT);
    ok(Math.max(...begun) <= 32, begun.join(' '));
  });

  s.test('looks once a second, and a mere look at a thousand is a few steps', async () => {
    const world = crowded();
    await world.run(2);
    while (!world.smokeping.maintain());
    ok(world.smokeping.maintain(), 'it is not time yet');
    equal(stepsOf(world), [0]);

    world.rig.clock.advanceMs(1001);
    world.smokeping.collect();
    ok(!world.smokeping.maintain());
    ok(stepsOf(world).length < 4);
    equal([...world.names.asked.values()], new Array(COUNT).fill(1));
  });

  s.test('all of a crowd are measured within a second', async () => {
    const world = crowded();
    await world.run(2);

    for (const one of world.smokeping.snapshots()) {
      is(one.state, 'measuring');
      ok(one.counters.sent >= 1, `${one.target}: ${one.counters.sent}`);
    }
  });

  s.test('a crowd that is removed is freed in steps, each with all of its rounds', async () => {
    const world = crowded();
    await world.run(40, 10);
    world.configure(target4('t0'));
    await world.run(60, 10);

    const sent = world.rounds.reduce((sum, round) => sum + round.sent, 0);
    const old = world.retired();
    is(old.length, COUNT - 1);
    const counted = old.reduce((sum, { counters }) => sum + counters.sent, 0);
    const own = world.roundsOf('t0').reduce((sum, round) => sum + round.sent, 0);
    is(counted, sent - own);
  });
});
