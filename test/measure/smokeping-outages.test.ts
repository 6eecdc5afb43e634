import { equal, is, ok } from 'uvu/assert';
import type { ProbeEvent } from '../../src/core/round.ts';
import { suite } from '../helper.ts';
import { openWorld, target, target4, type World } from './smokeping-rig.ts';

const A = '198.18.0.1';
const A6 = '2001:db8::1';
const B = '198.18.0.2';
const C = '198.18.0.3';
const ENETUNREACH = 101;

async function answering(seconds = 20): Promise<World> {
  const world = openWorld();
  world.names.set('a.example', A);
  world.configure(target4('a'));
  await world.run(seconds);
  return world;
}

function near(value: number | null | undefined, expected: number, byMs = 1100): boolean {
  return value !== null && value !== undefined && Math.abs(value - expected) <= byMs;
}

/** Its versions are told one after the other: how many, and the last. */
function only(events: ProbeEvent[]): ProbeEvent {
  const [event, ...more] = events;
  if (event === undefined || more.length > 0) throw new Error(`${events.length} events`);
  return event;
}

suite('smokeping/outages', (s) => {
  s.test('reaches from the first lost echo to the first that is answered', async () => {
    const world = await answering();
    const downMs = world.nowMs();
    world.fates.set(A, 'silence');
    await world.run(30);
    const open = only(world.eventsOf('outage'));
    const during = world.series('a');
    const upMs = world.nowMs();
    world.fates.delete(A);
    await world.run(10);

    equal([open.target, open.family, open.scope], ['a', 'v4', 'target']);
    equal([open.untilMs, during.state, during.outages.open], [null, 'down', true]);
    equal(world.smokeping.openOutages(), []);
    const closed = only(world.eventsOf('outage'));
    is(closed.id, open.id);
    ok(near(closed.fromMs, downMs) && near(closed.untilMs, upMs));
    is(closed.detail['lost'], 30);
    is(world.events.filter(({ kind }) => kind === 'outage').length, 2);
    equal([world.series('a').state, world.series('a').outages.total], ['measuring', 1]);
  });

  s.test('is none before five echoes and five seconds are lost', async () => {
    const world = openWorld();
    world.names.set('a.example', A);
    world.names.set('b.example', B);
    world.configure(target4('a'), target4('b', { intervalMs: 100 }));
    await world.run(20);
    for (const ip of [A, B]) world.fates.set(ip, 'silence');
    await world.run(4);
    world.fates.clear();
    await world.run(20);

    ok(world.series('a').counters.lost >= 3 && world.series('b').counters.lost >= 39);
    equal(world.eventsOf('outage'), []);
  });

  s.test('is one across a restart', async () => {
    const first = await answering();
    const downMs = first.nowMs();
    first.fates.set(A, 'silence');
    await first.run(30);
    const open = only(first.eventsOf('outage'));

    const openEvents = first.smokeping.openOutages();
    const second = openWorld({ openEvents, nowMs: first.nowMs() + 60_000 });
    second.names.set('a.example', A);
    second.fates.set(A, 'silence');
    second.configure(target4('a'));
    await second.run(40);
    const during = second.series('a').state;
    const silent = second.events.length;
    const upMs = second.nowMs();
    second.fates.delete(A);
    await second.run(10);

    equal([during, silent], ['down', 0]);
    const closed = only(second.eventsOf('outage'));
    equal([closed.id, closed.fromMs], [open.id, open.fromMs]);
    ok(near(closed.fromMs, downMs) && near(closed.untilMs, upMs));
    const { open: isOpen, seconds } = second.series('a').outages;
    is(isOpen, false);
    ok(near(seconds * 1000, upMs - downMs), `${seconds} s`);
  });

  s.test('that was over when the probe came back ends with its first answer', async () => {
    const first = await answering();
    first.fates.set(A, 'silence');
    await first.run(30);

    const nowMs = first.nowMs() + 60_000;
    const second = openWorld({ openEvents: first.smokeping.openOutages(), nowMs });
    second.names.set('a.example', A);
    second.configure(target4('a'));
    await second.run(10);

    ok(near(only(second.eventsOf('outage')).untilMs, nowMs));
  });

  s.test('goes on through a change of the address', async () => {
    const world = await answering(5);
    const downMs = world.nowMs();
    for (const ip of [A, B]) world.fates.set(ip, 'silence');
    await world.run(20);
    world.names.set('a.example', B);
    await world.run(40);
    is(world.series('a').ip, B);
    const during = world.series('a').state;
    const upMs = world.nowMs();
    world.fates.clear();
    await world.run(10);

    is(during, 'down');
    const event = only(world.eventsOf('outage'));
    ok(near(event.fromMs, downMs) && near(event.untilMs, upMs));
    equal([event.target, event.scope], ['a', 'target']);
  });

  s.test('that shows only after the address changed ends when the new one began', async () => {
    const world = await answering(23);
    const downMs = world.nowMs();
    world.fates.set(A, 'silence');
    world.names.set('a.example', B);
    await world.run(30);

    const event = only(world.eventsOf('outage'));
    const changed = only(world.eventsOf('address'));
    ok(near(event.fromMs, downMs));
    is(event.untilMs, changed.fromMs);
    is(world.series('a').state, 'measuring');
  });

  s.test('that shows only after the address changed goes on at the new one', async () => {
    const world = await answering(23);
    const downMs = world.nowMs();
    for (const ip of [A, B]) world.fates.set(ip, 'silence');
    world.names.set('a.example', B);
    await world.run(30);
    const during = only(world.eventsOf('outage'));
    const upMs = world.nowMs();
    world.fates.clear();
    await world.run(10);

    is(during.untilMs, null);
    const event = only(world.eventsOf('outage'));
    is(event.id, during.id);
    ok(near(event.fromMs, downMs) && near(event.untilMs, upMs));
  });

  s.test('is of one family while the other answers', async () => {
    const world = openWorld();
    world.names.set('a.example', A);
    world.names.set('a.example', A6);
    world.configure(target('a'));
    await world.run(20);
    world.fates.set(A6, 'silence');
    await world.run(20);

    is(only(world.eventsOf('outage')).family, 'v6');
    equal([world.series('a', 'v4').state, world.series('a', 'v6').state], ['measuring', 'down']);
  });

  s.test(
    'of the gateway and all targets is one of the uplink, which its members name',
    async () => {
      const world = openWorld();
      world.names.set('@gateway', A);
      world.names.set('b.example', B);
      world.names.set('c.example', C);
      world.names.set('localhost', '127.0.0.1');
      const gateway = target4('@gateway', { host: '@gateway' });
      const local = target4('localhost', { host: 'localhost' });
      world.configure(gateway, target4('b'), target4('c', { intervalMs: 2000 }), local);
      await world.run(20);
      const downMs = world.nowMs();
      for (const ip of [A, B, C]) world.fates.set(ip, 'silence');
      await world.run(40);
      const open = world.eventsOf('outage');
      const upMs = world.nowMs();
      world.fates.clear();
      await world.run(15);

      const uplinks = open.filter((event) => event.target === null);
      const uplink = only(uplinks);
      equal([uplink.scope, uplink.family, uplink.untilMs], ['uplink', null, null]);
      ok(near(uplink.fromMs, downMs, 2100));
      const members = open.filter((event) => event.target !== null);
      equal(members.map((event) => event.target).sort(), ['@gateway', 'b', 'c']);
      for (const { scope, detail } of members)
        equal([scope, detail['uplink']], ['uplink', uplink.id]);
      for (const event of world.eventsOf('outage')) ok(near(event.untilMs, upMs, 2100));
      is(world.eventsOf('outage').length, 4);
      equal(world.smokeping.openOutages(), []);
    },
  );

  s.test('of the uplink does not wait for what has no route anyway', async () => {
    const world = openWorld();
    world.names.set('@gateway', A);
    world.names.set('b.example', B);
    world.names.set('c.example', C);
    world.configure(target4('@gateway', { host: '@gateway' }), target4('b'), target4('c'));
    world.fates.set(C, { refused: ENETUNREACH });
    await world.run(20);
    for (const ip of [A, B]) world.fates.set(ip, 'silence');
    await world.run(20);

    is(only(world.eventsOf('outage').filter((event) => event.target === null)).untilMs, null);
  });

  s.test('of all targets behind a gateway that answers is not one of the uplink', async () => {
    const world = openWorld();
    world.names.set('@gateway', A);
    world.names.set('b.example', B);
    world.configure(target4('@gateway', { host: '@gateway' }), target4('b'));
    await world.run(20);
    world.fates.set(B, 'silence');
    await world.run(20);

    equal([only(world.eventsOf('outage')).target], ['b']);
  });

  s.test('is none where the kernel has no route', async () => {
    const world = await answering();
    world.fates.set(A, { refused: ENETUNREACH });
    await world.run(30);

    equal(world.eventsOf('outage'), []);
    equal([world.series('a').state, world.series('a').reason], ['unavailable', `no route to ${A}`]);
    is(world.series('a').counters.lost, 0);
  });

  s.test('of a target that is removed is closed, and says that its end is not known', async () => {
    const world = await answering();
    world.fates.set(A, 'silence');
    await world.run(20);
    const removedMs = world.nowMs();
    world.configure();
    await world.run(20);

    const event = only(world.eventsOf('outage'));
    equal([event.untilMs, event.detail['dropped']], [removedMs, true]);
    equal(world.smokeping.openOutages(), []);
  });

  s.test(
    'of targets that are no more at the next start is closed, and so is their uplink',
    async () => {
      const world = openWorld();
      world.names.set('@gateway', A);
      world.names.set('b.example', B);
      world.configure(target4('@gateway', { host: '@gateway' }), target4('b'));
      await world.run(20);
      for (const ip of [A, B]) world.fates.set(ip, 'silence');
      await world.run(30);
      const openEvents = world.smokeping.openOutages();
      is(openEvents.length, 3);

      const next = openWorld({ openEvents, nowMs: world.nowMs() + 10_000 });
      next.names.set('a.example', C);
      next.configure(target4('a'));
      await next.run(5);

      equal(next.smokeping.openOutages(), []);
      const closed = next.eventsOf('outage');
      equal(closed.map(({ id }) => id).sort(), openEvents.map(({ id }) => id).sort());
      ok(closed.every(({ detail, untilMs }) => detail['dropped'] === true && untilMs !== null));
    },
  );

  s.test('of an uplink whose members were all closed before does not stay open', async () => {
    const uplink: ProbeEvent = {
      id: 'old-o1',
      kind: 'outage',
      target: null,
      family: null,
      fromMs: 1_795_305_000_000,
      untilMs: null,
      scope: 'uplink',
      detail: {},
    };
    const world = openWorld({ openEvents: [uplink] });
    world.names.set('a.example', A);
    world.configure(target4('a'));
    await world.run(5);

    equal(world.smokeping.openOutages(), []);
    is(only(world.eventsOf('outage')).id, 'old-o1');
  });
});
