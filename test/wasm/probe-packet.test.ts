// The bytes of every packet that paths are traced with, put together once more from the RFCs.
import * as assert from 'uvu/assert';
import { outboxAt } from '../../src/engine/hot.ts';
import {
  FLOWS_MAX,
  INFLIGHT_MAX,
  PACKET_BYTES,
  PROBES_MAX,
  RECORD_HEADER_BYTES,
} from '../../src/engine/limits.ts';
import { onesSum16 } from '../fake/oracle.ts';
import { openPath, openPaths, PATHS, type PathRig, portOf, sourceOf } from '../fake/paths.ts';
import { addressOf, COOKIE_KEY, PORT, PROBE_IDENTIFIER, specOf } from '../fake/rig.ts';
import { PROTOCOLS, type SentPacket } from '../fake/transport.ts';
import { suite } from '../helper.ts';

const PATTERN = Uint8Array.from({ length: 1600 }, (_, i) => i & 0xff);

function numbersOf(packet: SentPacket): { place: number; generation: number; slot: number } {
  const slot = packet.key & 0x1f_ffff;
  return { slot, place: slot - INFLIGHT_MAX, generation: packet.key >>> 21 };
}

/** What the wire shows of a use of a slot: its place, and above it the low bits of its use. */
function wireOf(packet: SentPacket): number {
  const { place, generation } = numbersOf(packet);
  return (place + generation * PROBES_MAX) % 65_536;
}

/** SipHash of slot and generation; cookie.test.ts holds the function against its reference. */
function cookieOf({ hot }: PathRig, packet: SentPacket): bigint {
  const key = new DataView(COOKIE_KEY.buffer);
  const { slot, generation } = numbersOf(packet);
  const [k0, k1] = [key.getBigUint64(0, true), key.getBigUint64(8, true)];
  return BigInt.asUintN(
    64,
    hot.call.sipHash(k0, k1, BigInt(slot) + BigInt(generation) * 2n ** 32n),
  );
}

/** RFC 8200 §8.1; that of IPv4 (RFC 768) has the same sum. */
function sumWithPseudo(packet: SentPacket, source: Uint8Array, next: number): number {
  const pseudo = new Uint8Array(40);
  pseudo.set(source);
  pseudo.set(packet.destination, 16);
  new DataView(pseudo.buffer).setUint32(32, packet.bytes.length);
  pseudo[39] = next;
  return onesSum16(Uint8Array.from([...pseudo, ...packet.bytes]), 0, 40 + packet.bytes.length);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** All of the packet but its filler and, of ICMP, its checksum. */
function expected(rig: PathRig, packet: SentPacket, flow: number, payload: number): Uint8Array {
  const { protocol, family } = packet;
  const made = new DataView(new ArrayBuffer(protocol === 'tcp' ? 24 : 8 + payload));
  const wire = wireOf(packet);
  const cookie = cookieOf(rig, packet);
  if (protocol === 'icmp') {
    made.setUint8(0, family === 4 ? 8 : 128);
    made.setUint16(4, PROBE_IDENTIFIER);
    made.setUint16(6, wire);
  } else {
    made.setUint16(0, PORT + flow);
    made.setUint16(2, portOf(protocol));
  }
  if (protocol === 'tcp') {
    made.setUint16(4, wire);
    made.setUint16(6, Number(cookie & 0xffffn));
    // Six words of header, SYN, a window, and the largest segment: 1 440 bytes.
    made.setUint16(12, 0x6002);
    made.setUint16(14, 64_240);
    made.setUint32(20, 0x0204_05a0);
    return new Uint8Array(made.buffer);
  }
  if (protocol === 'udp') {
    made.setUint16(4, 8 + payload);
    made.setUint16(6, wire);
  }
  const { slot, generation } = numbersOf(packet);
  made.setUint32(8, slot, true);
  made.setUint32(12, generation, true);
  made.setBigUint64(16, cookie, true);
  const bytes = new Uint8Array(made.buffer);
  bytes.set(PATTERN.subarray(26, 8 + payload), 26);
  return bytes;
}

/** The same, without what makes checksums right. */
function withoutSums(packet: SentPacket): Uint8Array {
  const bytes = packet.bytes.slice();
  if (packet.protocol === 'tcp') bytes.fill(0, 16, 18);
  else bytes.fill(0, 24, 26);
  if (packet.protocol === 'icmp') bytes.fill(0, 2, 4);
  return bytes;
}

suite('wasm/probe-packet', ({ test }) => {
  for (const { family, protocol } of PATHS) {
    const name = `${protocol} over IPv${family}`;

    test(`${name}: has every byte where the RFCs want it`, () => {
      const rig = openPaths();
      const trace = openPath(rig, family, protocol, { tos: 0x48, scopeId: 9, interfaceIndex: 4 });
      for (const payloadBytes of [20, 21, 32, 57, 1472]) {
        for (const flow of [0, 1, FLOWS_MAX - 1]) {
          const packet = rig.probe(trace, { flow, ttl: 5, payloadBytes, dontFragment: flow === 1 });

          const whole = expected(rig, packet, flow, payloadBytes);
          assert.is(hex(withoutSums(packet)), hex(whole), `${payloadBytes} bytes, flow ${flow}`);
          assert.equal([packet.family, packet.protocol], [family, protocol]);
          assert.equal([packet.ttl, packet.tos, packet.dontFragment], [5, 0x48, flow === 1]);
          assert.equal(packet.destination, addressOf(family, 1));
          const record = outboxAt(rig.hot, 0);
          assert.is(rig.hot.view.getUint32(record + 20, true), 4);
          assert.is(rig.hot.view.getUint32(record + 28, true), 9);
        }
      }
    });

    test(`${name}: has a checksum that is right over what is sent`, () => {
      const rig = openPaths();
      const trace = openPath(rig, family, protocol);
      for (let i = 0; i < 500; i++) {
        const packet = rig.probe(trace, { flow: i % FLOWS_MAX, payloadBytes: 20 + (i % 90) });

        if (protocol !== 'icmp') {
          assert.equal(packet.source, sourceOf(family), 'the source that the checksum covers');
          assert.is(sumWithPseudo(packet, packet.source, PROTOCOLS[protocol]), 0xffff);
        } else if (family === 4) {
          assert.is(onesSum16(packet.bytes, 0, packet.bytes.length), 0xffff);
        } else {
          assert.equal([...packet.bytes.subarray(2, 4)], [0, 0], 'the kernel fills it in');
        }
      }
    });

    test(`${name}: shows routers the same in all probes of a flow`, () => {
      const rig = openPaths();
      const trace = openPath(rig, family, protocol);
      const seen = new Map<number, Set<string>>();
      // Once round the ring, so that places are used by a second generation.
      for (let i = 0; i < PROBES_MAX + 700; i++) {
        const flow = i % FLOWS_MAX;
        const packet = rig.probe(trace, { flow, ttl: 1 + (i % 30), payloadBytes: 32, tag: i });
        const words = seen.get(flow) ?? new Set();
        seen.set(flow, words.add(hashed(packet)));
        if (i % 4096 === 4095) expireAll(rig);
      }

      for (const [flow, words] of seen) assert.is(words.size, 1, `flow ${flow}: ${[...words]}`);
      assert.is(new Set([...seen.values()].flatMap((words) => [...words])).size, FLOWS_MAX);
    });
  }

  test('gives every probe a number on the wire that UDP can have', () => {
    const rig = openPaths();
    const trace = openPath(rig, 4, 'udp');
    const icmp = openPath(rig, 6, 'icmp');
    const wires = new Set<number>();
    // Eight laps and one more: then the sixteen bits come round, a lap earlier at the places that
    // would have come to the two numbers.
    for (let i = 0; i < 9 * PROBES_MAX; i++) {
      const isUdp = i % 64 === 0;
      const view = viewOf(rig.probe(isUdp ? trace : icmp));
      const wire = view.getUint16(6);
      assert.ok(wire > 0 && wire < 0xffff, `${wire} after ${i}`);
      assert.ok(!wires.has(wire) || i >= 7 * PROBES_MAX, `${wire} again after ${i}`);
      wires.add(wire);
      if (i % 4096 === 4095) expireAll(rig);
    }

    assert.is(wires.size, 65_534);
  }, 60_000);

  test('leaves echoes the pattern that they rely on', () => {
    const rig = openPaths();
    const series = rig.engine.addSeries(specOf(4, 1, { intervalMs: 100, payloadBytes: 56 }));
    const sent = () => rig.transport.sent.filter(({ key }) => (key & 0x1f_ffff) < INFLIGHT_MAX);
    rig.engine.tick(1);
    const first = sent()[0]?.bytes.subarray(24);
    for (const { family, protocol } of PATHS) {
      rig.probe(openPath(rig, family, protocol), { payloadBytes: 200 });
      rig.run(100);
    }

    assert.is(rig.engine.state(series).sent, 7);
    assert.equal(first, PATTERN.subarray(24, 64));
    for (const { bytes } of sent()) assert.equal(bytes.subarray(24), first);
  });

  test('takes the largest packet that a record holds, and traps before it would take more', () => {
    const largest = PACKET_BYTES - 16 - 8;
    const rig = openPaths();
    const trace = openPath(rig, 6, 'udp');
    const { bytes, source } = rig.probe(trace, { payloadBytes: largest });

    assert.is(bytes.length, PACKET_BYTES - 16);
    assert.equal(source, sourceOf(6), 'behind the packet, not in it');
    assert.is(RECORD_HEADER_BYTES + PACKET_BYTES, rig.hot.layout.RECORD_BYTES);
    assert.throws(() => rig.probe(trace, { payloadBytes: largest + 1 }), /unreachable/);
  });
});

function viewOf({ bytes }: SentPacket): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset);
}

/** The first four bytes behind the IP header; of ICMPv6 as the kernel fills them in. */
function hashed(packet: SentPacket): string {
  const bytes = packet.bytes.slice();
  if (packet.protocol === 'icmp' && packet.family === 6) {
    const sum = ~sumWithPseudo(packet, sourceOf(6), 58) & 0xffff;
    new DataView(bytes.buffer).setUint16(2, sum);
  }
  return hex(bytes.subarray(0, 4));
}

function expireAll(rig: PathRig): void {
  rig.clock.advanceMs(1100);
  rig.engine.tick(0);
  rig.outcomes();
  rig.transport.sent.length = 0;
}
