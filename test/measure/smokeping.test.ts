import { equal, is, match, ok } from 'uvu/assert';
import { specOf } from '../fake/rig.ts';
import { suite } from '../helper.ts';
import { openWorld, target, target4, type World } from './smokeping-rig.ts';

const A = '198.18.0.1';
const B = '198.18.0.2';
const A6 = '2001:db8::1';
const ENODEV = 19;
const EPERM = 1;

/** One target in IPv4 whose name is `A`, measured for `seconds`. */
async function measured(seconds: number): Promise<World> {
  const world = openWorld();
  world.names.set('a.example', A);
  world.configure(target4('a'));
  await world.run(seconds);
  return world;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

suite('smokeping', (s) => {
  s.test('measures each family of a target at its own address', async () => {
    const world = openWorld();
    world.names.set('a.example', A);
    world.names.set('a.example', A6);

    world.configure(target('a'));
    await world.run(67);

    for (const [family, ip] of [
      ['v4', A],
      ['v6', A6],
    ] as const) {
      const [first, second] = world.roundsOf('a', family);
      equal([first?.sequence, second?.sequence], [0, 1]);
      equal([second?.ip, second?.host, second?.sent, second?.received], [ip, 'a.example', 30, 30]);
      is(second?.rttNs?.median, 5_000_000);
      equal([world.series('a', family).ip, world.series('a', family).state], [ip, 'measuring']);
      is(world.series('a', family).lastRound?.sequence, 1);
    }
    is(world.rounds.length, 4);
    equal(world.plans, [{ packetsPerSecond: 2, intervalMsMin: 1000 }]);
  });

  s.test('a family without an address says why, and begins when it has one', async () => {
    const world = openWorld();
    world.names.set('a.example', A);
    world.names.fail('a.example', 'v6', 'no IPv6 address (AAAA record)');
    world.configure(target('a'));
    is(world.series('a', 'v6').reason, 'its name is being resolved');

    await world.run(20);
    const before = world.series('a', 'v6');
    world.names.set('a.example', A6);
    await world.run(15);

    equal([before.state, before.ip, before.resolve.ok], ['unresolved', null, false]);
    is(before.reason, 'no IPv6 address (AAAA record)');
    is(world.series('a', 'v6').state, 'measuring');
    is(world.series('a', 'v6').reason, null);
    ok(world.sentTo(A6) >= 3);
    ok(world.sentTo(A) >= 33, 'the other family did not wait');
  });

  s.test('a name that dies is still measured at the address it had', async () => {
    const world = await measured(10);

    world.names.fail('a.example', 'v4');
    await world.run(90);

    equal([world.series('a').state, world.series('a').ip], ['measuring', A]);
    is(world.series('a').resolve.ok, false);
    ok(Math.abs(world.sentTo(A) - 100) <= 2, `${world.sentTo(A)} sent`);
    ok((world.names.asked.get('v4 a.example') ?? 0) >= 4);
    equal(world.eventsOf('address'), []);
  });

  s.test('keeps its address while it is one of those that the name has', async () => {
    const world = await measured(10);

    world.names.set('a.example', B, A);
    await world.run(60);

    equal([world.series('a').ip, world.sentTo(B)], [A, 0]);
    equal(world.retired(), []);
  });

  s.test('another address begins a series of its own, and is told', async () => {
    const world = openWorld();
    world.names.set('a.example', A);
    await world.run(10);
    world.configure(target4('a'));
    await world.run(10);

    world.names.set('a.example', B);
    await world.run(80);

    const [event, ...more] = world.eventsOf('address');
    equal([event?.target, event?.family, event?.detail], ['a', 'v4', { from: A, to: B }]);
    is(more.length, 0);
    const rounds = world.roundsOf('a');
    const said = rounds.map(({ sequence, ip }) => `${sequence} ${ip}`);
    equal(said, [`0 ${A}`, `1 ${A}`, `2 ${B}`, `3 ${B}`]);
    const [, last, first, next] = rounds;
    is(last?.fromMs, first?.fromMs);
    const sent = (last?.sent ?? 0) + (first?.sent ?? 0);
    ok(Math.abs(sent - 30) <= 1, `${sent} sent in the round that saw both`);
    equal([next?.sent, next?.received], [30, 30]);
    is(world.series('a').lastRound, next);
  });

  s.test(
    'what is in flight to the old address still counts, and is shown for an hour',
    async () => {
      const world = await measured(10);
      world.fates.set(A, 'silence');
      world.names.set('a.example', B);
      await world.run(25);
      const [draining] = world.retired();

      await world.run(45);
      const [old, ...more] = world.retired();
      is(more.length, 0);
      is(draining?.current, false);
      equal([old?.ip, old?.counters.sent], [A, world.sentTo(A)]);
      const { sent = 0, received = 0, lost = 0, discarded = 0 } = old?.counters ?? {};
      is(sent, received + lost + discarded);
      is(sum(world.rounds.filter(({ ip }) => ip === A).map((round) => round.sent)), sent);
      is(old?.lastRound?.ip, A);

      await world.run(3500, 1000);
      is(world.retired().length, 1);
      await world.run(100, 1000);
      is(world.retired().length, 0);
    },
  );

  s.test('the new address has no last round until its own first one is closed', async () => {
    const world = await measured(40);
    world.names.set('a.example', B);

    const seen = new Set<string>();
    for (let second = 0; second < 75; second++) {
      await world.run(1, 100);
      const { ip, lastRound } = world.series('a');
      seen.add(`${ip} ${lastRound?.ip ?? 'none'}`);
    }

    equal([...seen], [`${A} ${A}`, `${B} none`, `${B} ${B}`]);
  });

  s.test('an address that comes and goes leaves one row, not one for each time', async () => {
    const world = await measured(10);

    for (let turn = 0; turn < 10; turn++) {
      world.names.set('a.example', turn % 2 === 0 ? B : A);
      await world.run(100, 100);
    }

    ok(world.retired().length <= 2, `${world.retired().length} rows`);
    is(world.eventsOf('address').length, 10);
  });

  s.test('asks for names again however the wall clock is set', async () => {
    const world = await measured(10);
    world.rig.clock.step(-86_400_000_000_000n);
    world.names.set('a.example', B);

    await world.run(40);

    is(world.series('a').ip, B);
  });

  s.test('a device that does not exist is told and tried again', async () => {
    const world = openWorld();
    world.names.set('a.example', A);
    world.configure(target4('a', { device: 'flt-none' }));
    await world.run(25);

    const { state, reason, ip, counters } = world.series('a');
    equal([state, reason, ip], ['unavailable', 'there is no interface flt-none', A]);
    is(counters.sent, 0);
    is(world.names.asked.get('v4 a.example'), 1);
    equal(world.rounds, []);
  });

  s.test('a source of the other family is told, and nothing is sent', async () => {
    const world = openWorld();
    world.names.set('a.example', A);
    world.configure(target4('a', { source: A6 }));
    await world.run(5);

    is(world.series('a').state, 'unavailable');
    match(world.series('a').reason ?? '', `source ${A6} is of the other family`);
    is(world.sentTo(A), 0);
  });

  s.test('what the kernel refuses is unavailable with its reason, and no outage', async () => {
    const world = await measured(10);
    world.fates.set(A, { refused: EPERM });
    await world.run(30);
    const refused = world.series('a');
    world.fates.set(A, { refused: ENODEV });
    await world.run(10);
    const gone = world.series('a');
    world.fates.delete(A);
    await world.run(40);

    is(refused.state, 'unavailable');
    is(refused.reason, `a filter of this machine refuses packets to ${A}`);
    equal([gone.state, gone.reason], ['unavailable', 'its interface is down or gone']);
    is(world.series('a').state, 'measuring');
    const { counters, outages } = world.series('a');
    equal([counters.sendErrors.blocked, counters.sendErrors.device], [30, 10]);
    equal([counters.lost, outages.total, world.eventsOf('outage').length], [0, 0, 0]);
    ok(Math.abs(counters.sent - 50) <= 1);
  });

  s.test('a table of series that is full ends nothing, and is tried again', async () => {
    const world = openWorld();
    const { engine } = world.rig;
    const others = Array.from({ length: 4095 }, (_, n) =>
      engine.addSeries(specOf(4, n, { intervalMs: 3_600_000, phaseMs: 3_600_000 })),
    );
    world.names.set('a.example', A);
    world.names.set('b.example', B);
    world.configure(target4('a'), target4('b'));
    await world.run(15);

    const states = ['a', 'b'].map((id) => world.series(id).state);
    equal(states, ['measuring', 'unavailable']);
    match(world.series('b').reason ?? '', 'more than 4096 (target, family) pairs');
    for (const series of others.slice(0, 1)) {
      engine.stopSeries(series);
      engine.freeSeries(series);
    }
    await world.run(15);
    is(world.series('b').state, 'measuring');
  });

  s.test('a step of the clock is one event', async () => {
    const world = await measured(10);
    world.rig.clock.step(3_600_000_000_000n);
    await world.run(10);

    const [step, ...more] = world.eventsOf('clock-step');
    is(more.length, 0);
    equal([step?.target, step?.scope, step?.detail], [null, null, { stepNs: 3_600_000_000_000 }]);
    is(step?.fromMs, step?.untilMs);
  });
});
