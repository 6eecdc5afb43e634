// Two boards and a monitor, with the real wireguard-go and wg: PromGuard's way to scrape nodes that
// nobody else can reach.
// waits
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { openLeftover } from '../../src/board/mesh/wireguard-leftover.ts';
import { suite } from '../helper.ts';
import { type Namespace, sleep } from '../lab/net.ts';
import {
  isJoined,
  type Lan,
  type MeshNode,
  missingWireguard,
  openLan,
  openNode,
  peerOf,
} from './wireguard-lab.ts';

const missing = missingWireguard('ping');

const MONITOR = 'fd57::1';
const ALICE = 'fd57::a';
const BOB = 'fd57::b';

suite('mesh by WireGuard', (s) => {
  let lan: Lan;
  let monitor: MeshNode;
  let alice: MeshNode;
  let bob: MeshNode;
  const tookMs: Record<string, number> = {};

  const toMonitor = (endpoint = '10.57.0.1:51820'): Record<string, unknown> => ({
    peers: [{ ...peerOf('monitor', monitor, MONITOR), endpoint }],
  });
  const ofAlice = { address: ALICE, readers: [MONITOR] };
  const ofMonitor = (...peers: Record<string, unknown>[]) => ({
    ...{ address: MONITOR, listenPort: 51_820, peers },
  });

  s.before(async () => {
    if (missing !== null) return;
    lan = await openLan();
    monitor = openNode(await lan.join('10.57.0.1/24', 'fd58::1/64'), true);
    alice = openNode(await lan.join('10.57.0.2/24', 'fd58::2/64'));
    bob = openNode(await lan.join('10.57.0.3/24', 'fd58::3/64'));
    const both = [peerOf('alice', alice, ALICE), peerOf('bob', bob, BOB)];
    await monitor.configure(ofMonitor(...both));
    await alice.configure({ ...ofAlice, ...toMonitor() });
    await bob.configure({ address: BOB, readers: [MONITOR], ...toMonitor() });
  });

  s.after(async () => {
    await Promise.all([monitor, alice, bob].map((node) => node?.close()));
    await lan?.close();
    if (missing === null) console.log('\nms:', JSON.stringify(tookMs));
  });

  s.testIf(missing, 'both boards come to the monitor, which calls nobody', async () => {
    const startMs = performance.now();
    await monitor.step();
    const [state] = await Promise.all([alice.until(isJoined), bob.until(isJoined)]);
    tookMs['joined'] = Math.round(performance.now() - startMs);
    const there = await monitor.until(({ peers }) => peers.every(({ via }) => via === 'direct'));

    const { kind, interface: device, address, addresses, readers, reason, peers } = state;
    equal([kind, device, address, addresses], ['wireguard', alice.device, ALICE, [ALICE]]);
    equal([readers, reason, state.isVersionOld], [[MONITOR], null, false]);
    match(state.version ?? '', /^wireguard-go \d|^Linux /);
    const [peer] = peers;
    equal([peer?.name, peer?.address, peer?.via], ['monitor', MONITOR, 'direct']);
    ok(Math.abs((peer?.handshakeMs ?? 0) - Date.now()) < 10_000);
    ok((peer?.receivedBytes ?? 0) > 0 && (peer?.sentBytes ?? 0) > 0);
    equal(
      there.peers.map(({ name }) => name),
      ['alice', 'bob'],
    );
  });

  s.testIf(missing, 'the monitor reaches each, and they do not reach one another', async () => {
    equal(await answers(monitor.namespace, ALICE, BOB), [true, true]);
    equal(await answers(alice.namespace, MONITOR, BOB), [true, false]);
    equal(await answers(await lan.join('10.57.0.9/24'), ALICE), [false]);
  });

  s.testIf(missing, 'the interface has one address, and leads to the peer alone', async () => {
    const own = await alice.namespace.ip(`-o address show dev ${alice.device}`);
    match(own, `inet6 ${ALICE}/128`);
    is(own.trim().split('\n').length, 1, own);
    const routes = await alice.namespace.ip(`-6 route show dev ${alice.device}`);
    match(routes, `${MONITOR} proto static`);
    not.match(routes, 'default');
  });

  s.testIf(missing, 'its private key is in one file of root, and in no word of a process', () => {
    const file = join(alice.directory, 'mesh', 'wireguard.key');
    const secret = readFileSync(file, 'utf8').trim();
    is(statSync(file).mode & 0o777, 0o600);
    const words = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => readProcess(pid));
    ok(words.some((text) => text.includes(alice.device)));
    not.ok(words.some((text) => text.includes(secret)));
    not.match(alice.log(), secret);
    equal(readdirSync(join(alice.directory, 'mesh')).sort(), ['wireguard.json', 'wireguard.key']);
    const kept = readFileSync(join(alice.directory, 'mesh', 'wireguard.json'), 'utf8');
    is(JSON.parse(kept).publicKey, alice.publicKey);
  });

  s.testIf(missing, 'a step that finds all well changes nothing', async () => {
    const before = await alice.namespace.run('wg', ['show', alice.device, 'listen-port']);
    const log = alice.log();
    const watched = alice.namespace.spawn('ip', ['monitor', 'address', 'route', 'link']);
    await sleep(100);
    await alice.step();
    await watched.stop();
    equal([watched.output().stdout, alice.log()], ['', log]);
    is(await alice.namespace.run('wg', ['show', alice.device, 'listen-port']), before);
  });

  s.testIf(missing, 'what somebody else changes is put back, and nothing besides', async () => {
    const { namespace, device } = alice;
    const port = await namespace.run('wg', ['show', device, 'listen-port']);
    await namespace.run('wg', ['set', device, 'peer', bob.publicKey, 'allowed-ips', `${BOB}/128`]);
    await namespace.run('wg', [
      'set',
      device,
      'peer',
      monitor.publicKey,
      'allowed-ips',
      'fd57::/64',
    ]);
    await namespace.ip(`address add fd57::bad/64 dev ${device} nodad`);
    await namespace.ip(`-6 route add default dev ${device}`);
    await namespace.ip(`link set ${device} mtu 1300`);

    const state = await alice.step();

    is(state.state, 'joined');
    const dump = await namespace.run('wg', ['show', device, 'allowed-ips']);
    is(dump.trim(), `${monitor.publicKey}\t${MONITOR}/128`);
    is(await namespace.run('wg', ['show', device, 'listen-port']), port);
    const routes = await namespace.ip(`-6 route show dev ${device}`);
    not.match(routes, /default|fd57::\/64/);
    const own = await namespace.ip(`address show dev ${device}`);
    match(own, 'mtu 1420');
    not.match(own, 'bad');
    match(alice.log(), /was not as it should be/);
    not.match(alice.log(), 'PrivateKey');
  });

  s.testIf(missing, 'wireguard-go that is killed comes back with all that it had', async () => {
    const [pid] = await processesOf(alice);
    if (pid === undefined) return; // the kernel's own
    const startMs = performance.now();
    process.kill(pid, 'SIGKILL');
    await sleep(50);
    // Nobody steps it meanwhile: it is watched.
    await until(async () => (await answers(alice.namespace, MONITOR))[0] === true, 10_000);
    tookMs['after kill -9'] = Math.round(performance.now() - startMs);
    const [other] = await processesOf(alice);
    ok(other !== undefined && other !== pid);
    is((await alice.step()).state, 'joined');
  });

  s.testIf(
    missing,
    'a board that gets another address is there again at its next step',
    async () => {
      await alice.step();
      await alice.namespace.ip('address del 10.57.0.2/24 dev eth0');
      await alice.namespace.ip('address add 10.57.0.77/24 dev eth0');
      const startMs = performance.now();
      await alice.step();
      await until(async () => (await answers(monitor.namespace, ALICE))[0] === true, 5_000);
      tookMs['after a move'] = Math.round(performance.now() - startMs);
      const where = await monitor.namespace.run('wg', ['show', monitor.device, 'endpoints']);
      match(where, '10.57.0.77:');
    },
  );

  s.testIf(missing, 'another endpoint in the settings takes the place of the former', async () => {
    await alice.configure({ ...ofAlice, ...toMonitor('[fd58::1]:51820') });
    const startMs = performance.now();
    await alice.until(isJoined);
    tookMs['another endpoint'] = Math.round(performance.now() - startMs);
    const where = await alice.namespace.run('wg', ['show', alice.device, 'endpoints']);
    match(where, '[fd58::1]:51820');
  });

  s.testIf(missing, 'a peer that is removed is out at once', async () => {
    await monitor.configure(ofMonitor(peerOf('alice', alice, ALICE)));
    await monitor.until(isJoined);
    const known = await monitor.namespace.run('wg', ['show', monitor.device, 'peers']);
    is(known.trim(), alice.publicKey);
    equal(await answers(bob.namespace, MONITOR), [false]);
    equal(await answers(alice.namespace, MONITOR), [true]);
  });

  s.testIf(
    missing,
    'with a wrong key there is no handshake, and it says what is amiss',
    async () => {
      const mallory = openNode(await lan.join('10.57.0.66/24'));
      try {
        await mallory.configure({ address: BOB, ...toMonitor() });
        await mallory.step();
        await sleep(1500);
        const { state, reason, peers, address } = await mallory.step();
        equal([state, peers[0]?.via, peers[0]?.handshakeMs], ['joining', 'idle', null]);
        match(reason ?? '', `no handshake with monitor yet`);
        match(reason ?? '', mallory.publicKey);
        is(address, BOB);
      } finally {
        await mallory.close();
      }
    },
  );

  s.testIf(missing, 'what cannot be right is no interface at all', async () => {
    const wrong: Record<string, unknown>[] = [
      { ...ofAlice, peers: [{ ...peerOf('monitor', monitor, '::/0') }] },
      { ...ofAlice, peers: [{ ...peerOf('m', monitor, MONITOR), presharedKey: 'no-such' }] },
      { ...ofAlice, ...toMonitor(), enable: false },
    ];
    for (const settings of wrong) {
      await alice.configure({ ...ofAlice, ...toMonitor() });
      await alice.until(isJoined);
      await alice.configure(settings);
      const { state, address, readers } = await alice.step();
      equal([state, address, readers], ['stopped', null, []]);
      is((await alice.namespace.exec('ip', ['link', 'show', alice.device])).code, 1);
    }
  });

  s.testIf(missing, 'what a section made that is gone is taken down, and no more', async () => {
    // Nothing is closed, as after a kill: what was started stays.
    const carol = openNode(await lan.join('10.57.0.5/24'), true);
    await carol.configure({ address: BOB, ...toMonitor() });
    await carol.step();
    await carol.namespace.ip(`link show dev ${carol.device}`);
    const { context, directory } = carol;
    const places = { state: join(directory, 'mesh'), configDirectory: directory };
    const [state, reason] = await leftover();
    const gone = await carol.namespace.exec('ip', ['link', 'show', carol.device]);
    await carol.namespace.ip(`link add ${carol.device} type veth peer name other`);
    await leftover();

    equal([state, reason, gone.code], ['stopped', null, 1]);
    match(await carol.namespace.ip(`link show dev ${carol.device}`), carol.device);

    async function leftover() {
      const { state: made } = await openLeftover({ context, places }).step();
      return [made?.state, made?.reason];
    }
  });

  s.testIf(missing, 'an interface that it did not make stays as it is', async () => {
    await bob.close();
    await bob.namespace.ip('link add foreign type veth peer name other');
    await bob.configure({ address: BOB, interface: 'foreign', ...toMonitor() });
    const { state, reason } = await bob.step();
    is(state, 'stopped');
    match(reason ?? '', /already/);
    match(await bob.namespace.ip('link show foreign'), 'foreign');
  });
});

async function answers(from: Namespace, ...targets: string[]): Promise<boolean[]> {
  return await Promise.all(
    targets.map(async (to) => (await from.exec('ping', ['-c1', '-W1', to])).code === 0),
  );
}

async function processesOf({ device }: MeshNode): Promise<number[]> {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readProcess(pid).startsWith('wireguard-go') || isGo(pid))
    .filter((pid) => readProcess(pid).includes(device))
    .map(Number);
}

function isGo(pid: string): boolean {
  return /wireguard-go\0-f\0/.test(readProcess(pid));
}

function readProcess(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

async function until(ask: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await ask())) {
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms`);
    await sleep(100);
  }
}
