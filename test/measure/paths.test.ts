import * as assert from 'uvu/assert';
import type { PathsOptions } from '../../src/measure/paths.ts';
import { suite } from '../helper.ts';
import { hopsOf, openPathWorld, type PathWorld, pathTarget } from './paths-rig.ts';

const A = '198.51.100.1';
const B = '198.51.100.2';
const SIX = '2001:db8::1';
const ENETUNREACH = 101;

suite('measure/paths', ({ test }) => {
  test('traces every target in both families, on a grid of its own', async () => {
    const world = openPathWorld();
    world.names.set('a.example', A);
    world.names.set('a.example', SIX);
    world.routes.set(A, ['10.0.0.1', null, '10.0.0.3']);
    world.routes.set(SIX, ['2001:db8:1::1']);
    world.configure([pathTarget('a', { families: ['v4', 'v6'], protocol: 'udp' })]);

    await world.run(200);

    assert.equal(hopsOf(world.path('a')), ['10.0.0.1', null, '10.0.0.3', A]);
    assert.equal(hopsOf(world.path('a', 'v6')), ['2001:db8:1::1', SIX]);
    for (const ip of [A, SIX]) {
      const [first = -1, ...rest] = world.begun(ip);
      assert.ok(first <= 3, `${first}`);
      assert.equal(new Set(steps(rest)), new Set([30]), `${rest}`);
    }
    assert.is.not(world.begun(A)[1], world.begun(SIX)[1]);
    assert.equal(world.events, []);
    assert.equal([world.path('a').state, world.path('a').reason], ['tracing', null]);
  });

  test('tells a change once, with the path before and after, and looks again at once', async () => {
    const world = await tracing(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    const before = world.path('a').path;
    const count = world.begun(A).length;

    world.routes.set(A, ['10.0.0.1', '10.0.9.2', '10.0.9.3']);
    const atMs = world.nowMs();
    await world.run(120);

    const [event, ...more] = world.events;
    assert.equal(more, []);
    assert.equal([event?.kind, event?.target, event?.family], ['path', 'a', 'v4']);
    assert.is(event?.detail['before'], `10.0.0.1 10.0.0.2 10.0.0.3 ${A}`);
    assert.is(event?.detail['after'], `10.0.0.1 10.0.9.2 10.0.9.3 ${A}`);
    assert.is(event?.detail['ttl'], 2);
    assert.ok((event?.fromMs ?? 0) >= atMs && (event?.fromMs ?? 0) <= atMs + 31_000);
    // Seen on the grid, confirmed within seconds and not half a minute later.
    assert.ok((event?.untilMs ?? 0) - (event?.fromMs ?? 0) < 6000);
    const { sinceMs, changes, changesTotal } = world.path('a');
    assert.equal([sinceMs, changes.length, changesTotal], [event?.fromMs, 1, 1]);
    assert.equal(changes[0]?.before, before);
    assert.ok(world.begun(A).length - count <= 4 + 2, `${world.begun(A)}`);
  });

  test('tells nothing at first sight, of a silent hop, or of balanced packets', async () => {
    const world = await tracing(['10.0.0.1', null, ['10.0.0.3', '10.0.0.4', '10.0.0.5']], 900);
    world.routes.set(A, ['10.0.0.1', '10.0.0.2', ['10.0.0.3', '10.0.0.4', '10.0.0.5']]);
    await world.run(300);
    world.routes.set(A, [null, '10.0.0.2', null]);
    await world.run(300);

    assert.equal(world.events, []);
    assert.is(hopsOf(world.path('a'))[0], '10.0.0.1');
  });

  test('a trigger traces the paths to that address at once, and once in ten seconds', async () => {
    const world = await tracing(['10.0.0.1'], 47);
    world.names.set('b.example', B);
    world.configure([pathTarget('a'), pathTarget('b')]);
    await world.run(10);
    const [a, b] = [world.begun(A).length, world.begun(B).length];
    const fromS = Math.floor(seconds(world));

    for (let count = 0; count < 8; count++) {
      world.paths.trigger(`${A}%eth0`);
      await world.run(1);
    }

    const extra = world.begun(A).slice(a);
    assert.equal(extra.filter((atS) => atS <= fromS + 1).length, 1, `${fromS}: ${extra}`);
    assert.ok(extra.length <= 2, `${extra}`);
    assert.ok(world.begun(B).length - b <= 1);
    await world.run(10);
    const before = world.begun(B).length;
    world.paths.trigger(null);
    await world.run(1);
    assert.is(world.begun(B).length, before + 1);
  });

  test('what happens all day is traced out of turn for a while only', async () => {
    const world = await tracing(['10.0.0.1'], 60);
    for (let count = 0; count < 360; count++) {
      world.paths.trigger(A);
      await world.run(10);
    }

    // 120 on the grid in an hour, ten at once, then one in three minutes.
    const count = world.begun(A).length;
    assert.ok(count > 120 + 20 && count < 122 + 10 + 22, `${count}`);
  }, 60_000);

  test('another address begins anew; the one before is known when it comes back', async () => {
    const world = await tracing(['10.0.0.1', '10.0.0.2']);
    world.routes.set(B, ['10.0.0.1', '10.0.0.7']);
    world.names.set('a.example', B);
    await world.run(60);

    assert.equal([world.path('a').ip, world.events.length], [B, 0]);
    assert.equal(hopsOf(world.path('a')), ['10.0.0.1', '10.0.0.7', B]);

    world.routes.set(A, ['10.0.0.1', '10.0.0.8']);
    world.names.set('a.example', A);
    await world.run(90);
    assert.is(world.events.length, 1);
    assert.is(world.events[0]?.detail['before'], `10.0.0.1 10.0.0.2 ${A}`);
  });

  test('a name without an address is unresolved, and traced as soon as it has one', async () => {
    const world = openPathWorld();
    world.names.fail('a.example', 'v4', 'no such name');
    world.configure([pathTarget('a')]);
    await world.run(95);
    const { state, reason, lastRound } = world.path('a');
    assert.equal([state, reason, lastRound], ['unresolved', 'no such name', null]);

    world.names.set('a.example', A);
    await world.run(62);
    assert.equal([world.path('a').state, world.path('a').skipped], ['tracing', 0]);
    world.names.fail('a.example', 'v4');
    await world.run(62);
    assert.equal([world.path('a').state, world.path('a').ip], ['tracing', A]);
  });

  test('a target to which nothing can be sent is unavailable, and its round says so', async () => {
    const world = openPathWorld();
    world.names.set('a.example', A);
    world.fates.set(A, { refused: ENETUNREACH });
    world.configure([pathTarget('a')]);
    await world.run(65);

    const { state, reason, lastRound, path, traces } = world.path('a');
    assert.equal([state, path, traces], ['unavailable', null, 0]);
    assert.match(reason ?? '', 'route');
    assert.equal([lastRound?.hops.length, lastRound?.hops[0]?.sent], [1, 0]);
    assert.ok((lastRound?.sequence ?? 0) > 0);

    world.fates.delete(A);
    await world.run(40);
    assert.equal([world.path('a').state, world.path('a').reason], ['tracing', null]);
    assert.equal(world.events, []);
  });

  test('a reload keeps the history of what it does not change', async () => {
    const world = await tracing(['10.0.0.1']);
    const { traces } = world.path('a');
    world.names.set('b.example', B);

    world.configure([pathTarget('b'), pathTarget('a', { labels: { site: 'north' } })]);
    assert.equal([world.path('a').traces, world.path('a').labels], [traces, { site: 'north' }]);
    world.configure([pathTarget('a', { protocol: 'udp' })]);
    assert.is(world.path('a').traces, 0);
    await world.run(40);
    assert.ok(world.path('a').traces > 0);
    assert.not.ok([...world.paths.snapshots()].some(({ target }) => target === 'b'));
  });

  test('another interval holds from now on', async () => {
    const world = await tracing(['10.0.0.1'], 40);
    world.configure([pathTarget('a', { intervalMs: 5000 })]);
    await world.run(60);
    const fast = world.begun(A).filter((atS) => atS > 46);
    assert.equal(new Set(steps(fast)), new Set([5]), `${fast}`);

    world.configure([pathTarget('a', { intervalMs: 60_000 })]);
    const count = world.begun(A).length;
    await world.run(300);
    assert.is(world.begun(A).length - count, 5);
  });

  test('what is taken out in the middle of a trace is quiet, and remembered', async () => {
    const world = await tracing(['10.0.0.1', '10.0.0.2']);
    world.paths.trigger(A);
    world.configure([]);
    const count = world.begun(A).length;
    await world.run(100);
    assert.equal([[...world.paths.snapshots()].length, world.begun(A).length], [0, count]);

    world.routes.set(A, ['10.0.0.1', '10.0.0.9']);
    world.configure([pathTarget('a')]);
    await world.run(70);
    assert.is(world.events.length, 1);
  });

  test('switched off, nothing is sent, and nothing is forgotten', async () => {
    const world = await tracing(['10.0.0.1']);
    world.configure([pathTarget('a')], { enable: false });
    const count = world.begun(A).length;
    await world.run(100);

    assert.is(world.begun(A).length, count);
    assert.is([...world.paths.keptPaths()].length, 1);
  });

  test('a path that changed while the probe was off is one event of the next run', async () => {
    const first = await tracing(['10.0.0.1', '10.0.0.2']);
    const kept = JSON.parse(JSON.stringify([...first.paths.keptPaths()]));
    assert.is(kept.length, 1);

    const same = await tracing(['10.0.0.1', '10.0.0.2'], 100, { kept });
    assert.equal(same.events, []);
    assert.is(same.path('a').sinceMs, first.path('a').sinceMs);
    const other = await tracing(['10.0.0.1', '10.0.0.3'], 100, { kept });
    assert.is(other.events.length, 1);
    assert.is(other.events[0]?.detail['before'], `10.0.0.1 10.0.0.2 ${A}`);
  });

  test('what the last run knew outlives a run that could not resolve its name', async () => {
    const first = await tracing(['10.0.0.1', '10.0.0.2']);
    const kept = [...first.paths.keptPaths()];
    const blind = openPathWorld({ kept });
    blind.configure([pathTarget('a')]);
    await blind.run(60);

    assert.equal([...blind.paths.keptPaths()], kept);
    assert.equal([...openPathWorld({ kept }).paths.keptPaths()], kept);
  });

  test('a clock that is set back or ahead spoils neither grid nor events', async () => {
    const world = await tracing(['10.0.0.1', '10.0.0.2']);
    const { clock } = world.rig;
    world.routes.set(A, ['10.0.0.1', '10.0.0.5']);
    // Seen by the next trace, confirmed by one that the clock says came long before.
    while (world.path('a').lastRound?.hops[1]?.ip !== '10.0.0.5') await world.run(1);
    clock.step(-3_600_000_000_000n);
    await world.run(60);
    clock.step(7_200_000_000_000n);
    await world.run(120);

    const [event] = world.events;
    assert.is(world.events.length, 1);
    assert.ok((event?.fromMs ?? 0) <= (event?.untilMs ?? -1));
    const { fromMs = 0, untilMs = -1 } = world.path('a').lastRound ?? {};
    assert.ok(fromMs <= untilMs && untilMs <= world.nowMs());
    assert.ok(
      steps(world.begun(A)).every((step) => step <= 31),
      `${world.begun(A)}`,
    );
  });

  test('wakes the pump for work only', async () => {
    const world = await tracing(['10.0.0.1'], 3);
    const works = world.works();
    await world.run(10);
    assert.ok(works >= 1 && world.works() - works <= 1);
  });
});

async function tracing(
  route: Parameters<PathWorld['routes']['set']>[1],
  forSeconds = 100,
  options: { kept?: PathsOptions['kept'] } = {},
): Promise<PathWorld> {
  const world = openPathWorld(options);
  world.names.set('a.example', A);
  world.routes.set(A, route);
  world.configure([pathTarget('a')]);
  await world.run(forSeconds);
  return world;
}

function steps(times: readonly number[]): number[] {
  return times.slice(1).map((atS, i) => atS - (times[i] ?? 0));
}

function seconds(world: PathWorld): number {
  return Number(world.rig.clock.monoNs / 1_000_000n) / 1000 - 1000;
}
