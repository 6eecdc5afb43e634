// Echoes under a policy, on the real engine: names that turn, names that are one address, and
// configurations that want too much.
import { equal, is, match, ok } from 'uvu/assert';
import type { AddressRange } from '../../src/core/address-range.ts';
import { parseRange } from '../../src/core/address-range.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/core/policy.ts';
import { suite } from '../helper.ts';
import { openWorld, target, target4, type World } from './smokeping-rig.ts';

const VICTIM = '9.9.9.9';

function openGuarded(part: Partial<Policy> = {}, ownRanges: AddressRange[] = []): World {
  const world = openWorld({ ownRanges });
  const policy = { ...DEFAULT_POLICY, ...part };
  world.guard.configure({ policy, kinds: new Set(['smokeping'] as const) });
  return world;
}

/** Echoes to the victim in each of so many seconds. */
async function rates(world: World, seconds: number, each?: (second: number) => void) {
  const counts: number[] = [];
  for (let second = 0; second < seconds; second++) {
    const before = world.sentTo(VICTIM);
    each?.(second);
    await world.run(1);
    counts.push(world.sentTo(VICTIM) - before);
  }
  return counts;
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

suite('measure/smokeping-guarded', (s) => {
  s.test(
    'a name with a private address is unavailable, with the reason, and nothing is sent',
    async () => {
      const world = openGuarded();
      world.names.set('lan.example', '192.168.1.1');
      world.names.set('lan.example', 'fd00::1');
      world.configure(target('lan'));
      await world.run(40);

      for (const [family, ip] of [
        ['v4', '192.168.1.1'],
        ['v6', 'fd00::1'],
      ] as const) {
        const series = world.series('lan', family);
        equal([series.state, series.ip], ['unavailable', ip]);
        match(series.reason ?? '', `the policy forbids its address ${ip}`);
        is(world.sentTo(ip), 0);
      }
    },
  );

  s.test(
    'a name that turns to a private address is left, and taken up when it turns back',
    async () => {
      const world = openGuarded();
      world.names.set('a.example', '1.1.1.1');
      world.configure(target4('a'));
      await world.run(20);
      const before = world.sentTo('1.1.1.1');
      ok(before >= 18);

      world.names.set('a.example', '127.0.0.1');
      await world.run(40);
      is(world.series('a').state, 'unavailable');
      match(world.series('a').reason ?? '', 'loopback');
      const until = world.sentTo('1.1.1.1');
      await world.run(20);
      equal([world.sentTo('127.0.0.1'), world.sentTo('1.1.1.1')], [0, until]);

      world.names.set('a.example', '1.1.1.1');
      await world.run(40);
      is(world.series('a').state, 'measuring');
      ok(world.sentTo('1.1.1.1') > until);
    },
  );

  s.test('what was sent before anything was ruled is not held against a target', async () => {
    const world = openWorld();
    world.names.set('a.example', VICTIM);
    world.configure(target4('a', { intervalMs: 25 }));
    await world.run(30);
    world.guard.configure({ policy: DEFAULT_POLICY, kinds: new Set(['smokeping'] as const) });
    world.configure(target4('a', { intervalMs: 25 }));
    const counts = await rates(world, 10);
    ok(
      counts.every((count) => Math.abs(count - 40) <= 2),
      counts.join(' '),
    );
    equal(world.guard.heldBack(), { smokeping: 0, path: 0 });
  });

  s.test('of several addresses the public one is measured', async () => {
    const world = openGuarded();
    world.names.set('a.example', '10.0.0.1', '1.1.1.1');
    world.configure(target4('a'));
    await world.run(5);
    equal([world.series('a').ip, world.sentTo('10.0.0.1')], ['1.1.1.1', 0]);
  });

  s.test('the gateway is measured by its name alone', async () => {
    const world = openGuarded();
    for (const host of ['@gateway', '192.168.1.1']) world.names.set(host, '192.168.1.1');
    world.configure(
      target4('gateway', { host: '@gateway' }),
      target4('x', { host: '192.168.1.1' }),
    );
    await world.run(5);
    is(world.series('gateway').state, 'measuring');
    is(world.series('x').state, 'unavailable');
  });

  s.test('what is measured ends at once when the control takes it over', async () => {
    const world = openWorld();
    world.names.set('lan.example', '192.168.1.1');
    world.configure(target4('lan'));
    await world.run(5);
    const before = world.sentTo('192.168.1.1');
    ok(before >= 4);

    world.guard.configure({ policy: DEFAULT_POLICY, kinds: new Set(['smokeping'] as const) });
    world.configure(target4('lan'));
    await world.run(5);
    equal([world.sentTo('192.168.1.1'), world.series('lan').state], [before, 'unavailable']);

    world.guard.configure(null);
    world.configure(target4('lan'));
    await world.run(5);
    is(world.series('lan').state, 'measuring');
  });

  s.test(
    'an address that turns out to be a neighbour is left without waiting for its name',
    async () => {
      const links: AddressRange[] = [];
      const world = openGuarded({}, links);
      world.names.set('a.example', '1.1.1.1');
      world.configure(target4('a'));
      await world.run(5);
      const before = world.sentTo('1.1.1.1');
      const range = parseRange('1.1.1.0/24');
      if (range !== null) links.push(range);
      ok(world.guard.look());
      world.smokeping.recheck();
      await world.run(5);
      is(world.sentTo('1.1.1.1'), before);
      match(world.series('a').reason ?? '', 'on a link of this machine');
    },
  );

  s.test('a name that no longer resolves is judged all the same', async () => {
    const links: AddressRange[] = [];
    const world = openGuarded({}, links);
    world.names.set('a.example', '1.1.1.1');
    world.configure(target4('a'));
    await world.run(5);
    const range = parseRange('1.1.1.0/24');
    if (range !== null) links.push(range);
    world.names.fail('a.example', 'v4');
    await world.run(40);
    is(world.series('a').state, 'unavailable');
  });

  s.test('five hundred names of one victim share what one address may get', async () => {
    const world = openGuarded();
    const targets = Array.from({ length: 500 }, (_, n) => target4(`t${n}`));
    for (const { host } of targets) world.names.set(host, VICTIM);
    world.configure(...targets);
    const counts = await rates(world, 90);

    ok(Math.max(...counts) <= 60, counts.join(' '));
    ok(sumOf(counts) <= 90 * 50, `${sumOf(counts)}`);
    ok(sumOf(counts.slice(-20)) >= 20 * 30, counts.join(' '));
    const slowed = world.guard.shares.slowed();
    equal([slowed[0]?.ip, slowed[0]?.series], [VICTIM, 500]);
  });

  s.test('names that turn to the victim and away from it do not send more by it', async () => {
    const world = openGuarded();
    const targets = Array.from({ length: 300 }, (_, n) => target4(`t${n}`, { intervalMs: 20_000 }));
    world.configure(...targets);
    const turn = (second: number): void => {
      const ip = Math.floor(second / 30) % 2 === 0 ? VICTIM : '8.8.8.8';
      for (const { host } of targets) world.names.set(host, ip);
    };
    const counts = await rates(world, 120, turn);
    ok(Math.max(...counts) <= 60, counts.join(' '));
  });

  s.test('a new configuration every second does not send more by it', async () => {
    const world = openGuarded();
    const counts = await rates(world, 40, (second) => {
      const targets = Array.from({ length: 200 }, (_, n) => target4(`s${second}-${n}`));
      for (const { host } of targets) world.names.set(host, VICTIM);
      world.configure(...targets);
    });
    ok(Math.max(...counts) <= 60, counts.join(' '));
  });

  s.test('when the limit is lower than what leaves, sending stops until it is kept', async () => {
    const world = openGuarded({ packetsPerSecond: 20, packetsPerSecondPerDestination: 1000 });
    const targets = Array.from({ length: 100 }, (_, n) => target4(`t${n}`));
    // Nobody made these intervals longer: that is what a mistake would look like.
    for (const { host } of targets) world.names.set(host, VICTIM);
    world.configure(...targets);
    const counts = await rates(world, 60);
    ok(sumOf(counts) <= 60 * 20 + 160, counts.join(' '));
    ok(world.guard.heldBack().smokeping > 1000, `${world.guard.heldBack().smokeping}`);
  });

  s.test('few series under a policy are measured as without one', async () => {
    const world = openGuarded();
    world.names.set('a.example', '1.1.1.1');
    world.configure(target4('a', { intervalMs: 100 }));
    await world.run(65);
    const rounds = world.roundsOf('a');
    ok(rounds.slice(1).every(({ sent, skipped }) => sent === 300 && skipped === 0));
    equal(world.guard.heldBack(), { smokeping: 0, path: 0 });
    is(world.series('a').intervalMs, 100);
  });
});
