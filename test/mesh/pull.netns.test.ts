// Pull: a metrics server scrapes the daemon over the mesh, and only it can. The board runs the
// programs as they are delivered, agent and daemon; nothing but the daemon itself keeps the others
// out: there is no lockdown here.
// waits
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { type LabProcess, type Namespace, type Result, sleep } from '../lab/net.ts';
import { MAIN, missingDaemonLab } from '../probe/daemon-lab.ts';
import { type Ask, openAsker } from './asker.ts';
import {
  type Lan,
  type MeshNode,
  missingWireguard,
  openLan,
  openNode,
  peerOf,
  removeSocket,
} from './wireguard-lab.ts';

const missing = missingDaemonLab('victoria-metrics') ?? missingWireguard();

const MONITOR = 'fd57::1';
const BOARD = 'fd57::a';
const OTHER = 'fd57::b';
const PORT = 9740;
const STORE = 'http://127.0.0.1:8428';
// Nobody is there: the mesh does not wait for a control.
const CONTROL = 'https://10.57.0.200';
const MAC = '02:00:00:00:57:0a';

suite('pull over the mesh', (s) => {
  let lan: Lan;
  let place: Namespace;
  let monitor: MeshNode;
  let other: MeshNode;
  let directory: string;
  let daemon: LabProcess;
  let agent: LabProcess;
  /** From the monitor, and on the board. */
  let askThere: Ask;
  let askHere: Ask;
  const device = `fp${process.pid}`.slice(-15);
  const page = `http://[${BOARD}]:${PORT}`;
  const tookMs: Record<string, number> = {};

  const env = { ...process.env, XDG_STATE_HOME: '/nonexistent' };
  const places = () => ['--config', join(directory, 'agent.json'), '--state', join(directory, 's')];
  const flint = (...words: string[]): Promise<Result> =>
    place.exec(process.execPath, [MAIN, ...words, ...places()], { env, timeoutMs: 20_000 });

  function configure(tailnet: object): void {
    const text = JSON.stringify({ schema: 1, control: CONTROL, mac: MAC, tailnet });
    writeFileSync(join(directory, 'agent.json'), text);
  }

  async function untilServed(isServed: boolean): Promise<number> {
    const startMs = performance.now();
    for (;;) {
      const { status } = await askThere(`${page}/healthz`);
      const ms = Math.round(performance.now() - startMs);
      if ((status === 200) === isServed) return ms;
      if (ms > 15_000)
        throw new Error(`${status} ${daemon.output().stderr} ${agent.output().stderr}`);
      await sleep(50);
    }
  }

  function rssMib(): number {
    const text = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]) / 1024;
  }

  s.before(async () => {
    if (missing !== null) return;
    directory = mkdtempSync(join(tmpdir(), 'flint-pull-'));
    chmodSync(directory, 0o755);
    mkdirSync(join(directory, 'run'));
    lan = await openLan();
    place = await lan.join('10.57.0.2/24', 'fd58::2/64');
    monitor = openNode(await lan.join('10.57.0.1/24', 'fd58::1/64'), true);
    other = openNode(await lan.join('10.57.0.3/24', 'fd58::3/64'));
    const peers = [
      { ...peerOf('monitor', monitor, MONITOR), endpoint: '10.57.0.1:51820' },
      // More than it should: without it no packet of the other board would come here at all.
      { ...peerOf('other', other, OTHER), endpoint: '10.57.0.3:51821' },
    ];
    configure({
      ...{ kind: 'wireguard', interface: device, address: BOARD, readers: [MONITOR], peers },
    });
    const { stdout, stderr, code } = await flint('wireguard', 'key');
    is(code, 0, stderr);
    const board = { name: 'board', publicKey: stdout.trim(), allowedAddresses: [BOARD] };
    await monitor.configure({ address: MONITOR, listenPort: 51_820, peers: [board] });
    await other.configure({ address: OTHER, listenPort: 51_821, peers: [board] });
    await monitor.step();
    await other.step();
    const config = join(directory, 'probe.json');
    writeFileSync(config, JSON.stringify({ schema: 1, hostname: 'probe07' }));
    const words = ['--state', join(directory, 's'), '--run', join(directory, 'run')];
    daemon = place.spawn(process.execPath, [MAIN, 'probe', '--config', config, ...words], { env });
    await daemon.waitFor(' measuring ', 10_000);
    askThere = openAsker(monitor.namespace);
    askHere = openAsker(place);
    startScraping();
  });

  s.after(async () => {
    await other?.close();
    await lan?.close();
    removeSocket(device);
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    if (missing === null) console.log('\nms:', JSON.stringify(tookMs));
  });

  s.testIf(missing, 'what the agent would do is said, and no secret with it', async () => {
    const { stdout, code } = await flint('wireguard', 'up', '--dry-run');
    is(code, 0);
    match(stdout, `ip link add dev ${device} type wireguard`);
    match(stdout, `ip address add ${BOARD}/128 dev ${device} nodad`);
    match(stdout, `ip -6 route add ${MONITOR}/128 dev ${device} proto static`);
    const key = readFileSync(join(directory, 's/agent/mesh/wireguard.key'), 'utf8').trim();
    ok(!stdout.includes(key));
    is((await place.exec('ip', ['link', 'show', device])).code, 1);
    is((await flint('wireguard', 'show')).code, 1);
  });

  s.testIf(missing, 'the daemon is on the mesh as soon as the mesh is', async () => {
    const idleMib = rssMib();
    const startMs = performance.now();
    const words = ['agent', ...places(), '--run', join(directory, 'run')];
    agent = place.spawn(process.execPath, [MAIN, ...words], { env });
    await untilServed(true);
    tookMs['agent start to first answer'] = Math.round(performance.now() - startMs);
    match(daemon.output().stderr, `listening on the mesh: http://[${BOARD}]:${PORT}/`);
    console.log(`\nRSS of the daemon: ${idleMib.toFixed(1)} → ${rssMib().toFixed(1)} MiB`);
  });

  s.testIf(missing, 'a real metrics server scrapes it there', async () => {
    const value = await stored('flint_mesh_joined', ([sample]) => sample === '1');
    equal(value, ['1']);
    equal(await stored('flint_mesh_peer_direct{peer="monitor"}', isSome), ['1']);
    equal(await stored('up{job="smokeping"}', isSome), ['1']);
    equal(await stored('flint_mesh_listening', isSome), ['1']);
  });

  s.testIf(missing, 'page, status and metrics are served there under its address', async () => {
    const status = await askThere(`${page}/api/v1/status`);
    const { mesh, push, lockdown, board } = JSON.parse(status.body);
    equal([mesh.state, mesh.address, push, lockdown], ['joined', BOARD, null, null]);
    is(board.listener.address, BOARD);
    match((await askThere(`${page}/board`)).body, 'The board is on the mesh.');
    is((await askThere(`${page}/`, 'evil.example')).status, 421);
    is((await askHere(`http://127.0.0.1:${PORT}/healthz`)).status, 200);
  });

  s.testIf(missing, 'nobody else: not another board, not the LAN, by no address', async () => {
    is((await other.namespace.exec('ping', ['-c1', '-W1', BOARD])).code, 0);
    equal(await openAsker(other.namespace)(`${page}/metrics`), { status: 0, body: 'ECONNRESET' });
    const stranger = await lan.join('10.57.0.66/24', 'fd58::66/64');
    const ask = openAsker(stranger);
    equal((await ask(`http://10.57.0.2:${PORT}/`)).body, 'ECONNREFUSED');
    equal((await ask(`http://[fd58::2]:${PORT}/`)).body, 'ECONNREFUSED');
    // A machine answers for all its addresses on every interface.
    await stranger.ip(`-6 route add ${BOARD}/128 via fd58::2`);
    equal((await ask(`${page}/metrics`)).body, 'ECONNRESET');
    // As if it were the monitor: what is answered goes to the monitor.
    await stranger.ip(`address add ${MONITOR}/128 dev eth0 nodad`);
    await stranger.ip(`-6 route replace ${BOARD}/128 via fd58::2 src ${MONITOR}`);
    is((await ask(`${page}/metrics`)).status, 0);
    const { body } = await askThere(`${page}/metrics/self`);
    const refused = /^flint_mesh_refused_connections_total (\d+)$/m.exec(body)?.[1];
    ok(Number(refused) >= 2, `${refused} refused`);
  });

  s.testIf(missing, 'wireguard-go that is killed does not end it for long', async () => {
    const pids = await place.run('ip', ['netns', 'pids', place.name]);
    const go = pids.split('\n').find((pid) => pid !== '' && isGo(pid));
    if (go === undefined) return; // the kernel's own
    const startMs = performance.now();
    process.kill(Number(go), 'SIGKILL');
    await sleep(100);
    await untilServed(true);
    tookMs['kill -9 of wireguard-go to the next answer'] = Math.round(performance.now() - startMs);
  });

  s.testIf(missing, 'it goes with the mesh, and comes again with it', async () => {
    const down = await flint('wireguard', 'down');
    equal([down.code, down.stdout], [0, `${device} is gone\n`]);
    const startMs = performance.now();
    while (!/no longer listening on the mesh/.test(daemon.output().stderr)) {
      ok(performance.now() - startMs < 5000, daemon.output().stderr);
      await sleep(20);
    }
    tookMs['down to not listening'] = Math.round(performance.now() - startMs);
    is((await askHere(`${page}/healthz`)).status, 0);
    is((await askHere(`http://127.0.0.1:${PORT}/healthz`)).status, 200);

    const up = await flint('wireguard', 'up', '--json');
    equal([up.code, JSON.parse(up.stdout).state], [0, 'joined'], up.stderr);
    tookMs['up to the next answer'] = await untilServed(true);
    const shown = await flint('wireguard', 'show');
    is(shown.code, 0, shown.stdout);
    match(shown.stdout, `AllowedIPs = ${BOARD}/128`);
  });

  function startScraping(): void {
    const scrape = {
      scrape_configs: ['self', 'smokeping'].map((job) => ({
        job_name: job,
        scrape_interval: '1s',
        metrics_path: `/metrics/${job}`,
        static_configs: [{ targets: [`[${BOARD}]:${PORT}`] }],
      })),
    };
    writeFileSync(join(directory, 'scrape.yml'), JSON.stringify(scrape));
    monitor.namespace.spawn('victoria-metrics', [
      '-httpListenAddr=127.0.0.1:8428',
      // By default it speaks IPv4 alone.
      '-enableTCP6',
      `-storageDataPath=${join(directory, 'store')}`,
      `-promscrape.config=${join(directory, 'scrape.yml')}`,
      '-memory.allowedBytes=64MB',
      '-search.latencyOffset=1ms',
    ]);
  }

  async function stored(
    expression: string,
    accept: (values: string[]) => boolean,
  ): Promise<string[]> {
    const url = `${STORE}/api/v1/query?query=${encodeURIComponent(expression)}`;
    for (let tries = 0; tries < 100; tries++) {
      const { status, body } = await askThere(url);
      const results = status === 200 ? JSON.parse(body).data.result : [];
      const values = results.map(({ value }: { value: [number, string] }) => value[1]);
      if (accept(values)) return values;
      await sleep(100);
    }
    throw new Error(`${expression} never came`);
  }
});

function isSome(values: readonly string[]): boolean {
  return values.length > 0;
}

function isGo(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('wireguard-go');
  } catch {
    return false;
  }
}
