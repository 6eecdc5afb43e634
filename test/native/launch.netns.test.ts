// waits
// The launcher: what it hands over, what it leaves behind, what it says when it cannot.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import type { Round } from '../../src/core/round.ts';
import type { PathSnapshot } from '../../src/core/snapshot.ts';
import { suite } from '../helper.ts';
import {
  type Chain,
  type Namespace,
  openChain,
  openNamespace,
  requireLab,
  type Thread,
  threads,
} from '../lab/net.ts';
import {
  attachDaemon,
  MAIN,
  missingDaemonLab,
  openFetcher,
  type RunningDaemon,
} from '../probe/daemon-lab.ts';
import { ROOT } from './copy.ts';
import { DriverError, openDriver } from './remote.ts';

const LAUNCH = `${ROOT}build/flint-launch`;
const NAMES = 'icmp4:icmp4-df:icmp6:udp4:udp6:tcp4:tcp6';
const FOUR = 'icmp4:icmp4-df:udp4:tcp4';
const INHERITED = {
  ...{ icmp4: 3, 'icmp4-df': 4, icmp6: 5 },
  ...{ udp4: 6, udp6: 7, tcp4: 8, tcp6: 9 },
};
const NOBODY = 65534;
const NONE = '0'.repeat(16);
const NET_RAW = '0000000000002000';

/** As systemd starts a unit with `User=` and `AmbientCapabilities=CAP_NET_RAW`. */
const UNIT = [
  ...['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
  ...['--inh-caps=-all,+net_raw', '--ambient-caps=-all,+net_raw', '--bounding-set=-all,+net_raw'],
];

/**
 * As a unit that restricts system calls: `NUMBER:ERRNO` or, by the first argument,
 * `NUMBER:ERRNO:ARGUMENT`, up to `--`; a filter of seccomp(2) for each.
 */
const SECCOMP = `
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
end = sys.argv.index('--')
for rule in sys.argv[1:end]:
    number, errno, *first = map(int, rule.split(':'))
    code = [(0x20, 0, 0, 0), (0x15, 0, 1 + 2 * len(first), number)]
    for value in first:
        code += [(0x20, 0, 0, 16), (0x15, 0, 1, value)]
    code += [(0x06, 0, 0, 0x50000 | errno), (0x06, 0, 0, 0x7fff0000)]
    text = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *one) for one in code))
    program = struct.pack('HxxxxxxQ', len(code), ctypes.addressof(text))
    assert libc.prctl(22, 2, program, 0, 0) == 0
os.execvp(sys.argv[end + 1], sys.argv[end + 1:])
`;
const [SOCKET, CAPSET, CLOSE_RANGE] = [41, 126, 436];
const [EPERM, EAFNOSUPPORT] = [1, 97];
const [AF_INET, AF_INET6] = [2, 10];

const missing =
  missingDaemonLab() ?? (existsSync(LAUNCH) ? null : 'build/flint-launch is not built');
// Whoever is launched reads the program for himself: the clone must not lie in root's own folder.
const missingReader = missing ?? (canNobodyRead() ? null : 'a user cannot read this clone or Node');
const missingSeccomp =
  missing ?? (process.arch === 'x64' ? requireLab('python3') : 'the numbers are of x64');
let lab: Namespace;

function canNobodyRead(): boolean {
  const words = [...UNIT.slice(1, 4), process.execPath, MAIN, '--version'];
  return spawnSync('setpriv', words).status === 0;
}

function powers({ uids, gids, groups, capabilities, noNewPrivileges }: Thread) {
  const { Inh, Prm, Eff, Amb } = capabilities;
  return { uids, gids, groups, capabilities: [Inh, Prm, Eff, Amb], noNewPrivileges };
}

function judge(pid: number, bounding: string): void {
  const four = Array(4).fill(NOBODY);
  const all = threads(pid);
  ok(all.length >= 5, `${all.length} threads`);
  for (const thread of all) {
    const capabilities = Array(4).fill(NONE);
    const powerless = { uids: four, gids: four, groups: [], capabilities, noNewPrivileges: true };
    equal(powers(thread), powerless, thread.name);
    is(thread.capabilities.Bnd, bounding);
  }
}

function run(before: readonly string[], words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const [command = '', ...args] = [...before, LAUNCH, ...words];
  return lab.exec(command, args, { env: { ...process.env, ...env } });
}

suite('native/launch', (s) => {
  s.before(async () => {
    if (missing === null) lab = await openNamespace();
  });
  s.after(async () => {
    if (missing === null) await lab.close();
  });

  s.testIf(missing, 'says what it is, and what it would do', async () => {
    const help = await run([], ['--help']);
    const version = await run([], ['--version']);
    const dry = await run([], ['--dry-run', '--user', '12:34', '--', 'node', '--flag', 'x']);

    match(help.stdout, /^Usage: flint-launch .*Example: /s);
    match(version.stdout, /^flint-launch \d+\.\d+\.\d+\n$/);
    equal([help.code, version.code, dry.code], [0, 0, 0]);
    for (const name of NAMES.split(':')) match(dry.stdout, new RegExp(`raw socket: ${name}\n`));
    match(dry.stdout, /become user 12, group 34, no other groups\n.*become: node --flag x\n$/s);
  });

  s.testIf(
    missing,
    'hands over sockets by name, the rest of the environment as it is',
    async () => {
      const told = 'echo $LISTEN_FDS $LISTEN_FDNAMES $NOTIFY_SOCKET $WATCHDOG_USEC';
      const script = `[ $LISTEN_PID = $$ ] && ${told}; readlink /proc/$$/fd/*; exit 0`;
      const env = { NOTIFY_SOCKET: '@here', WATCHDOG_USEC: '9', LISTEN_FDS: '1', LISTEN_PID: '1' };
      // Descriptor 7 is none of ours, and there is no standard input.
      const outer = ['sh', '-c', 'exec 7</dev/zero; exec "$@" <&-', 'sh'];

      const { code, stdout, stderr } = await run(outer, ['--user=nobody', 'sh', '-c', script], env);

      const [first, ...files] = stdout.trimEnd().split('\n');
      equal([code, stderr, first], [0, '', `7 ${NAMES} @here 9`]);
      is(files[0], '/dev/null');
      const sockets = files.slice(3).filter((name) => name.startsWith('socket:'));
      equal([files.length, sockets.length], [10, 7]);
    },
  );

  for (const [says, before, words, code, message] of [
    ['no command', [], ['--user', 'nobody'], 2, /^flint-launch: no command: see .*--help\n$/],
    ['an unknown option', [], ['--colour', 'true'], 2, /^flint-launch: --colour: see .*\n$/],
    ['root that stays root', [], ['true'], 2, /started as root: say with --user NAME/],
    ['root by name', [], ['--user', 'root', 'true'], 2, /--user root is root/],
    ['root by number', [], ['--user', '0:7', 'true'], 2, /is root/],
    ['the group of root', [], ['--user', '7:0', 'true'], 2, /is root, or of its group/],
    ['nobody knows whom', [], ['--user', 'no-such', 'true'], 2, /no such user in \/etc\/passwd/],
    ['a number too many', [], ['--user', '1:2:3', 'true'], 2, /no such user/],
    ['another user', UNIT, ['--user', '12:34', 'true'], 3, /only root can become 12:34/],
    ['no such program', UNIT, ['/no/such'], 3, /\/no\/such cannot be started: No such file/],
    [
      'too few descriptors',
      ['sh', '-c', 'ulimit -n 6; exec "$@"', 'sh'],
      ['--user', 'nobody', 'true'],
      3,
      /raw socket udp4 refused \(Too many open files\)/,
    ],
    [
      'root that is none by its secure bits',
      ['setpriv', '--securebits=+noroot,+noroot_locked'],
      ['--user', 'nobody', 'true'],
      3,
      /raw socket icmp4 refused \(Operation/,
    ],
    [
      'no capability',
      UNIT.slice(0, 4),
      ['true'],
      3,
      /^flint-launch: raw socket icmp4 refused \(Operation.*AmbientCapabilities=CAP_NET_RAW.*\n$/,
    ],
  ] as const) {
    s.testIf(missing, `refuses ${says}, in one line`, async () => {
      const outcome = await run(before, words);

      equal([outcome.code, outcome.stdout], [code, '']);
      match(outcome.stderr, message);
      is(outcome.stderr.split('\n').length, 2);
    });
  }

  for (const [says, rules, code, message] of [
    [
      'goes on without a family that is not there',
      [`${SOCKET}:${EAFNOSUPPORT}:${AF_INET6}`, `${CLOSE_RANGE}:${EPERM}`],
      0,
      /^(flint-launch: going on without (icmp|udp|tcp)6: not supported here\n){3}$/,
    ],
    [
      'does not go on without any',
      [`${SOCKET}:${EAFNOSUPPORT}:${AF_INET6}`, `${SOCKET}:${EAFNOSUPPORT}:${AF_INET}`],
      3,
      /^flint-launch: there is neither .*RestrictAddressFamilies= lacks AF_INET AF_INET6.*\n$/,
    ],
    [
      'starts nothing that would keep a capability',
      [`${CAPSET}:${EPERM}`],
      3,
      /^flint-launch: capset: Operation .*SystemCallFilter= allow capset.*\n$/,
    ],
  ] as const) {
    s.testIf(missingSeccomp, `in a unit that restricts it: ${says}`, async () => {
      const filtered = ['python3', '-c', SECCOMP, ...rules, '--'];
      const script = 'echo $LISTEN_FDNAMES; ls /proc/self/fd | wc -l';
      const outer = [...filtered, 'sh', '-c', 'exec 7</dev/zero; exec "$@"', 'sh'];

      const outcome = await run(outer, ['--user', 'nobody', 'sh', '-c', script]);

      // Standard ones, four sockets, and the folder.
      equal([outcome.code, outcome.stdout], [code, code === 0 ? `${FOUR}\n8\n` : '']);
      match(outcome.stderr, message);
    });
  }

  s.testIf(
    missingReader,
    'the engine measures by these sockets, and can open no other',
    async () => {
      const driver = await openDriver(lab, { before: [...UNIT, LAUNCH, '--'] });
      const opened = await driver.ask('open', {
        kind: 'auto',
        identifier: 0x1230,
        inherited: INHERITED,
      });
      const sockets = await driver.ask('sockets', null);
      await driver.ask('send', {
        packets: [
          { family: 4, to: '127.0.0.1', key: 1, identifier: 0x1230, dontFragment: true },
          { family: 4, to: '127.0.0.1', key: 2, identifier: 0x1230 },
          { family: 6, to: '::1', key: 3, identifier: 0x1230 },
        ],
      });
      const { packets, stamps } = await driver.ask('gather', { packets: 3, stamps: 3, ms: 1000 });
      const again = await driver
        .ask('open', { kind: 'raw', identifier: 0x1230 })
        .catch((error: unknown) => error);
      judge(driver.process.pid, NET_RAW);
      await driver.close();

      equal([opened.stamps, opened.isPrivileged, opened.missing], ['kernel', true, []]);
      equal([...opened.protocols].sort(), ['icmp', 'tcp', 'udp']);
      equal(
        sockets.map(({ fd, sendOnly }) => (sendOnly ? -fd : fd)).sort((a, b) => a - b),
        [-4, 3, 5, 6, 7, 8, 9],
      );
      equal([packets.length, stamps.length], [3, 3]);
      ok(again instanceof DriverError && again.failure.code === 'ERR_SOCKET_PERMISSION');
    },
  );
});

suite('a launched daemon', (s) => {
  let chain: Chain;
  let directory = '';

  s.before(async () => {
    if (missingReader !== null) return;
    chain = await openChain({ routers: 2 });
    directory = mkdtempSync(join(tmpdir(), 'flint-launched-'));
    chmodSync(directory, 0o777);
    writeFileSync(join(directory, 'probe.json'), JSON.stringify(configuration(chain)));
  });
  s.after(async () => {
    await chain?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function start(before: readonly string[], user: readonly string[]): Promise<RunningDaemon> {
    const state = mkdtempSync(join(directory, 'state-'));
    chmodSync(state, 0o777);
    const places = [
      '--config',
      `${directory}/probe.json`,
      '--state',
      state,
      '--run',
      `${state}/run`,
    ];
    const node = [process.execPath, '--max-semi-space-size=1', MAIN, 'probe', ...places];
    const [command = '', ...args] = [...before, LAUNCH, ...user, '--', ...node];
    // As systemd sets them.
    const env = { ...process.env, HOME: '/nonexistent' };
    const started = chain.prober.spawn(command, args, { env });
    await started.waitFor(' measuring ', 10_000);
    return attachDaemon(started, openFetcher(chain.prober), 9740);
  }

  s.testIf(
    missingReader,
    'has no privilege in any thread, and measures by the kernel',
    async () => {
      const daemon = await start(UNIT, []);
      judge(daemon.process.pid, NET_RAW);
      match(daemon.log(), / stamps=kernel /);

      const rounds = await daemon.until(
        () => daemon.rounds(),
        (all) => ['v4', 'v6'].every((family) => whole(all, family) !== undefined),
      );
      for (const family of ['v4', 'v6'] as const) {
        const round = whole(rounds, family);
        equal([round?.lost, round?.quality.kernel], [0, round?.received], family);
      }
      const traced = await daemon.until(
        async () => {
          const { body } = await daemon.get('/api/v1/paths');
          return (JSON.parse(body) as { paths: PathSnapshot[] }).paths;
        },
        (paths) => paths.length === 6 && paths.every(({ traces }) => traces > 0),
      );
      for (const { protocol, family, path } of traced) {
        equal(
          path?.hops.map(({ ip }) => ip),
          chain.path[family],
          `${protocol} ${family}`,
        );
      }
      judge(daemon.process.pid, NET_RAW);
      is((await daemon.stop()).code, 0);
    },
  );

  s.testIf(missingReader, 'started as root it keeps not even the bounding set', async () => {
    const daemon = await start([], ['--user', 'nobody']);

    judge(daemon.process.pid, NONE);
    is((await daemon.stop()).code, 0);
  });
});

function whole(rounds: readonly Round[], family: string): Round | undefined {
  return rounds.find((round) => round.family === family && round.sent >= 20);
}

function configuration({ targets }: Chain): unknown {
  const [v4, v6] = [targets.v4[0], targets.v6[0]];
  const smokeping = { interval: '200ms', round: '5s', timeout: '500ms', targets: [v4, v6] };
  const paths = (['icmp', 'udp', 'tcp'] as const).flatMap((protocol) => [
    { id: `${protocol}4`, host: v4, protocol },
    { id: `${protocol}6`, host: v6, protocol },
  ]);
  return {
    schema: 1,
    measurements: { smokeping, path: { interval: '5s', targets: paths } },
  };
}
