import fc from 'fast-check';
import { equal, is, ok } from 'uvu/assert';
import { Shares } from '../../src/measure/guard-shares.ts';
import { suite } from '../helper.ts';

interface Series {
  ip: string;
  intervalMs: number;
}

/** Series as the engine has them: the interval that each was given last. */
function openWorld(most: number | null) {
  const now = { ms: 0 };
  const shares = new Shares(() => now.ms);
  shares.limit(most);
  const running = new Map<object, Series>();
  return {
    now,
    shares,
    join(owner: object, ip: string, intervalMs: number) {
      const one: Series = { ip, intervalMs };
      const share = shares.join(owner, ip, {
        intervalMs,
        onSlower: (ms) => {
          one.intervalMs = Math.max(one.intervalMs, ms);
        },
      });
      one.intervalMs = share.intervalMs;
      running.set(owner, one);
      return share;
    },
    leave(owner: object) {
      shares.leave(owner);
      running.delete(owner);
    },
    rate(ip: string) {
      const all = [...running.values()].filter((one) => one.ip === ip);
      return all.reduce((sum, one) => sum + 1000 / one.intervalMs, 0);
    },
  };
}

suite('measure/guard-shares', (s) => {
  s.test('where nothing is limited every series has its own interval and moment', () => {
    const world = openWorld(null);
    equal(world.join({}, 'a', 10), { intervalMs: 10, phaseMs: null });
    equal(world.join({}, 'a', 10), { intervalMs: 10, phaseMs: null });
    is(world.shares.intervalOf({}), null);
  });

  s.test('the first at an address begins as it likes, the others one after the other', () => {
    const world = openWorld(50);
    const phases = Array.from({ length: 5 }, () => world.join({}, 'a', 1000).phaseMs);
    equal(phases, [null, 100, 200, 300, 400]);
    is(world.join({}, 'b', 1000).phaseMs, null);
  });

  s.test('one that comes and goes cannot begin more often by it', () => {
    const world = openWorld(50);
    const owner = {};
    const phases = Array.from({ length: 5 }, () => {
      world.leave(owner);
      return world.join(owner, 'a', 1000).phaseMs;
    });
    equal(phases, [null, 100, 200, 300, 400]);
  });

  s.test('together they never want more than allowed, whoever comes and goes', () => {
    const step = fc.record({
      owner: fc.nat(30),
      ip: fc.constantFrom('a', 'b', null),
      intervalMs: fc.integer({ min: 20, max: 5000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const world = openWorld(50);
        const owners = Array.from({ length: 31 }, () => ({}));
        for (const { owner, ip, intervalMs } of steps) {
          const one = owners[owner] ?? {};
          if (ip === null) world.leave(one);
          else world.join(one, ip, intervalMs);
          ok(world.rate('a') <= 50 + 1e-6, `${world.rate('a')}`);
          ok(world.rate('b') <= 50 + 1e-6, `${world.rate('b')}`);
        }
      }),
    );
  });

  s.test('a thousand names of one address slow down together', () => {
    const world = openWorld(50);
    const owners = Array.from({ length: 1000 }, () => ({}));
    for (const owner of owners) world.join(owner, 'a', 1000);
    ok(world.rate('a') <= 50, `${world.rate('a')}`);
    equal(world.shares.slowed(), [{ ip: 'a', series: 1000, factor: 25 }]);
    is(world.shares.intervalOf(owners[0] ?? {}), 25_000);
    for (const owner of owners.slice(50)) world.leave(owner);
    is(world.shares.intervalOf(owners[0] ?? {}), 1000);
    equal(world.shares.slowed(), []);
  });

  s.test('they become faster a few at a time', () => {
    const world = openWorld(50);
    const owners = Array.from({ length: 100 }, () => ({}));
    for (const owner of owners) world.join(owner, 'a', 1000);
    const atOnce = (): number => owners.filter((owner) => world.shares.mayShorten(owner)).length;
    world.now.ms = 60_000;
    ok(atOnce() <= 12);
    is(atOnce(), 0);
    world.now.ms += 1000;
    ok(atOnce() >= 9);
  });

  s.test('a series that wants another interval changes what all get', () => {
    const world = openWorld(10);
    const [one, other] = [{}, {}];
    world.join(one, 'a', 200);
    world.join(other, 'a', 200);
    is(world.shares.intervalOf(one), 200);
    world.shares.change(other, 100);
    is(world.shares.intervalOf(one), 375);
    is(world.shares.intervalOf(other), 187.5);
  });

  s.test('addresses that nobody has any more are forgotten', () => {
    const world = openWorld(50);
    for (let n = 0; n < 20_000; n++) {
      world.now.ms += 100;
      world.join(world, `a${n}`, 1000);
    }
    equal(world.shares.slowed(), []);
  });
});
