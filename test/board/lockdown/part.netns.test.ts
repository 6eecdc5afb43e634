// The lockdown as the agent looks after it, while others change the kernel's rules.
import { deepEqual, equal, match } from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from '../../helper.ts';
import { openNamespace, requireLab, scratchFile } from '../../lab/namespace.ts';
import type { LabProcess, Namespace } from '../../lab/net.ts';
import { NIXOS_FW, TAILSCALE_ON } from '../../lockdown/foreign-rules.ts';
import type { ChildAnswer } from './part-child.ts';

const CHILD = fileURLToPath(new URL('part-child.ts', import.meta.url));

suite('the lockdown as a part of the board', (s) => {
  const missing = requireLab('nft');
  let place: Namespace;
  let child: LabProcess;
  let steps = 0;

  const nft = (words: string): Promise<string> => place.run('nft', [words]);
  const rulesOf = async (chain: string): Promise<string> =>
    await place.run('nft', ['-s', 'list', 'chain', 'inet', 'flint', chain]);
  const step = async (): Promise<ChildAnswer> => {
    child.child.stdin.write('step\n');
    steps++;
    await child.waitFor(new RegExp(`^(?:ready\\n)(?:\\{.*\\}\\n){${steps}}`), 10_000);
    return JSON.parse(child.output().stdout.trim().split('\n').at(-1) ?? '') as ChildAnswer;
  };

  const other = async (state: string): Promise<LabProcess> => {
    await child.stop('SIGKILL');
    steps = 0;
    const next = place.spawn(process.execPath, ['--import', 'tsx', CHILD, state, 'eth0']);
    await next.waitFor('ready', 20_000);
    return next;
  };

  s.before(async () => {
    if (missing !== null) return;
    place = await openNamespace();
    await place.ip('link add eth0 type veth peer name eth1');
    await place.ip('link set eth0 up');
    await place.ip('link set eth1 up');
    await place.ip('address add 192.168.9.2/24 dev eth0');
    await place.ip('route add default via 192.168.9.1');
    await nft(TAILSCALE_ON);
    await nft(NIXOS_FW);
    const state = scratchFile('state');
    mkdirSync(state);
    child = place.spawn(process.execPath, ['--import', 'tsx', CHILD, state]);
    await child.waitFor('ready', 20_000);
  });

  s.after(async () => {
    await child?.stop('SIGKILL');
    await place?.close();
  });

  s.testIf(missing, 'shuts a board that was open, which is news and no drift', async () => {
    const { state, isNews, said } = await step();

    equal(state.state, 'in-force', state.reason ?? '');
    deepEqual([state.drifts, isNews, said], [0, true, []]);
    match(await rulesOf('input'), /policy drop/);
    match(await nft('list set inet flint infra4'), /192\.168\.9\.1/);
    equal((await step()).isNews, false);
  });

  s.testIf(missing, 'puts back a rule that somebody added, and says so', async () => {
    await nft('insert rule inet flint input tcp dport 22 accept');

    const { state, said } = await step();

    deepEqual([state.state, state.drifts], ['in-force', 1]);
    match(said.join(''), /somebody else changed .* chain input has besides: tcp dport 22 accept/);
    equal((await rulesOf('input')).includes('dport 22'), false);
  });

  s.testIf(missing, 'fills a set again without the counters going back', async () => {
    await place.exec('ping', ['-c', '1', '-W', '1', '192.168.9.2']);
    const counters = async (): Promise<string> => nft('list counter inet flint in-loopback');
    const before = await counters();
    await nft('delete element inet flint infra4 { 10.55.0.0/16 }');

    const { state } = await step();

    deepEqual([state.state, state.drifts], ['in-force', 2]);
    match(before, /packets [1-9]/);
    equal(await counters(), before);
    match(await nft('list set inet flint infra4'), /10\.55\.0\.0\/16/);
  });

  s.testIf(missing, 'follows the network to another gateway, which is no drift', async () => {
    const before = await nft('list counter inet flint in-loopback');
    await place.ip('route replace default via 192.168.9.254');

    const { state, isNews } = await step();

    deepEqual([state.state, state.drifts, isNews], ['in-force', 2, true]);
    const set = await nft('list set inet flint infra4');
    deepEqual([/192\.168\.9\.254/.test(set), /192\.168\.9\.1,/.test(set)], [true, false]);
    equal(await nft('list counter inet flint in-loopback'), before);
  });

  s.testIf(missing, 'keeps what it knows when the cable is out', async () => {
    await place.ip('link set eth0 down');

    const { state } = await step();

    equal(state.state, 'in-force');
    match(await nft('list set inet flint infra4'), /192\.168\.9\.254/);
    await place.ip('link set eth0 up');
    await place.ip('route replace default via 192.168.9.254');
  });

  s.testIf(missing, 'leaves the rules of others alone', async () => {
    const others = await place.run('nft', ['-s', 'list', 'table', 'inet', 'nixos-fw']);
    const tailscale = await place.run('nft', ['-s', 'list', 'table', 'ip', 'filter']);

    await nft('delete table inet flint');
    const { state } = await step();

    deepEqual([state.state, state.drifts], ['in-force', 3]);
    equal(await place.run('nft', ['-s', 'list', 'table', 'inet', 'nixos-fw']), others);
    equal(await place.run('nft', ['-s', 'list', 'table', 'ip', 'filter']), tailscale);
  });

  s.testIf(missing, 'comes back after somebody flushed everything', async () => {
    await nft('flush ruleset');

    const { state } = await step();

    deepEqual([state.state, state.drifts], ['in-force', 4]);
    match(await rulesOf('output'), /policy drop/);
  });

  s.testIf(missing, 'notices that the table was put to sleep', async () => {
    await nft('add table inet flint { flags dormant; }');

    const { state } = await step();

    deepEqual([state.state, state.drifts], ['in-force', 5]);
    equal((await nft('list table inet flint')).includes('dormant'), false);
  });

  s.testIf(missing, 'lets nobody in by an interface that is the way to the Internet', async () => {
    const state = scratchFile('other-state');
    mkdirSync(state);
    child = await other(state);

    const { state: shut, said } = await step();

    equal(shut.state, 'in-force');
    match(shut.reason ?? '', /eth0 is the way to the Internet and no mesh/);
    match(said.join(''), /nobody is let in by the mesh: eth0/);
    equal((await rulesOf('input')).includes('eth0'), false);
    match(await nft('list set inet flint infra4'), /192\.168\.9\.254/);

    await place.ip('route del default');
    const { state: open } = await step();

    deepEqual([open.state, open.reason], ['in-force', null]);
    match(await rulesOf('input'), /iifname "eth0" goto mesh-input/);
  });
});
