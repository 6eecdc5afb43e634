// One interface, several kernels behind it: each kind of transport is held to the same behaviour.
// What the kernel was asked is read on the far end, or from a capture, never from the transport.
import { equal, is, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { requireLab } from '../lab/net.ts';
import { headersOf } from './headers.ts';
import { identifierOf, KINDS, type Kind, openKinds, openPlaces, type Places } from './places.ts';
import type { Driver, Gathered, Outgoing } from './remote.ts';
import { echo, PATTERN, reply } from './wire.ts';

const SCENARIO = `
  dst 10.9.7.0/24 ttl 9
  dst fd09::7:0/112 ttl 11
`;
const TARGETS = ['10.78.1.1', 'fd78::1:1', '127.0.0.1', '::1', '10.9.0.1', 'fd09::1'];
// A ping socket of IPv6 does not tell what a filter on this machine did (net/ipv6/ping.c).
const blockedErrno = (kind: Kind, family: 4 | 6) =>
  kind.open.kind === 'ping' && family === 6 ? 0 : EPERM;
const EPERM = 1;
const EMSGSIZE = 90;
const EOPNOTSUPP = 95;
const ENETUNREACH = 101;
const BLOCKED = { 4: '10.78.66.1', 6: 'fd78::66:1' } as const;
const UNROUTED = { 4: '198.51.100.1', 6: '2001:db8::1' } as const;

const missing = requireLab('tcpdump', 'nft');
let places: Places;
let drivers: Map<Kind, Driver>;

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** Bytes 2 and 3 of ICMPv6 are a checksum over addresses that we do not know here. */
function withoutSum(icmp: string): string {
  return icmp.slice(0, 4) + icmp.slice(8);
}

function seqOf(icmp: string): number {
  return Number.parseInt(icmp.slice(12, 16), 16);
}

function driverOf(kind: Kind): Driver {
  const driver = drivers.get(kind);
  if (driver === undefined) throw new Error(`no driver for ${kind.name}`);
  return driver;
}

/** Replies to us alone: the npm package cannot filter, and hears the other transports' too. */
async function exchange(kind: Kind, packets: Outgoing[], replies = packets.length) {
  const driver = driverOf(kind);
  const sent = await driver.ask('send', { packets });
  const stamps = kind.open.kind === 'raw-socket' ? 0 : replies;
  const wanted = { packets: replies, stamps, ms: 1000, repliesTo: identifierOf(kind) };
  return { sent, gathered: await driver.ask('gather', wanted) };
}

async function block(): Promise<void> {
  const rules = ['ip daddr 10.78.66.0/24 drop', 'ip6 daddr fd78::66:0/112 drop'];
  const chain = '{ type filter hook output priority 0 ; }';
  const lines = ['add table inet t', `add chain inet t out ${chain}`];
  lines.push(...rules.map((rule) => `add rule inet t out ${rule}`));
  await places.near.run('nft', ['-f', '-'], { input: `${lines.join('\n')}\n` });
}

/** A second way to each of the two prefixes, which a route never prefers; its MTU is small. */
async function addDetour(): Promise<void> {
  const { near, far } = places;
  await near.ip(`link add detour type veth peer name detourf netns ${far.name}`);
  await far.ip('link set detourf up mtu 1280');
  await near.ip('link set detour up mtu 1280');
  for (const [address, other, prefix] of [
    ['10.67.0.1/24', '10.67.0.2', '10.78.0.0/16'],
    ['fd67::1/64', 'fd67::2', 'fd78::/64'],
  ] as const) {
    const more = address.includes(':') ? ' nodad' : '';
    await near.ip(`address add ${address} dev detour${more}`);
    await far.ip(`address add ${other}${address.replace(/.*\//, '/')} dev detourf${more}`);
    await near.ip(`route add ${prefix} via ${other} dev detour metric 4000`);
  }
  await near.ip(`address add 10.77.0.9/24 dev ${places.nearDevice}`);
  await near.ip(`address add fd77::9/64 dev ${places.nearDevice} nodad`);
}

suite('transports', (s) => {
  s.before(async () => {
    if (missing !== null) return;
    places = await openPlaces(SCENARIO);
    await block();
    await addDetour();
    drivers = await openKinds(places, KINDS);
  });
  s.after(async () => {
    if (missing !== null) return;
    await Promise.all([...drivers.values()].map((driver) => driver.close()));
    await places.close();
  });

  for (const kind of KINDS) {
    const absent = missing ?? kind.missing;
    const identifier = identifierOf(kind);
    const isNative = kind.open.kind !== 'raw-socket';
    const make = (to: string, key: number, more: Partial<Outgoing> = {}): Outgoing => {
      return { family: familyOf(to), to, key, identifier, ...more };
    };
    const detourOf = async () =>
      Number((await places.near.run('cat', ['/sys/class/net/detour/ifindex'])).trim());

    s.testIf(absent, `${kind.name}: bring echoes back over veth, loopback and TUN`, async () => {
      const { sent, gathered } = await exchange(
        kind,
        TARGETS.map((to, key) => make(to, key)),
      );

      equal(
        sent.map(({ errno }) => errno),
        TARGETS.map(() => 0),
      );
      is(gathered.packets.length, TARGETS.length);
      for (const { icmp, source } of gathered.packets) {
        const key = seqOf(icmp);
        const family = familyOf(TARGETS[key] ?? '');
        const request = echo(family, identifier, key, PATTERN.subarray(0, 56));
        is(source, TARGETS[key]);
        is(withoutSum(icmp), withoutSum(reply(family, request).toString('hex')));
      }
    });

    s.testIf(absent, `${kind.name}: stamp between the send and the reply`, async () => {
      const beforeNs = BigInt(Date.now()) * 1_000_000n - 1_000_000n;
      const { sent, gathered } = await exchange(
        kind,
        TARGETS.map((to, key) => make(to, key)),
      );

      const quality = isNative ? 2 : 0;
      for (const { icmp, stampNs, stampSource } of gathered.packets) {
        const key = seqOf(icmp);
        const userNs = BigInt(sent[key]?.userNs ?? 0);
        const stamp = gathered.stamps.find((one) => one.key === key);
        is(stampSource, quality);
        ok(userNs >= beforeNs && userNs <= BigInt(stampNs));
        is(stamp !== undefined, isNative, `stamp of ${TARGETS[key]}`);
        if (stamp === undefined) continue;
        ok(BigInt(stamp.stampNs) >= userNs && BigInt(stamp.stampNs) <= BigInt(stampNs));
      }
      is(gathered.stamps.length, isNative ? TARGETS.length : 0);
    });

    s.testIf(absent, `${kind.name}: tell the TTL of replies`, async () => {
      const { gathered } = await exchange(kind, [make('10.9.7.1', 0), make('fd09::7:1', 1)]);

      const [v4, v6] = [0, 1].map((key) => gathered.packets.find((p) => seqOf(p.icmp) === key));
      is(isNative ? v4?.ttl : v4?.ipTtl, 9);
      is(v6?.ttl, isNative ? 11 : 0xffffffff);
    });

    for (const [prefix, ttlDefault] of [
      ['10.78.2.', 64],
      ['fd78::2:', 64],
    ] as const) {
      s.testIf(absent, `${kind.name}: set TTL and TOS for each packet (${prefix})`, async () => {
        const wishes = [{}, { ttl: 7 }, { tos: 0xb8 }, { ttl: 3, tos: 0x10 }, {}];
        const place = { namespace: places.far, device: places.farDevice };

        const headers = await headersOf(place, wishes.length, () =>
          exchange(
            kind,
            wishes.map((wish, i) => make(`${prefix}${i + 1}`, i, wish)),
          ),
        );

        equal(
          headers.map(({ destination, ttl, tos }) => [destination, ttl, tos]),
          wishes.map(({ ttl = ttlDefault, tos = 0 }: { ttl?: number; tos?: number }, i) => [
            `${prefix}${i + 1}`,
            ttl,
            tos,
          ]),
        );
      });
    }

    s.testIf(absent, `${kind.name}: take source and device for each packet`, async () => {
      const device = await detourOf();
      const packets = ['10.77.0.9', 'fd77::9'].map((source, i) =>
        make(familyOf(source) === 4 ? '10.78.3.1' : 'fd78::3:1', i, { source }),
      );
      const detoured = ['10.78.3.2', 'fd78::3:2'].map((to, i) => make(to, i + 2, { device }));

      if (!isNative) {
        // What cannot be honoured must be refused.
        const { sent } = await exchange(kind, [...packets, ...detoured], 0);
        equal(
          sent.map(({ errno }) => errno),
          [EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP],
        );
        return;
      }
      const direct = { namespace: places.far, device: places.farDevice };
      const detour = { namespace: places.far, device: 'detourf' };
      const seen = await headersOf(direct, 2, async () => {
        const others = await headersOf(detour, 2, () => exchange(kind, [...packets, ...detoured]));
        equal(
          others.map(({ source, destination }) => [source, destination]),
          [
            ['10.67.0.1', '10.78.3.2'],
            ['fd67::1', 'fd78::3:2'],
          ],
        );
      });
      equal(
        seen.map(({ source, destination }) => [source, destination]),
        [
          ['10.77.0.9', '10.78.3.1'],
          ['fd77::9', 'fd78::3:1'],
        ],
      );
    });

    s.testIf(absent, `${kind.name}: fragment or not, as each packet says`, async () => {
      const device = isNative ? await detourOf() : 0;
      const large = { payloadBytes: 1400, device };
      const whole = { ...large, dontFragment: true };
      const packets = [
        make('10.78.4.1', 0, large),
        make('10.78.4.2', 1, whole),
        make('fd78::4:1', 2, large),
        make('fd78::4:2', 3, whole),
        make('10.78.4.3', 4, { device, dontFragment: true }),
        make('10.78.4.4', 5, large),
      ];

      const { sent, gathered } = await exchange(kind, packets, 4);

      const refused = isNative ? EMSGSIZE : EOPNOTSUPP;
      const last = isNative ? 0 : EOPNOTSUPP;
      equal(
        sent.map(({ errno }) => errno),
        [0, refused, 0, refused, last, 0],
      );
      equal(
        gathered.packets.map(({ icmp }) => seqOf(icmp)).sort(),
        isNative ? [0, 2, 4, 5] : [0, 2, 5],
      );
    });

    s.testIf(absent, `${kind.name}: say why the kernel refused a packet`, async () => {
      const targets = [UNROUTED[4], BLOCKED[4], '10.78.5.1', UNROUTED[6], BLOCKED[6], 'fd78::5:1'];

      const { sent, gathered } = await exchange(
        kind,
        targets.map((to, key) => make(to, key)),
        2,
      );

      equal(
        sent.map(({ errno }) => errno),
        [ENETUNREACH, EPERM, 0, ENETUNREACH, blockedErrno(kind, 6), 0],
      );
      equal(gathered.packets.map(({ icmp }) => seqOf(icmp)).sort(), [2, 5]);
    });

    for (const family of [4, 6] as const) {
      for (const [size, why] of [
        [1, UNROUTED],
        [63, BLOCKED],
        [64, UNROUTED],
        [64, BLOCKED],
      ] as const) {
        s.testIf(
          absent,
          `${kind.name}: of ${size} over IPv${family} lose only the one to ${why[family]}`,
          async () => {
            const middle = size >> 1;
            const base = family === 4 ? '10.78.8.' : 'fd78::8:';
            const packets = Array.from({ length: size }, (_, key) =>
              make(key === middle ? why[family] : `${base}${key + 1}`, key),
            );
            const accepted = packets.map((_, key) => key).filter((key) => key !== middle);

            const { sent, gathered } = await exchange(kind, packets, accepted.length);

            const errno = why === BLOCKED ? blockedErrno(kind, family) : ENETUNREACH;
            equal(
              sent.map((one) => one.errno),
              packets.map((_, key) => (key === middle ? errno : 0)),
            );
            equal(gathered.packets.map(({ icmp }) => seqOf(icmp)).sort(ascending), accepted);
            if (isNative) judgeStamps(gathered, sent, accepted);
          },
        );
      }
    }
  }
});

function ascending(a: number, b: number): number {
  return a - b;
}

/** Each packet has one stamp under its own key, and they left in order. */
function judgeStamps(gathered: Gathered, sent: { userNs: string }[], accepted: number[]): void {
  const stamps = [...gathered.stamps].sort((a, b) => a.key - b.key);
  equal(
    stamps.map(({ key }) => key),
    accepted,
  );
  stamps.forEach(({ key, stampNs }, i) => {
    const before = stamps[i - 1];
    const left = BigInt(stampNs);
    const answer = gathered.packets.find(({ icmp }) => seqOf(icmp) === key);
    ok(before === undefined || left >= BigInt(before.stampNs), `${key} left before its turn`);
    ok(left >= BigInt(sent[key]?.userNs ?? 0), `${key} left before it was sent`);
    ok(left <= BigInt(answer?.stampNs ?? 0), `${key} left after its reply`);
  });
}
