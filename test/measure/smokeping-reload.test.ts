import { equal, is, not, ok } from 'uvu/assert';
import type { TargetConfig } from '../../src/core/config.ts';
import { suite } from '../helper.ts';
import { configOf, openWorld, target, target4, type World } from './smokeping-rig.ts';

const A = '198.18.0.1';
const B = '198.18.0.2';

/** Targets a and b in IPv4, measured for a while. */
async function twoTargets(seconds = 40): Promise<World> {
  const world = openWorld();
  world.names.set('a.example', A);
  world.names.set('b.example', B);
  world.configure(target4('a'), target4('b'));
  await world.run(seconds);
  return world;
}

function sequencesOf(world: World, id: string): number[] {
  return world.roundsOf(id).map(({ sequence }) => sequence);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

suite('smokeping/reload', (s) => {
  s.test('what is not changed goes on without losing an echo or a round', async () => {
    const world = await twoTargets();
    const changes: TargetConfig[][] = [
      [target4('a', { labels: { site: 'north' } }), target4('b', { intervalMs: 500 })],
      [target4('a'), target4('c')],
      [target4('c'), target4('a')],
      [target4('a'), target('b')],
    ];

    for (const targets of changes) {
      world.configure(...targets);
      await world.run(30);
    }

    const rounds = world.roundsOf('a');
    equal(sequencesOf(world, 'a'), upTo(rounds.length));
    is(rounds.length, 5);
    ok(rounds.slice(1).every(({ sent, received }) => sent === 30 && received === 30));
    ok(rounds.slice(1).every(({ fromMs }, n) => fromMs === rounds[n]?.untilMs));
    is(world.series('a').counters.sent, world.sentTo(A));
    ok(Math.abs(world.sentTo(A) - 160) <= 1);
    equal(
      world.retired().filter(({ target: id }) => id === 'a'),
      [],
    );
  });

  s.test('labels are taken over at once', async () => {
    const world = await twoTargets();
    world.configure(target4('a', { labels: { site: 'north' } }), target4('b'));

    equal(world.series('a').labels, { site: 'north' });
    is(world.series('a').lastRound?.sequence, 0);
  });

  s.test('another interval holds from the next echo on, in the same series', async () => {
    const world = await twoTargets();
    const before = world.series('b').counters.sent;
    world.configure(target4('a'), target4('b', { intervalMs: 100 }));
    await world.run(30);
    const fast = world.series('b').counters.sent;
    world.configure(target4('a'), target4('b', { intervalMs: 5000 }));
    await world.run(30);

    ok(Math.abs(fast - before - 300) <= 10, `${fast - before} sent at 100 ms`);
    const slow = world.series('b').counters.sent - fast;
    ok(Math.abs(slow - 6) <= 1, `${slow} sent at 5 s`);
    is(world.series('b').intervalMs, 5000);
    equal(world.retired(), []);
    equal(sequencesOf(world, 'b'), upTo(world.roundsOf('b').length));
    equal(world.plans.at(-2), { packetsPerSecond: 11, intervalMsMin: 100 });
  });

  const changes: Record<string, Partial<TargetConfig>> = {
    host: { host: 'b.example' },
    size: { size: 1000 },
    tos: { tos: 184 },
    source: { source: '198.18.0.99' },
    device: { device: 'lo' },
  };
  for (const [key, change] of Object.entries(changes)) {
    s.test(`another ${key} starts a new series of the same target`, async () => {
      const world = await twoTargets();
      world.configure(target4('a', change), target4('b'));
      await world.run(65);

      const sent = world.series('a').counters.sent;
      ok(Math.abs(sent - 65) <= 1, `${sent} sent since the change`);
      const [old, ...more] = world.retired();
      is(more.length, 0);
      equal([old?.target, old?.host, old?.ip, old?.current], ['a', 'a.example', A, false]);
      ok(Math.abs((old?.counters.sent ?? 0) - 40) <= 1);
      const rounds = world.roundsOf('a');
      equal(sequencesOf(world, 'a'), upTo(rounds.length));
      const total = rounds.reduce((all, round) => all + round.sent, 0);
      ok(total >= 89, `${total} in rounds`);
      is(world.series('b').counters.sent, 105);
    });
  }

  s.test('the last round of a removed target is closed, and it is shown for an hour', async () => {
    const world = await twoTargets(45);
    world.configure(target4('a'));
    await world.run(30);

    not.ok(
      [...world.smokeping.snapshots()].some(({ current, target: id }) => current && id === 'b'),
    );
    const [old] = world.retired();
    equal([old?.target, old?.counters.sent], ['b', world.sentTo(B)]);
    ok(Math.abs(world.sentTo(B) - 45) <= 1);
    equal(sequencesOf(world, 'b'), [0, 1]);
    equal(old?.lastRound, world.roundsOf('b').at(-1));
    await world.run(3570, 1000);
    equal(world.retired(), []);
  });

  s.test('a target that comes back counts its rounds on', async () => {
    const world = await twoTargets(45);
    world.configure(target4('a'));
    await world.run(60);
    world.configure(target4('a'), target4('b'));
    await world.run(70);

    equal(sequencesOf(world, 'b'), upTo(world.roundsOf('b').length));
    ok(world.roundsOf('b').length >= 4);
  });

  s.test('nothing is sent any more once the measurement is disabled', async () => {
    const world = await twoTargets(45);
    world.smokeping.configure(configOf([target4('a'), target4('b')], false));
    const sent = world.sentTo(A) + world.sentTo(B);
    await world.run(60);

    is(world.sentTo(A) + world.sentTo(B), sent);
    equal(
      [...world.smokeping.snapshots()].filter(({ current }) => current),
      [],
    );
    equal(world.plans.at(-1), { packetsPerSecond: 0, intervalMsMin: 3_600_000 });
    equal(sequencesOf(world, 'a'), [0, 1]);
  });

  s.test('an answer about a target that was removed meanwhile begins nothing', async () => {
    const world = await twoTargets(5);
    world.names.hold('c.example', 'v4');
    world.configure(target4('a'), target4('c'));
    await world.run(5);
    world.configure(target4('a'));
    world.names.set('c.example', '198.18.0.3');
    await world.run(10);

    is(world.sentTo('198.18.0.3'), 0);
    is([...world.smokeping.snapshots()].length, 2);
  });

  s.test(
    'a look-up under way when the target is changed is put again for the new host',
    async () => {
      const world = await twoTargets(5);
      world.names.hold('slow.example', 'v4');
      world.configure(target4('a', { host: 'slow.example' }), target4('b'));
      await world.run(5);
      world.names.set('quick.example', '198.18.0.4');
      world.configure(target4('a', { host: 'quick.example' }), target4('b'));
      world.names.set('slow.example', '198.18.0.3');
      await world.run(10);

      equal([world.series('a').ip, world.series('a').host], ['198.18.0.4', 'quick.example']);
      is(world.sentTo('198.18.0.3'), 0);
    },
  );

  s.test('rounds of a freed series are given to no other, however many wait', async () => {
    const world = openWorld();
    const ids = Array.from({ length: 200 }, (_, n) => `t${n}`);
    const ipOf = (id: string): string => `198.18.1.${id.slice(1)}`;
    for (const id of ids) world.names.set(`${id}.example`, ipOf(id));
    world.configure(...ids.slice(0, 100).map((id) => target4(id)));
    await world.run(40, 100);
    world.configure(...ids.slice(100).map((id) => target4(id)));
    // The engine closes all rounds of the old ones while nobody reads.
    const { clock, engine } = world.rig;
    for (let at = 0; at < 40_000; at += 100) {
      clock.advanceMs(100);
      engine.tick(64);
    }
    world.smokeping.maintain();
    await world.run(40, 100);

    for (const round of world.rounds) is(round.ip, ipOf(round.target));
    for (const id of ids.slice(0, 100)) {
      equal(sequencesOf(world, id), [0, 1]);
      const sent = world.roundsOf(id).reduce((all, round) => all + round.sent, 0);
      is(sent, world.sentTo(ipOf(id)));
    }
    equal(sequencesOf(world, 't150'), [0]);
  });
});
