// What is not about our identifiers and ports must not reach us: crafted packets at the edges of
// the masks, and other pingers on the same machine.
import { equal, is, match, ok } from 'uvu/assert';
import { FLOWS_MAX } from '../../src/engine/limits.ts';
import { errorAbout } from '../fake/packets.ts';
import type { SentPacket } from '../fake/transport.ts';
import { suite } from '../helper.ts';
import { requireLab } from '../lab/net.ts';
import {
  identifierOf,
  type Kind,
  NATIVE,
  openKinds,
  openPlaces,
  type Places,
  portOf,
} from './places.ts';
import { type Driver, openDriver } from './remote.ts';
import { bytesOf, echo, PATTERN, reply } from './wire.ts';

const SCENARIO = `
  dst 10.9.1.0/24 error always host-unreachable full
  dst fd09::1:0/112 error always host-unreachable full
`;
// Ping sockets have no filter of ours: the kernel finds the one socket that is bound.
const RAW = NATIVE.filter(({ open }) => open.kind === 'raw');
const NEAR = { 4: '10.77.0.1', 6: 'fd77::1' } as const;
const FAR = { 4: '10.77.0.2', 6: 'fd77::2' } as const;
const UDP = 17;

const missing = requireLab('ping');
const absent = missing ?? NATIVE[0]?.missing ?? null;
let places: Places;
let drivers: Map<Kind, Driver>;
let stranger: Driver;

function request(family: 4 | 6, identifier: number): SentPacket {
  return {
    family,
    protocol: 'icmp',
    key: 0,
    bytes: echo(family, identifier, 1, PATTERN.subarray(0, 56)),
    destination: bytesOf(FAR[family]),
    source: new Uint8Array(16),
    ttl: 0,
    tos: 0,
    dontFragment: false,
    sentMono: 0n,
  };
}

/** A datagram or a SYN from one port to another, without a checksum. */
function carried(
  family: 4 | 6,
  protocol: 'udp' | 'tcp',
  ports: readonly [number, number],
): SentPacket {
  const bytes = Buffer.alloc(protocol === 'udp' ? 28 : 20);
  bytes.writeUInt16BE(ports[0], 0);
  bytes.writeUInt16BE(ports[1], 2);
  if (protocol === 'udp') bytes.writeUInt16BE(bytes.length, 4);
  // An ACK: the far end answers a SYN more than once.
  else bytes.writeUInt16BE(0x5010, 12);
  return { ...request(family, 0), protocol, bytes };
}

function near(port: number): number[] {
  return Array.from({ length: 3 * FLOWS_MAX }, (_, i) => port - FLOWS_MAX + i);
}

function oursFrom(port: number): number[] {
  return Array.from({ length: FLOWS_MAX }, (_, i) => port + i);
}

function firstWord(hex: string): number {
  return Number.parseInt(hex.slice(0, 4), 16);
}

/** The packet hands itself out as one of another protocol. */
function withProtocol(error: Uint8Array, family: 4 | 6, protocol: number): Uint8Array {
  const changed = error.slice();
  changed[8 + (family === 4 ? 9 : 6)] = protocol;
  if (family === 6) return changed;
  const before = error[17] ?? 0;
  // One byte of an odd place grew: the checksum shrinks by as much (RFC 1624).
  const sum = ((changed[2] ?? 0) << 8) + (changed[3] ?? 0) - (protocol - before);
  changed[2] = (sum >> 8) & 255;
  changed[3] = sum & 255;
  return changed;
}

/** To the near end; what lay there before is taken away first. */
async function throwAt(
  family: 4 | 6,
  messages: readonly Uint8Array[],
  protocol?: 'udp' | 'tcp',
): Promise<void> {
  await Promise.all(NATIVE.map(received));
  for (let from = 0; from < messages.length; from += 64) {
    const packets = messages.slice(from, from + 64).map((message) => ({
      family,
      to: NEAR[family],
      icmp: Buffer.from(message).toString('hex'),
      ...(protocol === undefined ? {} : { protocol }),
    }));
    const sent = await stranger.ask('send', { packets });
    is(sent.filter(({ errno }) => errno !== 0).length, 0);
  }
}

async function received(kind: Kind): Promise<string[]> {
  const driver = drivers.get(kind);
  const gathered = await driver?.ask('gather', { packets: 1e6, stamps: 0, ms: 30 });
  return (gathered?.packets ?? []).map(({ icmp }) => icmp);
}

suite('filters', (s) => {
  s.before(async () => {
    if (absent !== null) return;
    places = await openPlaces(SCENARIO);
    drivers = await openKinds(places, NATIVE);
    stranger = await openDriver(places.far);
    await stranger.ask('open', { kind: 'raw', identifier: 0x10 });
  });
  s.after(async () => {
    if (absent !== null) return;
    await Promise.all([...drivers.values(), stranger].map((driver) => driver.close()));
    await places.close();
  });

  for (const family of [4, 6] as const) {
    for (const kind of RAW) {
      const ours = identifierOf(kind);
      // Sixteen for echoes, and as many behind them, the first of which TTL-limited probes have.
      const around = Array.from({ length: 96 }, (_, i) => ours - 32 + i);
      const mine = Array.from({ length: 32 }, (_, i) => ours + i);

      s.testIf(absent, `${kind.name}: let only its own identifiers in, IPv${family}`, async () => {
        await throwAt(
          family,
          around.map((identifier) => reply(family, request(family, identifier).bytes)),
        );

        const icmp = await received(kind);

        equal(
          icmp.map((hex) => Number.parseInt(hex.slice(8, 12), 16)),
          mine,
        );
      });

      s.testIf(absent, `${kind.name}: let errors about those in, IPv${family}`, async () => {
        const type = family === 4 ? 11 : 3;
        const errors = around.map((identifier) => errorAbout(request(family, identifier), type, 0));
        const udp = mine.map((identifier) =>
          withProtocol(errorAbout(request(family, identifier), type, 0), family, UDP),
        );
        await throwAt(family, [...errors, ...udp]);

        const icmp = await received(kind);

        const header = 16 + (family === 4 ? 40 : 80);
        equal(
          icmp.map((hex) => Number.parseInt(hex.slice(header + 8, header + 12), 16)),
          mine,
        );
      });

      for (const protocol of ['udp', 'tcp'] as const) {
        const port = portOf(kind);
        const name = `${kind.name}, ${protocol.toUpperCase()} over IPv${family}`;
        const others = [0, 1, 63, 80, 1024, 32_768, 65_535];

        s.testIf(absent, `${name}: let errors about its ports in`, async () => {
          const type = family === 4 ? 11 : 3;
          const from = [...near(port), ...others];
          const errors = from.map((one) =>
            errorAbout(carried(family, protocol, [one, 80]), type, 0, 8),
          );
          // What an error quotes is what we sent: our port is its source.
          const toUs = errorAbout(carried(family, protocol, [80, port]), type, 0);
          const other = withProtocol(errors[1] ?? toUs, family, 47);
          await throwAt(family, [...errors, toUs, other]);

          const quoted = (await received(kind)).map((hex) =>
            hex.slice(16 + (family === 4 ? 40 : 80)),
          );
          equal(quoted.map(firstWord), oursFrom(port));
        });

        s.testIf(absent, `${name}: let in what comes to those ports`, async () => {
          const to = [...near(port), ...others];
          await throwAt(
            family,
            to.map((one) => carried(family, protocol, [80, one]).bytes),
            protocol,
          );

          const got = await received(kind);
          equal(
            got.map((hex) => Number.parseInt(hex.slice(4, 8), 16)),
            oursFrom(port),
          );
        });
      }

      s.testIf(absent, `${kind.name}: let no other type in, IPv${family}`, async () => {
        const types = Array.from({ length: 256 }, (_, type) => type);
        const wanted = family === 4 ? [0, 3, 11, 12] : [1, 2, 3, 4, 129];
        const messages = types
          .filter((type) => !wanted.includes(type))
          .map((type) => {
            const message = Buffer.from(echo(family, ours, 1, PATTERN.subarray(0, 56)));
            message[0] = type;
            return message;
          });
        await throwAt(family, messages);

        equal(await received(kind), []);
      });
    }
  }

  s.testIf(absent, 'bring nothing of other pingers, their replies or their errors', async () => {
    const flood = (host: string, ...more: string[]) =>
      places.near.exec('ping', ['-f', '-q', '-c', '2000', ...more, host], { timeoutMs: 15_000 });

    const outputs = await Promise.all([
      flood('127.0.0.1'),
      flood('::1'),
      flood('10.78.0.1'),
      flood('fd78::1'),
      flood('10.9.1.1', '-w', '1'),
      flood('fd09::1:1', '-w', '1'),
    ]);

    for (const { stdout } of outputs.slice(0, 4)) match(stdout, '2000 received');
    for (const { stdout } of outputs.slice(4)) match(stdout, /\+\d+ errors/);
    for (const kind of NATIVE) equal(await received(kind), [], kind.name);
  });

  for (const kind of NATIVE) {
    s.testIf(absent, `${kind.name}: an engine beside a flood counts its own alone`, async () => {
      const driver = drivers.get(kind);
      if (driver === undefined) throw new Error('no driver');
      await driver.ask('close', null);
      const targets = ['127.0.0.1', '::1', '10.78.0.1', 'fd78::1', '10.9.1.1', 'fd09::1:1'];
      const series = targets.map((to) => ({ to, intervalMs: 10 }));
      const identifier = identifierOf(kind);
      await driver.ask('engine', { ...kind.open, identifier, timeoutMs: 100, series });

      const load = { packetsPerSecond: 600, intervalMsMin: 10 };
      const pump = driver.ask('pump', { ms: 500, freshMs: 10, load });
      const floods = targets.map((host) =>
        places.near.exec('ping', ['-f', '-q', '-w', '1', '-c', '1000', host]),
      );
      await Promise.all([pump, ...floods]);
      await new Promise((resolve) => setTimeout(resolve, 150));
      const { figures, states } = await driver.ask('finish', null);

      equal(Object.values(figures.alien), [0, 0, 0, 0, 0, 0]);
      states.forEach(({ sent, received: answered, lost, icmpErrors, duplicates }, i) => {
        const isAnswered = i < 4;
        ok(sent >= 20, `${targets[i]}: ${sent} sent`);
        equal([answered, lost, icmpErrors], isAnswered ? [sent, 0, 0] : [0, sent, sent]);
        is(duplicates, 0);
      });
    });
  }
});
