// waits
// timeout: 180 s
// A real headscale, tailscaled and tailscale in namespaces. Each case leaves the boards joined.
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from '../cli/flint.ts';
import { suite } from '../helper.ts';
import { METRICS, openBoard, settingsOf, type TailnetBoard, watchWords } from './tailnet-board.ts';
import type { Machine, TailnetLab } from './tailnet-lab.ts';
import { missingTailnet, openTailnetLab, ULA, until } from './tailnet-lab.ts';

const FIRST = `${ULA}:3::1`;
const SECOND = `${ULA}:3::2`;

/** What a machine's own network looks like to its other programs. */
async function untouched({ namespace }: Machine): Promise<string> {
  const words = [
    'cat /etc/resolv.conf',
    'ip route',
    'ip -6 route show dev eth0',
    'nft list ruleset',
  ];
  return namespace.run('sh', ['-c', words.join(';')]);
}

/** Whether a TCP connection is taken. */
async function opens({ namespace }: Machine, address: string, port: number): Promise<string> {
  const script = `const end = (code) => process.exit(code);
    setTimeout(end, 1500, 1);
    require("net").connect(${port}, "${address}", () => end(0)).on("error", () => end(1));`;
  const { code } = await namespace.exec(process.execPath, ['-e', script]);
  return code === 0 ? 'open' : 'shut';
}

suite('a tailnet', (s) => {
  const missing = missingTailnet();
  let lab: TailnetLab;
  let metrics: Machine;
  let first: Machine;
  let second: Machine;
  let board: TailnetBoard;
  const took: Record<string, number> = {};

  async function approve(name: string): Promise<void> {
    const node = (await lab.nodes()).find((one) => one.name === name);
    await lab.headscale(`nodes approve-routes -i ${node?.id} -r ${node?.availableRoutes[0]}`);
  }

  async function isReached(address: string): Promise<boolean> {
    const words = ['-6', '-c', '1', '-W', '1', '-I', METRICS, address];
    return (await metrics.namespace.exec('ping', words)).code === 0;
  }

  function flint(machine: Machine, words: string) {
    const given = ['--config', join(machine.directory, 'agent.json')];
    const places = ['--state', join(machine.directory, 'cli')];
    const all = [MAIN, 'tailnet', ...words.split(' '), ...given, ...places];
    return machine.namespace.exec(process.execPath, all, { timeoutMs: 60_000 });
  }

  function configure(machine: Machine, address: string, hostname: string): void {
    const tailnet = settingsOf({ machine, address, hostname });
    writeFileSync(join(machine.directory, 'agent.json'), JSON.stringify({ schema: 1, tailnet }));
  }

  s.before(async () => {
    if (missing !== null) return;
    lab = await openTailnetLab();
    [metrics, first, second] = [
      await lab.machine(),
      await lab.machine('v4'),
      await lab.machine('v6'),
    ];
    await Promise.all([metrics, first, second].map((machine) => machine.startDaemon()));
    const key = await lab.key('monitoring');
    const server = openBoard({ machine: metrics, address: METRICS, hostname: 'metrics', key });
    await server.reach('needs-approval');
    await approve('metrics');
    await server.reach('joined');
  });

  s.after(async () => {
    if (missing !== null) return;
    process.stdout.write(`took (ms): ${JSON.stringify(took)}\n`);
    await lab.close();
  });

  s.testIf(
    missing,
    'is joined by a command, and no key is in any words',
    async () => {
      configure(first, FIRST, 'probe01');
      const key = await lab.key('probes');
      writeFileSync(join(first.directory, 'key'), key, { mode: 0o600 });
      const before = await untouched(first);
      const watch = watchWords(key.slice(-40));

      const command = flint(first, `join --json --timeout 20s --key-file ${first.directory}/key`);
      await until('the board waits for approval', async () => (await lab.nodes()).length === 2);
      await approve('probe01');
      took['route approved to ping'] = await until('it is reached', () => isReached(FIRST));
      const { code, stdout, stderr } = await command;

      deepEqual(watch.stop(), []);
      ok(watch.looks() > 50);
      equal(code, 0, stderr);
      const state = JSON.parse(stdout) as { state: string; address: string; addresses: string[] };
      deepEqual([state.state, state.address], ['joined', FIRST]);
      match(stderr, /^joined as fd8f:89ae:ca73:3::1$/m);
      deepEqual(readdirSync(join(first.directory, 'cli/agent/mesh')), ['tailnet.json']);
      equal(await untouched(first), before);
    },
    60_000,
  );

  s.testIf(
    missing,
    'tells how it stands, and what would be done',
    async () => {
      const status = await flint(first, 'status');
      const dry = await flint(first, 'join --dry-run');
      await first.tailscale('set --accept-dns=true');
      const drifted = await flint(first, 'join --dry-run');
      const mended = await flint(first, 'join --json');
      const prefs = JSON.parse(await first.tailscale('debug prefs')) as { CorpDNS: boolean };

      equal(status.code, 0, status.stdout);
      match(status.stdout, /state +joined\naddress +fd8f:89ae:ca73:3::1/);
      match(status.stdout, /metrics\.mesh\.lab +fd8f:89ae:ca73:2::1 +direct/);
      match(dry.stdout, /# tailscaled is as it should be/);
      match(drifted.stdout, /set .*--accept-dns=false.*# it takes the DNS of the tailnet/);
      equal(mended.code, 0, mended.stdout);
      equal(prefs.CorpDNS, false);
    },
    40_000,
  );

  s.testIf(
    missing,
    'is joined by the part on a network that has IPv6 alone',
    async () => {
      const key = await lab.key('probes');
      board = openBoard({ machine: second, address: SECOND, hostname: 'probe02', key });

      took['join (part, until approval)'] = (await board.reach('needs-approval')).tookMs;
      await approve('probe02');
      const { last } = await board.reach('joined');
      took['ping after approval'] = await until('it is reached', () => isReached(SECOND));

      equal(last.address, SECOND);
      equal(last.reason, null);
      ok(last.addresses.includes(SECOND));
    },
    40_000,
  );

  s.testIf(
    missing,
    'lets a probe reach one port of the metrics server, and no other probe',
    async () => {
      const ports = [22, 80, 9740];
      const listen = `for (const p of [${ports}]) require("net").createServer().listen(p, "::")`;
      const listeners = [metrics, first, second].map(({ namespace }) =>
        namespace.spawn(process.execPath, ['-e', listen]),
      );
      await until('all listen', async () => (await opens(second, SECOND, 9740)) === 'open');

      const seen = await Promise.all([
        ...ports.map((port) => opens(second, METRICS, port)),
        ...ports.map((port) => opens(second, FIRST, port)),
        ...ports.map((port) => opens(metrics, SECOND, port)),
      ]);
      await Promise.all(listeners.map((one) => one.stop()));

      deepEqual(seen.slice(0, 3), ['shut', 'open', 'shut']);
      deepEqual(seen.slice(3, 6), ['shut', 'shut', 'shut']);
      deepEqual(seen.slice(6), ['shut', 'shut', 'open']);
    },
    40_000,
  );

  s.testIf(
    missing,
    'comes back after tailscaled was killed, and gets its address again',
    async () => {
      await second.stopDaemon('SIGKILL');
      const gone = await board.step();
      await second.startDaemon();
      const { tookMs, last } = await board.reach('joined');
      took['tailscaled killed and started'] = tookMs;

      equal(gone.state, 'absent');
      match(gone.reason ?? '', /tailscaled/);
      equal(gone.address, null);
      equal(last.address, SECOND);
      took['ping after that'] = await until('it is reached', () => isReached(SECOND));
    },
    40_000,
  );

  s.testIf(
    missing,
    'goes on while the login server is away',
    async () => {
      await lab.stopServer();
      await until('it is reached', () => isReached(SECOND));
      const { state } = await board.step();
      await lab.startServer();
      const after = await board.reach('joined');
      took['login server back'] = await until(
        'it is online',
        async () => (await board.step()).reason === null,
      );

      equal(state, 'joined');
      equal(after.last.address, SECOND);
    },
    60_000,
  );

  s.testIf(
    missing,
    'is absent while tailscaled hangs',
    async () => {
      second.signalDaemon('SIGSTOP');
      const startedMs = performance.now();
      const hung = await board.step();
      const tookMs = performance.now() - startedMs;
      second.signalDaemon('SIGCONT');
      await board.reach('joined');

      equal(hung.state, 'absent');
      match(hung.reason ?? '', /in time/);
      equal(hung.address, SECOND);
      ok(tookMs < 12_000, `${tookMs} ms`);
    },
    40_000,
  );
});
