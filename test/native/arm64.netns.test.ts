// waits
// The addon as boards get it, on an aarch64 Node under qemu: whether it works at all, and what it
// says of itself. qemu knows no SO_TIMESTAMPING: replies are stamped in microseconds on receipt,
// and every sample says so. Whether stamps are right on such a board only a board can tell.
import { equal, is, match, ok } from 'uvu/assert';
import { MAIN, parseLines } from '../cli/flint.ts';
import { suite } from '../helper.ts';
import { type Namespace, requireLab } from '../lab/net.ts';
import { GUEST_LAUNCH, type Guest, missingGuest, openGuest } from './guest.ts';
import { openPlaces, type Places } from './places.ts';
import { type Driver, NOBODY, openDriver } from './remote.ts';

const DRIVER = 'test/native/driver.ts';
const SCENARIO = `
  dst 10.9.0.0/24 delay 2ms
  dst fd09::/112 delay 2ms
  dst 10.9.2.0/24 error always host-unreachable min
`;
const [RAW, PING] = [0x1240, 0x1280];
const TARGETS = { 4: '10.77.0.2', 6: 'fd77::2' } as const;
const START_MS_MAX = 60_000;
const MICROSECONDS = 1;

const missing = requireLab() ?? missingGuest();
let places: Places;
let lab: Namespace;
let guest: Guest;
let raw: Driver;
let ping: Driver;

function openGuestDriver(): Promise<Driver> {
  return openDriver(lab, { program: [...guest.node, guest.path(DRIVER)] });
}

function flint(words: string) {
  const [command = '', ...args] = [...guest.node, MAIN, ...words.split(' ')];
  return lab.exec(command, args, { timeoutMs: START_MS_MAX });
}

suite('native on aarch64', (s) => {
  s.before(async () => {
    if (missing !== null) return;
    guest = openGuest([DRIVER]);
    places = await openPlaces(SCENARIO);
    lab = places.near;
    [raw, ping] = await Promise.all([openGuestDriver(), openGuestDriver()]);
    await ping.ask('drop', NOBODY);
  });
  s.after(async () => {
    if (missing !== null) return;
    await Promise.all([raw.close(), ping.close()]);
    await places.close();
    guest.remove();
  });

  s.testIf(missing, 'opens raw sockets, and says which stamps it got', async () => {
    const opened = await raw.ask('open', { kind: 'raw', identifier: RAW });
    const sockets = await raw.ask('sockets', null);

    equal([opened.stamps, opened.isPrivileged, opened.missing], ['kernel-us', true, []]);
    equal([...opened.protocols].sort(), ['icmp', 'tcp', 'udp']);
    equal([sockets.length, [...new Set(sockets.map(({ stamps }) => stamps))]], [7, [1]]);
    is(await raw.ask('scheduled', { on: true }), false);
  });

  s.testIf(
    missing,
    'sends and receives with TTL, TOS, source and DF, and ends a drain',
    async () => {
      const four = { family: 4, to: TARGETS[4], identifier: RAW } as const;
      const sent = await raw.ask('send', {
        packets: [
          { ...four, key: 1, ttl: 9, tos: 0xb8 },
          { ...four, key: 2, dontFragment: true, payloadBytes: 1400 },
          { family: 6, to: TARGETS[6], identifier: RAW, key: 3, source: 'fd77::1' },
        ],
      });
      const { packets, stamps } = await raw.ask('gather', { packets: 3, stamps: 1, ms: 1000 });

      equal(
        sent.map(({ errno }) => errno),
        [0, 0, 0],
      );
      equal([packets.length, stamps], [3, []]);
      for (const { stampSource, stampNs, ttl } of packets) {
        equal([stampSource, ttl], [MICROSECONDS, 64]);
        ok(Math.abs(Number(BigInt(stampNs) / 1_000_000n) - Date.now()) < 10_000);
      }
    },
  );

  s.testIf(missing, 'traces by ICMP, UDP and TCP', async () => {
    const engine = { timeoutMs: 1000, probeTimeoutMs: 1000, series: [] };
    await raw.ask('engine', { kind: 'raw', identifier: RAW, ...engine });
    const paths = (['icmp', 'udp', 'tcp'] as const).flatMap((protocol) => [
      { to: TARGETS[4], protocol },
      { to: TARGETS[6], protocol },
    ]);

    const traced = await raw.ask('probes', { paths, ttls: [1], ms: 2000 });

    equal(traced.map(({ kind }) => kind).sort(), ['echo', 'echo', 'error', 'error', 'tcp', 'tcp']);
  });

  s.testIf(missing, 'measures rounds in the WebAssembly, as exact as its stamps', async () => {
    const series = ['10.9.0.7', 'fd09::7'].map((to) => ({ to, intervalMs: 50 }));
    await raw.ask('engine', { kind: 'raw', identifier: RAW, timeoutMs: 500, series });
    const load = { packetsPerSecond: 40, intervalMsMin: 50 };

    await raw.ask('pump', { ms: 1500, load });
    const { states } = await raw.ask('finish', null);

    for (const { sent, received, lost, quality } of states) {
      ok(sent >= 20, `${sent} sent`);
      equal([received, lost], [sent, 0]);
      equal([quality.kernel, quality.mixed], [0, received]);
    }
  });

  s.testIf(missing, 'falls to ping sockets, which are told of errors', async () => {
    const opened = await ping.ask('open', { kind: 'auto', identifier: PING });
    await ping.ask('send', {
      packets: [
        { family: 4, to: '10.9.0.7', identifier: PING, key: 1 },
        { family: 4, to: '10.9.2.7', identifier: PING, key: 2 },
        { family: 6, to: 'fd09::7', identifier: PING, key: 3 },
      ],
    });
    const { packets, stamps } = await ping.ask('gather', { packets: 3, stamps: 1, ms: 1000 });

    equal([opened.isPrivileged, opened.stamps, opened.missing], [false, 'kernel-us', []]);
    equal([packets.length, stamps], [3, []]);
    const [error] = packets.filter(({ errorType }) => errorType !== 0);
    equal([error?.errorType, error?.errorCode, error?.source], [3, 1, '10.9.2.7']);
  });

  s.testIf(missing, 'the built program pings, and says that its samples are mixed', async () => {
    const { code, stdout, stderr } = await flint('ping --json -c 2 -i 100ms 10.9.0.7 fd09::7');

    equal([code, stderr], [0, '']);
    const { lines, summaries } = parseLines(stdout);
    equal(
      summaries.map(({ received }) => received),
      [2, 2],
    );
    equal([...new Set(lines.map(({ quality }) => quality))], ['mixed']);
  });

  s.testIf(
    missing,
    'the launcher for boards hands over, and gives up, all that it should',
    async () => {
      const [command = '', ...args] = GUEST_LAUNCH;
      const script = 'echo $LISTEN_FDS $LISTEN_FDNAMES; grep -E "Cap|NoNew|^Uid" /proc/self/status';
      const words = [...args, '--user', 'nobody', '--', 'sh', '-c', script];

      const { code, stdout } = await lab.exec(command, words);

      is(code, 0);
      match(stdout, /^7 icmp4:icmp4-df:icmp6:udp4:udp6:tcp4:tcp6$/m);
      match(stdout, /^Uid:\t65534\t65534\t65534\t65534$/m);
      equal(stdout.match(/^Cap\w+:\t0+$/gm)?.length, 5);
      match(stdout, /^NoNewPrivs:\t1$/m);
    },
  );
});
