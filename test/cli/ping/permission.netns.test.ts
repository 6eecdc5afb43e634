// What `flint ping` may do: raw sockets, ping sockets, inherited ones, npm's; and what it says when
// it may do nothing.
import { equal, is, match } from 'uvu/assert';
import { suite } from '../../helper.ts';
import { requireLab } from '../../lab/net.ts';
import { openCopy } from '../../native/copy.ts';
import { KINDS, openPlaces, type Places } from '../../native/places.ts';
import { openDriver } from '../../native/remote.ts';
import { countBy, flint, MAIN, parseLines, WITHOUT_RAW } from '../flint.ts';

const WORDS = 'ping --json -c 5 -i 10ms';

const missing = requireLab();
const rawSocket = KINDS.find(({ open }) => open.kind === 'raw-socket')?.missing ?? null;
let places: Places;

/** How many replies of which quality. */
function qualities(stdout: string): Record<string, number> {
  return countBy(parseLines(stdout).lines, ({ type, quality }) => `${type} ${quality}`);
}

suite('flint ping permissions', (s) => {
  s.before(async () => {
    // The far end has the kernel's default: nobody may open ping sockets.
    if (missing === null) places = await openPlaces();
  });
  s.after(async () => {
    if (missing === null) await places.close();
  });

  s.testIf(missing, 'without any: one line that names the sysctl, and code 3', async () => {
    const { code, stdout, stderr } = await flint(places.far, `${WORDS} 10.77.0.1`, {
      before: WITHOUT_RAW,
    });

    equal([code, stdout], [3, '']);
    match(stderr, /^flint: raw socket .*Operation not permitted.*\n$/);
    match(stderr, '`sysctl -w net.ipv4.ping_group_range="0 2147483647"`');
    is(stderr.split('\n').length, 2);
  });

  s.testIf(missing, 'with that sysctl: ping sockets, and kernel stamps all the same', async () => {
    const { code, stdout } = await flint(places.near, `${WORDS} 10.77.0.2 fd77::2`, {
      before: WITHOUT_RAW,
    });

    is(code, 0);
    equal(qualities(stdout), { 'reply kernel': 10 });
  });

  s.testIf(missing, 'over sockets that a parent opened, with no right to open any', async () => {
    const parent = await openDriver(places.far);
    await parent.ask('open', { kind: 'raw', identifier: 0x7770 });
    const [main, , six] = await parent.ask('sockets', null);
    const fds = [main?.fd ?? -1, six?.fd ?? -1];
    const start = (names: string, handed = fds) => {
      const [command = '', ...before] = WITHOUT_RAW;
      const words = `${MAIN} ${WORDS} 10.77.0.1 fd77::1`.split(' ');
      const env = { LISTEN_FDS: `${handed.length}`, LISTEN_FDNAMES: names };
      const args = [...before, process.execPath, ...words];
      return parent.ask('run', { command, args, fds: handed, env });
    };

    const right = await start('icmp4:icmp6');
    const swapped = await start('icmp6:icmp4');
    const half = await start('icmp4', fds.slice(0, 1));
    await parent.close();

    is(right.code, 0, right.stderr);
    equal(qualities(right.stdout), { 'reply kernel': 10 });
    equal([swapped.code, swapped.stdout], [1, '']);
    match(swapped.stderr, /^flint: inherited descriptor 4 as ICMP socket \(IPv4\) refused: .*\n$/);
    equal(qualities(half.stdout), { 'reply kernel': 5, 'error null': 5 });
    match(half.stdout, 'no socket of this family (EAFNOSUPPORT)');
  });

  s.testIf(missing ?? rawSocket, 'over npm raw-socket, with user stamps', async () => {
    const { code, stdout } = await flint(places.near, `${WORDS} 10.77.0.2 fd77::2`, {
      env: { FLINT_TRANSPORT: 'raw-socket' },
    });

    is(code, 0);
    equal(qualities(stdout), { 'reply user': 10 });
  });

  s.testIf(missing ?? rawSocket, 'over npm raw-socket when there is no addon', async () => {
    const copy = openCopy({ code: 'dist', addon: 'none' });
    const words = `${copy.root}/dist/main.js ${WORDS} 10.77.0.2`.split(' ');

    const { code, stdout } = await places.near.exec(process.execPath, words);
    const insisting = await places.near.exec(process.execPath, words, {
      env: { ...process.env, FLINT_TRANSPORT: 'native' },
    });
    copy.remove();

    is(code, 0);
    equal(qualities(stdout), { 'reply user': 5 });
    is(insisting.code, 3);
    match(insisting.stderr, /^flint: build\/flint\.node cannot be loaded .*npm run build`\n$/);
  });

  s.testIf(missing, 'from an address, a device and with a TOS of its own', async () => {
    await places.near.ip(`address add 10.77.0.9/24 dev ${places.nearDevice}`);
    const counter = (rule: string) => `add rule inet t in ${rule} counter`;
    const rules = [
      'add table inet t',
      'add chain inet t in { type filter hook input priority 0 ; }',
      counter('icmp type echo-request ip saddr 10.77.0.9 ip dscp 0x2e'),
    ];
    await places.far.run('nft', ['-f', '-'], { input: `${rules.join('\n')}\n` });

    const device = `--device ${places.nearDevice}`;
    const { code } = await flint(places.near, `${WORDS} -I 10.77.0.9 ${device} -Q 184 10.77.0.2`);
    const seen = await places.far.run('nft', ['list', 'table', 'inet', 't']);

    is(code, 0);
    match(seen, /counter packets 5 /);
  });

  s.testIf(missing, 'says what is wrong with an address or a device', async () => {
    for (const [words, code, text] of [
      [
        '-I 10.77.0.99 10.77.0.2',
        1,
        /source address is not on this machine|invalid argument|no route/,
      ],
      ['-I fd77::1 10.77.0.2', 1, /its source fd77::1 is of the other family/],
      ['--device nope 10.77.0.2', 1, /there is no interface nope/],
      ['-I nowhere 10.77.0.2', 2, /option --source: expected an address .*"nowhere"/],
    ] as const) {
      const result = await flint(places.near, `${WORDS} ${words}`);

      is(result.code, code, words);
      match(`${result.stdout}${result.stderr}`, text);
    }
  });
});
