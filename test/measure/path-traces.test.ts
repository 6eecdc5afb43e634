import * as assert from 'uvu/assert';
import { ProbeError } from '../../src/core/error.ts';
import { suite } from '../helper.ts';
import { openPathWorld, type PathWorld, pathTarget } from './paths-rig.ts';

const A = '198.51.100.1';

suite('measure/path-traces', ({ test }) => {
  test('rounds are numbered through, also those in which nothing could be sent', async () => {
    const world = await tracing(['10.0.0.1']);
    const sequences: number[] = [];
    for (let turn = 0; turn < 6; turn++) {
      if (turn % 2 === 1) world.fates.set(A, { refused: 1 });
      else world.fates.delete(A);
      await world.run(30);
      sequences.push(world.path('a').lastRound?.sequence ?? -1);
    }
    const first = sequences[0] ?? -1;
    assert.ok(first >= 0);
    assert.equal(
      sequences,
      sequences.map((_, i) => first + i),
    );
  });

  test('a protocol that the transport cannot send costs this path alone', async () => {
    const world = await tracing(['10.0.0.1']);
    Object.assign(world.rig.transport, { protocols: ['icmp'] });
    world.names.set('t.example', A);
    world.configure([pathTarget('a'), pathTarget('t', { protocol: 'tcp' })]);
    await world.run(70);

    const { state, reason, lastRound } = world.path('t');
    assert.is(state, 'unavailable');
    assert.match(reason ?? '', 'raw socket');
    assert.is(lastRound?.hops[0]?.sent, 0);
    assert.is(world.path('a').state, 'tracing');
  });

  test('an interface that is not there is a reason, too', async () => {
    const world = openPathWorld();
    world.names.set('a.example', A);
    world.configure([pathTarget('a', { device: 'none0' })]);
    await world.run(10);
    assert.match(world.path('a').reason ?? '', 'none0');
    assert.is(world.path('a').lastRound?.ip, A);
  });

  test('what is a fault of the program is not hidden', async () => {
    const world = await tracing(['10.0.0.1']);
    world.rig.transport.sourceOf = () => {
      throw new TypeError('a fault');
    };
    world.configure([pathTarget('a', { protocol: 'udp' })]);
    let fault: unknown = null;
    await world.run(10).catch((error: unknown) => {
      fault = error;
    });
    assert.ok(fault instanceof TypeError && !(fault instanceof ProbeError));
  });

  test('all routers are looked for at first and in every tenth interval', async () => {
    const world = await searching({ multipath: true });
    await world.run(60);
    const first = world.path('a').multipath;
    const names = first?.nodes.filter(({ ttl }) => ttl === 2).map(({ ip }) => ip);
    assert.equal(names?.sort(), ['10.0.0.2', '10.0.0.3']);
    assert.equal([first?.isComplete, first?.nodes.length], [true, 5]);

    await world.run(200);
    assert.is(world.path('a').multipath, first);
    await world.run(100);
    const later = world.path('a').multipath?.atMs ?? 0;
    assert.ok(Math.abs(later - (first?.atMs ?? 0) - 300_000) < 5000, `${later}`);
    assert.equal(world.events, []);
  });

  test('no search is made where none is wanted, and an old one is forgotten', async () => {
    const world = await searching({ multipath: false });
    await world.run(60);
    assert.is(world.path('a').multipath, null);
    world.configure([pathTarget('a', { protocol: 'udp' })], { multipath: true });
    await world.run(60);
    assert.ok(world.path('a').multipath);
    world.configure([pathTarget('a', { protocol: 'udp' })], { multipath: false });
    assert.is(world.path('a').multipath, null);
  });

  test('a search among routers without end is cut off soon, and tracing goes on', async () => {
    const world = openPathWorld({ packetsPerSecond: 20 });
    const random = (turn: number): string => `10.1.${turn >> 8}.${turn & 255}`;
    world.names.set('a.example', A);
    world.routes.set(
      A,
      Array.from({ length: 12 }, () => random),
    );
    world.configure([pathTarget('a', { protocol: 'udp' })], { multipath: true });
    await world.run(100);

    assert.is(world.path('a').multipath?.isComplete, false);
    assert.ok((world.path('a').multipath?.sent ?? 0) < 1500);
    const { traces } = world.path('a');
    await world.run(70);
    assert.ok(world.path('a').traces > traces);
  }, 60_000);

  test('a search that the budget cannot feed ends after a minute', async () => {
    const world = await searching({ multipath: true }, 1);
    world.routes.set(A, ['10.0.0.1', (_, flow) => `10.0.1.${flow % 16}`, '10.0.0.4']);
    const fromMs = world.nowMs();
    while (world.path('a').multipath === null && world.nowMs() < fromMs + 120_000) {
      await world.run(1);
    }
    assert.is(world.path('a').multipath?.isComplete, false);
    assert.ok(world.nowMs() - fromMs < 100_000, `${world.nowMs() - fromMs}`);
  });

  test('a target that is taken out in the middle of a search is quiet', async () => {
    const world = await searching({ multipath: true });
    while ((world.path('a').traces ?? 0) === 0) await world.run(1);
    world.configure([]);
    const sent = world.rig.transport.sent.length;
    await world.run(60);
    assert.is(world.rig.transport.sent.length, sent);
  });
});

async function tracing(route: readonly (string | null)[]): Promise<PathWorld> {
  const world = openPathWorld();
  world.names.set('a.example', A);
  world.routes.set(A, route);
  world.configure([pathTarget('a')]);
  await world.run(50);
  return world;
}

/** Flows differ in their source port, by which the second router chooses. */
async function searching(part: { multipath: boolean }, packetsPerSecond = 200): Promise<PathWorld> {
  const world = openPathWorld({ packetsPerSecond });
  world.names.set('a.example', A);
  world.routes.set(A, ['10.0.0.1', (_, flow) => `10.0.0.${2 + (flow % 2)}`, '10.0.0.4']);
  world.configure([pathTarget('a', { protocol: 'udp' })], part);
  return world;
}
