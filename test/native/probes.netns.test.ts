// TTL-limited probes on real sockets: which there are, what is stamped, and what answers bring.
import { equal, is, ok } from 'uvu/assert';
import type { PathProtocol } from '../../src/core/path.ts';
import type { SocketDescription } from '../../src/engine/addon.ts';
import { suite } from '../helper.ts';
import { requireLab } from '../lab/net.ts';
import {
  identifierOf,
  type Kind,
  keepStamping,
  NATIVE,
  openPlaces,
  type Places,
  portOf,
  startKinds,
} from './places.ts';
import { type Driver, NOBODY, type OpenWish, openDriver, type Traced } from './remote.ts';

const PROTOCOLS: readonly PathProtocol[] = ['icmp', 'udp', 'tcp'];
/** Addresses of its own: only of these Linux says itself that a port is closed. */
const TARGETS = { 4: '10.77.0.2', 6: 'fd77::2' } as const;
// Errors from routers beyond the reflector's, with what ping sockets are told of them.
const SCENARIO = `
  dst 10.9.1.0/24 error always ttl-exceeded full source 10.9.200.1
  dst fd09::1:0/112 error always ttl-exceeded full source fd09::c8:1
  dst 10.9.2.0/24 error always host-unreachable min
  dst fd09::2:0/112 error always host-unreachable min
`;
/** What comes of it: type × 256 + code, and who says so. */
const ERRORS = {
  4: {
    exceeded: { to: '10.9.1.7', info: 0xb00, from: '10.9.200.1' },
    unreachable: { to: '10.9.2.7', info: 0x301, from: '10.9.2.7' },
  },
  6: {
    exceeded: { to: 'fd09::1:7', info: 0x300, from: 'fd09::c8:1' },
    unreachable: { to: 'fd09::2:7', info: 0x103, from: 'fd09::2:7' },
  },
} as const;
const SYN_RST = 0x14;

const missing = requireLab();
const absent = missing ?? NATIVE[0]?.missing ?? null;
let places: Places;
let drivers: Map<Kind, Driver>;
let keeper: Driver;

/** What kind answers with: the echo, the port that is closed, the RST. */
function answerOf(protocol: PathProtocol, family: 4 | 6): [kind: string, info: number] {
  if (protocol === 'icmp') return ['echo', family === 4 ? 0 : 129 * 256];
  if (protocol === 'tcp') return ['tcp', SYN_RST];
  return ['error', family === 4 ? 0x303 : 0x104];
}

async function withEngine<T>(
  kind: Kind,
  more: Partial<OpenWish>,
  run: (driver: Driver) => Promise<T>,
): Promise<T> {
  const driver = drivers.get(kind);
  if (driver === undefined) throw new Error(`no driver for ${kind.name}`);
  const [identifier, port] = [identifierOf(kind), portOf(kind)];
  const series = { timeoutMs: 1000, probeTimeoutMs: 1000, series: [] };
  await driver.ask('engine', { ...kind.open, ...more, identifier, port, ...series });
  try {
    return await run(driver);
  } finally {
    await driver.ask('close', null);
  }
}

function names(sockets: readonly SocketDescription[]): string[] {
  return sockets.map(({ family, protocol, ping, sendOnly }) =>
    [`${protocol}${family}`, ping ? 'ping' : '', sendOnly ? 'sendOnly' : '']
      .filter(Boolean)
      .join(' '),
  );
}

function protocolsOf({ isUnprivileged }: Kind): readonly PathProtocol[] {
  return isUnprivileged ? ['icmp'] : PROTOCOLS;
}

suite('probes', (s) => {
  s.before(async () => {
    if (absent !== null) return;
    places = await openPlaces(SCENARIO);
    drivers = await startKinds(places, NATIVE);
    keeper = await keepStamping(places.far);
  });
  s.after(async () => {
    if (absent !== null) return;
    await Promise.all([...drivers.values(), keeper].map((driver) => driver.close()));
    await places.close();
  });

  for (const kind of NATIVE) {
    for (const family of [4, 6] as const) {
      for (const protocol of protocolsOf(kind)) {
        const name = `${kind.name}, ${protocol} over IPv${family}`;

        s.testIf(absent, `${name}: are stamped both ways, and so are their answers`, () =>
          withEngine(kind, {}, async (driver) => {
            const paths = [{ to: TARGETS[family], protocol }];
            const ttls = Array.from({ length: 40 }, (_, i) => 20 + i);
            const traced = await driver.ask('probes', { paths, ttls, ms: 1500 });

            const [answer, info] = answerOf(protocol, family);
            equal(
              traced.map((one) => one.ttl).sort((a, b) => a - b),
              ttls,
            );
            for (const one of traced) {
              equal([one.kind, one.info, one.address], [answer, info, TARGETS[family]]);
              equal([one.quality, one.answerTtl], ['kernel', 64]);
              ok((one.rttNs ?? -1) > 0 && (one.rttNs ?? 1e12) < 50e6, `${one.rttNs} ns`);
              if (answer === 'error') is(one.quotedTtl, one.ttl);
            }
            const { figures } = await driver.ask('observe', null);
            equal(Object.values(figures.alien), [0, 0, 0, 0, 0, 0]);
          }),
        );
      }

      s.testIf(absent, `${kind.name}: bring errors with who sent them, IPv${family}`, () =>
        withEngine(kind, {}, async (driver) => {
          const { exceeded, unreachable } = ERRORS[family];
          const paths = [exceeded, unreachable].map(({ to }) => ({
            to,
            protocol: 'icmp' as const,
          }));
          const traced = await driver.ask('probes', { paths, ttls: [3, 4, 5], ms: 1500 });

          is(traced.length, 6);
          for (const one of traced) {
            const { info, from } = one.path === 0 ? exceeded : unreachable;
            equal(
              [one.kind, one.info, one.address, one.quality],
              ['error', info, from, 'kernel'],
              `${paths[one.path]?.to} ${one.ttl}`,
            );
          }
        }),
      );
    }

    s.testIf(absent, `${kind.name}: without stamps answers are of quality user`, () =>
      withEngine(kind, { stamps: false }, async (driver) => {
        const paths = protocolsOf(kind).flatMap((protocol) =>
          [4, 6].map((family) => ({ to: TARGETS[family as 4 | 6], protocol })),
        );
        const traced = await driver.ask('probes', { paths, ttls: [9], ms: 1500 });

        is(traced.length, paths.length);
        ok(traced.every((one) => one.quality === 'user' && (one.rttNs ?? -1) > 0));
      }),
    );

    s.testIf(absent, `${kind.name}: go beside echoes, each with its own`, () =>
      withEngine(kind, {}, async (driver) => {
        const series = [TARGETS[4], TARGETS[6]].map((to) => ({ to, intervalMs: 20 }));
        const [identifier, port] = [identifierOf(kind), portOf(kind)];
        await driver.ask('close', null);
        await driver.ask('engine', { ...kind.open, identifier, port, timeoutMs: 1000, series });
        const paths = protocolsOf(kind).flatMap((protocol) => [
          { to: TARGETS[4], protocol },
          { to: TARGETS[6], protocol },
        ]);
        const ttls = Array.from({ length: 30 }, (_, i) => 10 + i);
        const traced: Traced[] = [];
        for (let i = 0; i < 4; i++) {
          traced.push(...(await driver.ask('probes', { paths, ttls, ms: 1500 })));
        }
        const { states, figures } = await driver.ask('finish', null);

        is(traced.length, 4 * paths.length * ttls.length);
        is(traced.filter((one) => one.kind === 'lost' || one.kind === 'late').length, 0);
        equal(Object.values(figures.alien), [0, 0, 0, 0, 0, 0]);
        for (const { sent, received, discarded, icmpErrors, duplicates } of states) {
          ok(sent > 2, `${sent} echoes`);
          equal([received + discarded, icmpErrors, duplicates], [sent, 0, 0]);
        }
      }),
    );
  }

  s.testIf(
    absent,
    'have raw sockets of each protocol, and without privileges those of ping',
    async () => {
      const driver = await openDriver(places.near);
      const wish = { identifier: 0x2220, port: 0xf600 };
      const raw = await driver.ask('open', { kind: 'raw', ...wish });
      const sockets = await driver.ask('sockets', null);
      await driver.ask('close', null);
      await driver.ask('drop', NOBODY);
      const ping = await driver.ask('open', { kind: 'auto', ...wish });
      const others = await driver.ask('sockets', null);
      await driver.close();

      equal(names(sockets).sort(), [
        'icmp4',
        'icmp4 sendOnly',
        'icmp6',
        'tcp4',
        'tcp6',
        'udp4',
        'udp6',
      ]);
      equal([...raw.protocols].sort(), ['icmp', 'tcp', 'udp']);
      equal(names(others), ['icmp4 ping', 'icmp4 ping', 'icmp6 ping', 'icmp6 ping']);
      equal(ping.protocols, ['icmp']);
    },
  );

  s.testIf(absent, 'go by sockets that were inherited, by name, and by no others', async () => {
    const driver = await openDriver(places.near);
    const [identifier, port] = [0x2260, 0xf700];
    const auto = { kind: 'auto', identifier, port } as const;
    await driver.ask('open', { kind: 'raw', identifier: 0x2240, port: 0xf800 });
    const own = await driver.ask('sockets', null);
    const fd = (protocol: PathProtocol, family: 4 | 6) =>
      own.find((one) => one.protocol === protocol && one.family === family && !one.sendOnly)?.fd ??
      -1;
    const inherited = {
      ...{ icmp4: fd('icmp', 4), icmp6: fd('icmp', 6), udp4: fd('udp', 4), udp6: fd('udp', 6) },
      ...{ tcp4: fd('tcp', 4), tcp6: fd('tcp', 6) },
    };
    const icmpOnly = { icmp4: inherited.icmp4, icmp6: inherited.icmp6 };
    const few = await driver.ask('open', { ...auto, inherited: icmpOnly });
    const wrong = await driver.ask('open', {
      ...auto,
      inherited: { ...icmpOnly, udp4: inherited.tcp4, tcp6: inherited.udp6, udp6: inherited.udp6 },
    });
    const some = await driver.ask('sockets', null);
    const engine = { timeoutMs: 1000, probeTimeoutMs: 1000, series: [] };
    const all = await driver.ask('engine', { ...auto, inherited, ...engine });
    const taken = await driver.ask('sockets', null);
    const paths = PROTOCOLS.flatMap((protocol) => [
      { to: TARGETS[4], protocol },
      { to: TARGETS[6], protocol },
    ]);
    const traced = await driver.ask('probes', { paths, ttls: [1, 2, 3], ms: 1500 });
    await driver.close();

    equal(few.protocols, ['icmp']);
    equal([...wrong.protocols].sort(), ['icmp', 'udp']);
    equal(names(some), ['icmp4', 'icmp6', 'udp6']);
    equal([...all.protocols].sort(), ['icmp', 'tcp', 'udp']);
    equal(
      taken.map((one) => one.fd).sort(),
      Object.values(inherited).sort(),
      'descriptors of the launcher alone',
    );
    equal(traced.map((one) => one.kind).sort(), [
      ...Array(6).fill('echo'),
      ...Array(6).fill('error'),
      ...Array(6).fill('tcp'),
    ]);
  });

  s.testIf(
    absent,
    'set DF where it is asked for, and are told the MTU that was in the way',
    async () => {
      const kind = NATIVE[0] as Kind;
      await places.far.ip(`link set ${places.farDevice} mtu 1400`);
      try {
        await withEngine(kind, {}, async (driver) => {
          for (const [protocol, family] of [
            ['icmp', 4],
            ['udp', 4],
            ['icmp', 6],
            ['udp', 6],
          ] as const) {
            const paths = [{ to: TARGETS[family], protocol }];
            // Our own interface takes no more than its MTU, whatever is behind it.
            const wish = { paths, ttls: [8], ms: 1500, dontFragment: true };
            const [small] = await driver.ask('probes', { ...wish, payloadBytes: 1300 });
            is(small?.kind, answerOf(protocol, family)[0], `${protocol} ${family}`);
            const [large] = await driver.ask('probes', { ...wish, payloadBytes: 1500 });
            equal([large?.kind, large?.info], ['refused', 90], `${protocol} ${family}`);
          }
        });
      } finally {
        await places.far.ip(`link set ${places.farDevice} mtu 1500`);
      }
    },
  );
});
