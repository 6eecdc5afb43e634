// Paths under a policy: addresses that must not be traced, and budgets that probes share.
import { equal, is, match, ok } from 'uvu/assert';
import { DEFAULT_POLICY, type Policy } from '../../src/core/policy.ts';
import { suite } from '../helper.ts';
import { openPathWorld, type PathWorld, pathTarget } from './paths-rig.ts';

const ROUTE = ['198.41.0.1', '198.41.0.2', '198.41.0.3'];

function openGuarded(part: Partial<Policy> = {}): PathWorld {
  const world = openPathWorld();
  const policy = { ...DEFAULT_POLICY, ...part };
  world.guard.configure({ policy, kinds: new Set(['path'] as const) });
  world.routes.set('1.1.1.1', ROUTE);
  world.routes.set('10.0.0.1', ROUTE);
  return world;
}

suite('measure/paths-guarded', (s) => {
  s.test('a private address is not traced, and the reason names the policy', async () => {
    const world = openGuarded();
    world.names.set('lan.example', '10.0.0.1');
    world.configure([pathTarget('lan')]);
    await world.run(65);
    const path = world.path('lan');
    equal([path.state, path.ip, path.probes], ['unavailable', '10.0.0.1', 0]);
    match(path.reason ?? '', 'the policy forbids its address 10.0.0.1');
    equal(world.begun('10.0.0.1'), []);
  });

  s.test('a name that turns to one is left, and traced on when it turns back', async () => {
    const world = openGuarded();
    world.names.set('a.example', '1.1.1.1');
    world.configure([pathTarget('a', { intervalMs: 10_000 })]);
    await world.run(25);
    const known = world.path('a').path;
    ok(world.begun('1.1.1.1').length >= 2);

    world.names.set('a.example', '10.0.0.1');
    await world.run(40);
    const left = world.begun('1.1.1.1').length;
    is(world.path('a').state, 'unavailable');
    await world.run(20);
    equal([world.begun('1.1.1.1').length, world.begun('10.0.0.1').length], [left, 0]);

    world.names.set('a.example', '1.1.1.1');
    await world.run(50);
    is(world.path('a').state, 'tracing');
    ok(world.begun('1.1.1.1').length > left);
    is(world.path('a').path?.hash, known?.hash);
  });

  s.test('what is traced ends at once when the control takes it over', async () => {
    const world = openPathWorld();
    world.routes.set('10.0.0.1', ROUTE);
    world.names.set('lan.example', '10.0.0.1');
    const targets = [pathTarget('lan', { intervalMs: 5000 })];
    world.configure(targets);
    await world.run(12);
    const before = world.begun('10.0.0.1').length;
    ok(before >= 2);
    world.guard.configure({ policy: DEFAULT_POLICY, kinds: new Set(['path'] as const) });
    world.configure(targets);
    await world.run(30);
    equal([world.begun('10.0.0.1').length, world.path('lan').state], [before, 'unavailable']);
  });

  s.test('many targets at one address share its packets, and what waits is counted', async () => {
    const world = openGuarded({ packetsPerSecondPerDestination: 5 });
    const targets = Array.from({ length: 40 }, (_, n) => pathTarget(`t${n}`, { intervalMs: 5000 }));
    for (const { host } of targets) world.names.set(host, '1.1.1.1');
    world.configure(targets, { probes: 3 });
    await world.run(60);
    const probes = targets.reduce((sum, { id }) => sum + world.path(id).probes, 0);
    ok(probes <= 60 * 5 + 10, `${probes}`);
    ok(world.guard.heldBack().path > 100);
  });

  s.test('a few paths are traced as without a policy', async () => {
    const world = openGuarded();
    world.names.set('a.example', '1.1.1.1');
    world.configure([pathTarget('a')], { probes: 3 });
    await world.run(95);
    equal(world.guard.heldBack(), { smokeping: 0, path: 0 });
    equal([world.path('a').skipped, world.path('a').path?.hops.length], [0, 4]);
  });
});
