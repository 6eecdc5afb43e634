// How `flint trace` ends, what it draws on a terminal, and what it may do without being root.
import { equal, is, match, ok } from 'uvu/assert';
import { loadFallback } from '../../../src/engine/fallback.ts';
import { suite } from '../../helper.ts';
import {
  type LabProcess,
  type Namespace,
  openNamespace,
  openNetwork,
  type RoutedNetwork,
  requireLab,
  sleep,
  threads,
} from '../../lab/net.ts';
import { flint, MAIN, startFlint, untilOpens, WITHOUT_RAW } from '../flint.ts';
import { ipsOf, parseTrace, trace } from '../trace-output.ts';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CTRL_C = '\u0003';
const V4 = '10.91.0.1';
const SCENARIO = {
  about: 'router 3 is silent, and so is what is not the host',
  hops: [{ delayMs: 2 }, { delayMs: 2 }, { delayMs: 2, silence: 'always' }, { delayMs: 2 }],
};
const PATH = ['10.70.0.1', '10.70.0.2', null, '10.70.0.4', V4];

const missing = requireLab();
const fallback = loadFallback();
const rawSocket = 'reason' in fallback ? `npm raw-socket: ${fallback.reason}` : null;
let namespace: Namespace;
let network: RoutedNetwork;

function onTerminal(words: string, columns = 80): LabProcess {
  const command = `stty cols ${columns} rows 24; exec ${process.execPath} ${MAIN} trace ${words}`;
  return namespace.spawn('script', ['-q', '-e', '-c', command, '/dev/null']);
}

suite('flint trace ends', (s) => {
  s.before(async () => {
    if (missing !== null) return;
    namespace = await openNamespace({ pingGroupRange: '0 2147483647' });
    network = await openNetwork(namespace, SCENARIO);
  });
  s.after(async () => {
    if (missing !== null) return;
    await network.close();
    await namespace.close();
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    s.testIf(missing, `${signal}: at once, with what is known by then`, async () => {
      const started = startFlint(namespace, `trace --json -W 10s ${V4}`);
      await untilOpens(started);
      await sleep(500);
      const beforeMs = Date.now();
      const { code } = await started.stop(signal);
      const { stdout, stderr } = started.output();
      const { hops, paths } = parseTrace(stdout);

      equal([code, stderr], [1, '']);
      ok(Date.now() - beforeMs < 2_000, `${Date.now() - beforeMs} ms`);
      equal(
        ipsOf({ hops }),
        PATH.filter((ip) => ip !== null),
      );
      equal([paths[0]?.reached, paths[0]?.end], [false, null]);
    });
  }

  s.testIf(
    missing,
    'SIGINT while a name is looked up, or the MTU, or names of routers',
    async () => {
      for (const words of ['nix.invalid', `-W 10s --mtu ${V4}`, `-W 10s --names ${V4}`]) {
        const started = startFlint(namespace, `trace --json ${words}`);
        await untilOpens(started);
        await sleep(100);
        const beforeMs = Date.now();
        const { code, signal } = await started.stop('SIGINT');

        equal([signal, started.output().stderr], [null, ''], words);
        is(code, 1, words);
        ok(Date.now() - beforeMs < 3_000, words);
      }
    },
  );

  const noScript = missing ?? requireLab('script', 'stty');

  s.testIf(noScript, 'a live table that goes on past a silent router, until Ctrl-C', async () => {
    const terminal = onTerminal(`-W 1s -i 100ms ${V4}`, 120);
    await terminal.waitFor(/[▁▂▃▄▅▆▇█]{8}/);
    terminal.child.stdin.write(CTRL_C);
    const { code } = await terminal.exited;
    const { stdout } = terminal.output();

    is(code, 0);
    const [first = 0, last = 0] = [stdout.indexOf(HIDE_CURSOR), stdout.lastIndexOf(SHOW_CURSOR)];
    ok(first >= 0 && last > first);
    const end = stdout.slice(0, last).split('\n').slice(-8).join('\n');
    match(end, /5\. 10\.91\.0\.1 +0% +\d+ 8\.\d+ms/);
    match(end, /3\. \?\?\? .*silent/);
  });

  s.testIf(noScript, 'a narrow terminal gets no line that it would fold', async () => {
    const terminal = onTerminal(`-c 4 -W 200ms -i 100ms ${V4} fd91::1`, 60);
    const { code } = await terminal.exited;
    const { stdout } = terminal.output();

    is(code, 0);
    for (const line of stdout.split('\n')) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
      const text = line.replace(/\u001b\[[?0-9]*[A-Za-z]|\r/g, '');
      ok([...text].length < 60, text);
    }
    match(stdout, /5\. 10\.91\.0\.1 +0% +4/);
  });

  s.testIf(noScript, 'goes with its terminal', async () => {
    const terminal = onTerminal(`-i 100ms ${V4}`);
    await terminal.waitFor(/5\. 10\.91\.0\.1/);
    await terminal.stop('SIGKILL');
    await sleep(300);

    const left = await namespace.exec('sh', ['-c', 'ps -eo args | grep -c "[t]race -i 100ms"']);
    is(left.stdout.trim(), '0');
  });

  s.testIf(missing, 'quietly, when its reader goes away', async () => {
    const words = `${process.execPath} ${MAIN} trace --json -c 1 -W 200ms ${V4} fd91::1`;
    const script = `{ ${words}; echo "code $?" >&2; } | head -1`;

    const { stdout, stderr } = await namespace.exec('sh', ['-c', script]);

    equal([stdout.split('\n').length, stderr], [2, 'code 0\n']);
  });

  s.testIf(
    missing,
    'without raw sockets: ICMP as ever, UDP and TCP say what they need',
    async () => {
      const before = WITHOUT_RAW;
      const icmp = await trace(namespace, `-W 300ms ${V4} fd91::1`, { before });
      const udp = await flint(namespace, `trace --protocol udp ${V4}`, { before });
      const tcp = await flint(namespace, `trace --protocol tcp ${V4}`, { before });

      is(icmp.code, 0, icmp.stderr);
      equal(ipsOf(icmp).slice(0, 5), PATH);
      equal(
        icmp.paths.map(({ reached }) => reached),
        [true, true],
      );
      for (const [result, name] of [
        [udp, 'UDP'],
        [tcp, 'TCP'],
      ] as const) {
        equal([result.code, result.stdout], [3, '']);
        is(
          result.stderr,
          `flint: no ${name} probes without a raw socket of the addon (only icmp): run as root\n`,
        );
      }
    },
  );

  s.testIf(missing ?? rawSocket, 'over npm raw-socket: ICMP, and no MTU', async () => {
    const env = { FLINT_TRANSPORT: 'raw-socket' };
    const icmp = await trace(namespace, `-W 300ms ${V4} fd91::1`, { env });
    const text = await flint(namespace, `trace -W 300ms --mtu ${V4}`, { env });
    const udp = await flint(namespace, `trace --protocol udp ${V4}`, { env });

    is(icmp.code, 0, icmp.stderr);
    equal(ipsOf(icmp).slice(0, 5), PATH);
    match(text.stdout, 'path MTU unknown: not supported by this transport');
    is(udp.code, 3);
  });

  s.testIf(missing, 'started as root it traces as somebody else', async () => {
    const started = startFlint(namespace, `trace --json -W 5s ${V4}`);
    await untilOpens(started);
    await sleep(100);
    const all = threads(started.pid);
    await started.stop('SIGINT');

    ok(all.length >= 5);
    for (const { uids, gids } of all) is(uids.includes(0) || gids.includes(0), false);
  });
});
