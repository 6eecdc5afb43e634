// What is an answer to a probe and what only looks like one, and when an answer counts.
import * as assert from 'uvu/assert';
import { FLOWS_MAX } from '../../src/engine/limits.ts';
import type { ProbeOutcome } from '../../src/engine/probes.ts';
import { ACK, errorOf, RST, RST_ACK, SYN_ACK, tcpAnswer, udpAnswer } from '../fake/icmp-error.ts';
import {
  counted,
  openPath,
  openPaths,
  PATHS,
  type PathRig,
  PROBE_TIMEOUT_MS,
  portOf,
  ROUTERS,
} from '../fake/paths.ts';
import { addressOf, PORT } from '../fake/rig.ts';
import { type Arrival, replyTo, type SentPacket, withChecksum } from '../fake/transport.ts';
import { suite } from '../helper.ts';

type Path = (typeof PATHS)[number];
const FAMILIES = [4, 6] as const;

interface Out {
  rig: PathRig;
  trace: number;
  packet: SentPacket;
}

function openOut({ family, protocol }: Path): Out {
  const rig = openPaths();
  const trace = openPath(rig, family, protocol);
  return { rig, trace, packet: rig.probe(trace, { ttl: 8, flow: 2, tag: 99 }) };
}

/** What the target itself says to the probe. */
function answerTo(packet: SentPacket): Partial<Arrival> {
  const { protocol, destination: source } = packet;
  if (protocol === 'icmp') return { bytes: replyTo(packet), source };
  const bytes = protocol === 'tcp' ? tcpAnswer(packet, { flags: SYN_ACK }) : udpAnswer(packet);
  return { protocol, bytes, source };
}

/** The packet with one byte turned, where that must be noticed. */
function forged(packet: SentPacket, at: number, bit = 1): SentPacket {
  const bytes = packet.bytes.slice();
  bytes[at] = (bytes[at] ?? 0) ^ bit;
  return { ...packet, bytes };
}

function outcomeAt({ rig, packet }: Out, ms: number, arrival: Partial<Arrival>): ProbeOutcome[] {
  rig.transport.inject(packet.family, { delayNs: BigInt(Math.round(ms * 1e6)), ...arrival });
  rig.clock.advanceMs(ms);
  rig.engine.tick(0);
  return rig.outcomes();
}

suite('wasm/answer', ({ test }) => {
  for (const path of PATHS) {
    const { family, protocol } = path;
    const name = `${protocol} over IPv${family}`;
    const source = ROUTERS[family];

    test(`${name}: takes the target's own answer for what it is`, () => {
      const out = openOut(path);
      const [outcome] = outcomeAt(out, 5, { ...answerTo(out.packet), ttl: 61 });

      assert.is(outcome?.kind, protocol === 'icmp' ? 'echo' : protocol);
      assert.equal([outcome?.ttl, outcome?.flow, outcome?.tag], [8, 2, 99]);
      assert.equal([outcome?.rttNs, outcome?.quality], [5_000_000, 'kernel']);
      assert.equal([outcome?.answerTtl, outcome?.quotedTtl, outcome?.mtu], [61, null, null]);
      const info = { icmp: family === 4 ? 0 : 129 * 256, tcp: SYN_ACK, udp: 0 }[protocol];
      assert.is(outcome?.info, info);
      assert.equal(outcome?.address, out.packet.destination);
      assert.equal(outcome?.labels, []);
    });

    test(`${name}: takes it from nobody else, and in no other family`, () => {
      const { rig, packet } = openOut(path);
      const answer = answerTo(packet);
      assert.equal(rig.take(family, { ...answer, source: addressOf(family, 77) }), ['address']);
      const other = family === 4 ? 6 : 4;
      const bytes = answer.bytes?.slice() ?? new Uint8Array(0);
      if (protocol === 'icmp') bytes[0] = other === 4 ? 0 : 129;
      const message = protocol === 'icmp' && other === 4 ? withChecksum(bytes) : bytes;
      assert.equal(rig.take(other, { ...answer, bytes: message }), ['address']);
      assert.equal(rig.take(family, answer), [protocol === 'icmp' ? 'echo' : protocol]);
    });

    test(`${name}: counts what comes after the timeout as late, once, for ninety seconds`, () => {
      for (const [afterMs, kinds] of [
        [PROBE_TIMEOUT_MS + 100, ['late']],
        [89_999, ['late']],
        [90_001, []],
      ] as const) {
        const out = openOut(path);
        const arrival = { bytes: errorOf(out.packet), source };
        const lost = outcomeAt(out, PROBE_TIMEOUT_MS + 20, { raw: new Uint8Array(1), kind: 0 });
        assert.equal(
          lost.map(({ kind }) => kind),
          ['lost'],
        );
        const [late, ...more] = outcomeAt(out, afterMs - PROBE_TIMEOUT_MS - 20, arrival);
        assert.equal(
          [late, ...more].flatMap((one) => one?.kind ?? []),
          kinds,
          `after ${afterMs} ms`,
        );
        if (late === undefined) {
          assert.is(out.rig.engine.figures().alien['stale'], 1);
          continue;
        }
        assert.equal([late.rttNs, late.quality, late.tag], [afterMs * 1e6, null, 99]);
        assert.equal([late.info, late.address], [family === 4 ? 0xb00 : 0x300, source]);
        assert.equal(outcomeAt(out, 1, arrival), [], 'a second copy');
      }
    });

    test(`${name}: judges by the stamp, not by when it was read`, () => {
      const blocked = openOut(path);
      const arrival = { bytes: errorOf(blocked.packet), source };
      const delayNs = BigInt(PROBE_TIMEOUT_MS) * 1_000_000n;
      blocked.rig.transport.inject(family, { delayNs, ...arrival });
      blocked.rig.clock.advanceMs(10_000);
      assert.equal(counted(blocked.rig), ['error'], 'in time, and read nine seconds later');

      const late = openOut(path);
      const bytes = errorOf(late.packet);
      late.rig.transport.inject(family, { delayNs: delayNs + 1n, bytes, source });
      late.rig.clock.advanceMs(10_000);
      assert.equal(counted(late.rig), ['lost', 'late']);
      late.rig.clock.advanceMs(10_000);
      assert.equal(counted(late.rig), []);
      assert.is(late.rig.hot.call.inflightCount(), 0);
    });

    test(`${name}: has no time for an answer over a step of the clock`, () => {
      const out = openOut(path);
      out.rig.clock.advanceMs(1);
      out.rig.clock.step(3_600_000_000_000n);
      const [outcome, ...more] = outcomeAt(out, 1, { bytes: errorOf(out.packet), source });

      assert.equal([outcome?.kind, more.length], ['discarded', 0]);
      assert.equal([outcome?.rttNs, outcome?.quality], [null, null]);
      assert.equal([outcome?.address, outcome?.info], [source, family === 4 ? 0xb00 : 0x300]);
      assert.is(outcome?.quotedTtl, 1, 'the hop is told all the same');
      out.rig.clock.advanceMs(2000);
      assert.equal(counted(out.rig), []);
    });

    test(`${name}: has no time for an answer that came before its probe went`, () => {
      const rig = openPaths();
      const trace = openPath(rig, family, protocol);
      rig.transport.network = (packet) => ({
        stampDelayNs: 2_000_000n,
        arrivals: [{ delayNs: 1_999_999n, bytes: errorOf(packet), source }],
      });
      rig.probe(trace);
      rig.clock.advanceMs(3);
      assert.equal(counted(rig), ['discarded']);
    });

    test(`${name}: says how good the time is`, () => {
      for (const [part, stampDelayNs, quality] of [
        [{}, 0n, 'kernel'],
        [{ unstamped: true }, 0n, 'mixed'],
        [{}, null, 'mixed'],
        [{ userStamped: true }, null, 'user'],
      ] as const) {
        const rig = openPaths();
        const trace = openPath(rig, family, protocol);
        rig.transport.network = (packet) => ({
          stampDelayNs,
          arrivals: [{ delayNs: 1_000_000n, bytes: errorOf(packet), source, ...part }],
        });
        rig.probe(trace);
        rig.clock.advanceMs(1);
        rig.engine.tick(0);
        const [outcome] = rig.outcomes();
        assert.equal([outcome?.quality, outcome?.rttNs], [quality, 1_000_000]);
      }
    });
  }

  for (const family of FAMILIES) {
    for (const protocol of ['icmp', 'udp'] as const) {
      test(`${protocol} over IPv${family}: believes no cookie but its own`, () => {
        const { rig, packet } = openOut({ family, protocol });
        const source = ROUTERS[family];
        for (let at = 8; at < 24; at++) {
          const bytes = errorOf(forged(packet, at));
          assert.equal(rig.take(family, { bytes, source }), ['cookie'], `byte ${at}`);
        }
        for (const slot of [0, 5, 1 << 20, (1 << 20) + 8192, 0xffff_ffff, 0x7fff_ffff]) {
          const wrong = { ...packet, bytes: packet.bytes.slice() };
          new DataView(wrong.bytes.buffer).setUint32(8, slot, true);
          const isOurs = slot === 1 << 20;
          const expected = isOurs ? ['error'] : ['cookie'];
          if (!isOurs) assert.equal(rig.take(family, { bytes: errorOf(wrong), source }), expected);
        }
        assert.equal(rig.take(family, { bytes: errorOf(packet), source }), ['error']);
      });
    }

    test(`icmp over IPv${family}: takes a reply by its cookie alone, if enough came back`, () => {
      const { rig, packet } = openOut({ family, protocol: 'icmp' });
      const source = packet.destination;
      const reply = (bytes: Uint8Array) => ({
        bytes: family === 4 ? withChecksum(bytes) : bytes,
        source,
      });
      for (let at = 8; at < 24; at++) {
        const bytes = replyTo(forged(packet, at, 0x80));
        assert.equal(rig.take(family, reply(bytes)), ['cookie'], `byte ${at}`);
      }
      for (const length of [8, 16, 24, 27]) {
        const bytes = replyTo(packet).slice(0, length);
        assert.equal(rig.take(family, reply(bytes)), ['malformed'], `${length} bytes`);
      }
      assert.equal(rig.take(family, reply(replyTo(packet).slice(0, 28))), ['echo']);
    });

    test(`tcp over IPv${family}: takes any answer that acknowledges the SYN`, () => {
      for (const flags of [SYN_ACK, RST_ACK, ACK, 0x13, 0xff]) {
        const { rig, packet } = openOut({ family, protocol: 'tcp' });
        const bytes = tcpAnswer(packet, { flags });
        rig.transport.inject(family, {
          ...{ delayNs: 1_000_000n, protocol: 'tcp' },
          ...{ bytes, source: packet.destination },
        });
        rig.clock.advanceMs(1);
        rig.engine.tick(0);
        const [outcome] = rig.outcomes();
        assert.equal([outcome?.kind, outcome?.info], ['tcp', flags]);
      }
    });

    test(`tcp over IPv${family}: believes no other number, port or length`, () => {
      const { rig, packet } = openOut({ family, protocol: 'tcp' });
      const take = (bytes: Uint8Array) =>
        rig.take(family, { protocol: 'tcp', bytes, source: packet.destination });
      for (const flags of [RST, 0x02, 0]) {
        assert.equal(take(tcpAnswer(packet, { flags })), ['foreign'], 'acknowledges nothing');
      }
      for (const acknowledged of [0, 2, -1, 0x8000, 0x10000, 0x2000_0000, 0x8000_0000]) {
        const bytes = tcpAnswer(packet, { flags: SYN_ACK, acknowledged });
        assert.equal(take(bytes), ['cookie'], `${acknowledged} acknowledged`);
      }
      const [theirs, ours] = [portOf('tcp'), PORT + 2];
      for (const ports of [
        [theirs, ours + 1],
        [theirs + 1, ours],
        [ours, theirs],
        [theirs, PORT - 1],
        [theirs, PORT + FLOWS_MAX],
      ] as const) {
        const bytes = tcpAnswer(packet, { flags: SYN_ACK, ports: [...ports] });
        assert.equal(take(bytes), ['address'], `${ports}`);
      }
      const whole = tcpAnswer(packet, { flags: SYN_ACK });
      for (let length = 0; length < 20; length++) {
        assert.equal(take(whole.slice(0, length)), ['malformed'], `${length} bytes`);
      }
      assert.equal(take(whole), ['tcp']);
    });

    test(`udp over IPv${family}: takes a datagram for an answer to the oldest of its flow`, () => {
      const rig = openPaths();
      const udp = openPath(rig, family, 'udp');
      // The same address and port, by other protocols and along a path that was closed.
      const port = portOf('udp');
      const others = (['icmp', 'tcp'] as const).map((one) => openPath(rig, family, one, { port }));
      const closed = openPath(rig, family, 'udp');
      const elsewhere = openPath(rig, family, 'udp', { port: 53 });
      const far = openPath(rig, family, 'udp', { address: addressOf(family, 2) });
      for (const trace of [...others, closed, elsewhere, far]) rig.probe(trace, { tag: 1000 });
      rig.hot.call.closeTrace(closed);
      rig.probe(udp, { flow: 1, tag: 0 });
      const packets = [1, 2, 3].map((tag) => rig.probe(udp, { tag, ttl: tag }));
      const [first, second] = packets as [SentPacket, SentPacket];
      rig.take(family, { bytes: errorOf(second), source: ROUTERS[family] });

      const source = first.destination;
      for (const tag of [1, 3]) {
        const bytes = udpAnswer(first);
        rig.transport.inject(family, { delayNs: 0n, protocol: 'udp', bytes, source });
        rig.engine.tick(0);
        assert.equal(
          rig.outcomes().map((one) => [one.kind, one.tag]),
          [['udp', tag]],
        );
      }
      const none = { protocol: 'udp' as const, bytes: udpAnswer(first), source };
      assert.equal(rig.take(family, none), ['address'], 'none is left');
    });

    test(`udp over IPv${family}: believes no datagram of others`, () => {
      const { rig, packet } = openOut({ family, protocol: 'udp' });
      const take = (bytes: Uint8Array) =>
        rig.take(family, { protocol: 'udp', bytes, source: packet.destination });
      const ports = (from: number, to: number) => {
        const bytes = udpAnswer(packet);
        new DataView(bytes.buffer).setUint16(0, from);
        new DataView(bytes.buffer).setUint16(2, to);
        return bytes;
      };
      assert.equal(take(ports(portOf('udp') + 1, PORT + 2)), ['address']);
      assert.equal(take(ports(portOf('udp'), PORT + 3)), ['address']);
      assert.equal(take(ports(portOf('udp'), PORT + FLOWS_MAX)), ['foreign']);
      assert.equal(take(ports(portOf('udp'), PORT - 1)), ['foreign']);
      for (let length = 0; length < 8; length++) {
        assert.equal(take(udpAnswer(packet).slice(0, length)), ['malformed']);
      }
      assert.equal(take(udpAnswer(packet)), ['udp']);
    });
  }

  test('takes no error about a slot that was never used', () => {
    for (const path of PATHS) {
      const { rig, packet } = openOut(path);
      const other = { ...packet, bytes: packet.bytes.slice() };
      const view = new DataView(other.bytes.buffer);
      const at = path.protocol === 'tcp' ? 4 : 6;
      // The next place of the ring, in the generation that it would have first; place 0 of none.
      for (const wire of [view.getUint16(at) + 1, 0, 1, 0xffff]) {
        view.setUint16(at, wire);
        const bytes = errorOf(other, { quotedBytes: 8 });
        const what = rig.take(path.family, { bytes, source: ROUTERS[path.family] });
        assert.equal(what, [path.protocol === 'tcp' ? 'cookie' : 'stale'], `${wire}`);
      }
      view.setUint32(4, 0);
      const none = rig.take(path.family, {
        bytes: errorOf(other, { quotedBytes: 8 }),
        source: ROUTERS[path.family],
      });
      assert.is(none.length, 1);
      assert.is(none.includes('error'), false);
    }
  });

  test('takes what one protocol quotes for no probe of another', () => {
    for (const path of PATHS) {
      const { rig, packet } = openOut(path);
      for (const other of PATHS) {
        if (other.protocol === path.protocol) continue;
        const bytes = errorOf({ ...packet, protocol: other.protocol });
        const what = rig.take(path.family, { bytes, source: ROUTERS[path.family] });
        assert.is(what.length, 1, `${path.protocol} as ${other.protocol}`);
        assert.is(what.includes('error'), false);
      }
      assert.is(rig.hot.call.inflightCount(), 1);
    }
  });
});
