// One packet at a time, and which counter it moves. Random ones are in fuzz.test.ts.
import * as assert from 'uvu/assert';
import { ALIEN_REASONS } from '../../src/engine/engine.ts';
import { errorAbout } from '../fake/packets.ts';
import { addressOf, openRig, type Rig, silence, specOf } from '../fake/rig.ts';
import {
  type Arrival,
  replyTo,
  type SentPacket,
  withChecksum,
  withIp4,
} from '../fake/transport.ts';
import { suite } from '../helper.ts';

interface Out {
  rig: Rig;
  four: SentPacket;
  six: SentPacket;
}

/** One echo of each family is out. */
function openOut(payloadBytes = 56): Out {
  const rig = openRig(silence);
  rig.engine.addSeries(specOf(4, 1, { payloadBytes, intervalMs: 60_000 }));
  rig.engine.addSeries(specOf(6, 2, { payloadBytes, intervalMs: 60_000 }));
  rig.engine.tick(64);
  const [first, second] = rig.transport.sent as [SentPacket, SentPacket];
  const four = first.family === 4 ? first : second;
  return { rig, four, six: first.family === 4 ? second : first };
}

/** What one packet was counted as: `received`, `duplicates`, `error`, or the reason why not. */
function take({ rig }: Out, family: 4 | 6, arrival: Partial<Arrival>): string[] {
  const before = counters(rig);
  rig.transport.inject(family, { delayNs: 1_000_000n, ...arrival });
  rig.clock.advanceMs(1);
  rig.engine.tick(0);
  const after = counters(rig);
  return Object.keys(after).filter((name) => after[name] !== before[name]);
}

function counters(rig: Rig): Record<string, number> {
  const all: Record<string, number> = { ...rig.engine.figures().alien };
  for (const series of [0, 1]) {
    const { received, late, duplicates, discarded, lost, icmpErrors } = rig.engine.state(series);
    Object.assign(all, {
      [`received${series}`]: received,
      [`late${series}`]: late,
      [`duplicate${series}`]: duplicates,
      [`discarded${series}`]: discarded,
      [`lost${series}`]: lost,
      [`error${series}`]: icmpErrors,
    });
  }
  return all;
}

/** A reply with bytes changed and, for IPv4, the checksum made right. */
function forged(packet: SentPacket, changes: Record<number, number>): Uint8Array {
  const reply = replyTo(packet);
  for (const [at, value] of Object.entries(changes)) reply[Number(at)] = value;
  return packet.family === 4 ? withChecksum(reply) : reply;
}

suite('wasm/parse', ({ test }) => {
  test('takes an honest reply of each family once, then calls it a duplicate', () => {
    const out = openOut();
    for (const [series, packet] of [out.four, out.six].entries()) {
      const { family, destination: source } = packet;
      const bytes = replyTo(packet);

      assert.equal(take(out, family, { bytes, source }), [`received${series}`]);
      assert.equal(take(out, family, { bytes, source }), [`duplicate${series}`]);
    }
  });

  test('takes a reply without an IP header from a ping socket', () => {
    const out = openOut();
    const bytes = replyTo(out.four);

    assert.equal(take(out, 4, { raw: bytes, kind: 44, source: out.four.destination }), [
      'received0',
    ]);
  });

  test('skips the options of an IPv4 header and the padding behind the packet', () => {
    const out = openOut();
    const icmp = replyTo(out.four);
    const raw = new Uint8Array(24 + icmp.length + 18);
    raw.set([0x46, 0, 0, 24 + icmp.length, 0, 0, 0, 0, 57, 1, 0, 0]);
    raw.set(out.four.destination.subarray(0, 4), 12);
    raw.set(icmp, 24);

    assert.equal(take(out, 4, { raw }), ['received0']);
    assert.is(out.rig.engine.state(0).ttl, 57);
  });

  test('names what is wrong with a reply', () => {
    const cases: [string, (packet: SentPacket) => Uint8Array][] = [
      ['foreign', (packet) => forged(packet, { 4: 0x11 })],
      // One below our identifiers, and one above.
      ['foreign', (packet) => forged(packet, { 5: 0x1f })],
      ['foreign', (packet) => forged(packet, { 5: 0x31 })],
      ['cookie', (packet) => forged(packet, { 5: 0x2f })],
      // The one of TTL-limited probes: no such slot is theirs.
      ['cookie', (packet) => forged(packet, { 5: 0x30 })],
      ['cookie', (packet) => forged(packet, { 6: 0x0f })],
      ['cookie', (packet) => forged(packet, { 8: (packet.bytes[8] ?? 0) ^ 1 })],
      ['cookie', (packet) => forged(packet, { 12: (packet.bytes[12] ?? 0) ^ 1 })],
      ['cookie', (packet) => forged(packet, { 16: (packet.bytes[16] ?? 0) ^ 1 })],
      ['cookie', (packet) => forged(packet, { 23: (packet.bytes[23] ?? 0) ^ 0x80 })],
      ['malformed', (packet) => withTail(packet, -1)],
      ['malformed', (packet) => withTail(packet, 1)],
      ['malformed', (packet) => withTail(packet, -41)],
      ['malformed', (packet) => withTail(packet, -58)],
    ];
    for (const [reason, make] of cases) {
      const out = openOut();
      for (const packet of [out.four, out.six]) {
        const { family, destination: source } = packet;
        const what = take(out, family, { bytes: make(packet), source });
        assert.equal(what, [reason], `IPv${family}: ${make}`);
      }
    }
  });

  test('believes no reply from another address, of another family or for another host', () => {
    const out = openOut();
    const { four, six } = out;
    const other = addressOf(4, 77);
    assert.equal(take(out, 4, { bytes: replyTo(four), source: other }), ['address']);
    assert.equal(take(out, 6, { bytes: replyTo(six), source: addressOf(6, 77) }), ['address']);
    // The bytes are right, the socket is the other family's.
    const asSix = replyTo(four);
    asSix[0] = 129;
    assert.equal(take(out, 6, { bytes: asSix, source: four.destination }), ['address']);
    const asFour = replyTo(six);
    asFour[0] = 0;
    const source = six.destination;
    assert.equal(take(out, 4, { raw: withChecksum(asFour), kind: 44, source }), ['address']);
    assert.is(out.rig.hot.call.inflightCount(), 2);
  });

  test('looks at the checksum of IPv4, and leaves that of ICMPv6 to the kernel', () => {
    const out = openOut();
    const broken = replyTo(out.four);
    broken[40] = (broken[40] ?? 0) ^ 1;
    assert.equal(take(out, 4, { bytes: broken, source: out.four.destination }), ['checksum']);
    const anySum = replyTo(out.six);
    anySum[2] = 0xab;
    assert.equal(take(out, 6, { bytes: anySum, source: out.six.destination }), ['received1']);
  });

  test('trusts no length', () => {
    const out = openOut();
    const source = out.four.destination;
    const whole = withIp4(replyTo(out.four), source, 60);
    const lies: [number, number[]][] = [
      [0, [0x35]],
      [0, [0x44]],
      [0, [0x4f]],
      [2, [0, 19]],
      [2, [0xff, 0xff]],
      [2, [0, whole.length + 1]],
      // Neither ICMP nor what paths are traced by.
      [9, [2]],
    ];
    for (const [at, bytes] of lies) {
      const raw = whole.slice();
      raw.set(bytes, at);
      const what = take(out, 4, { raw });
      const isRefused = what.length === 1 && ['malformed', 'checksum'].includes(what[0] ?? '');
      assert.ok(isRefused, `${bytes} at ${at}: ${what}`);
    }
    for (const protocol of [6, 17]) {
      const raw = whole.slice();
      raw[9] = protocol;
      assert.equal(take(out, 4, { raw }), ['foreign'], `an echo reply as protocol ${protocol}`);
    }
    for (let length = 0; length < whole.length; length++) {
      assert.equal(take(out, 4, { raw: whole.slice(0, length) }), ['malformed'], `${length} bytes`);
    }
    assert.equal(take(out, 4, { raw: whole, truncated: true }), ['malformed']);
    assert.equal(take(out, 4, { raw: whole, kind: 7 }), ['malformed']);
  });

  test('does not read behind the bytes that were stored', () => {
    const out = openOut();
    const { rig, six } = out;
    // The record still holds a whole reply; the length says less.
    assert.equal(take(out, 6, { bytes: replyTo(six), source: addressOf(6, 9) }), ['address']);
    const record = rig.hot.layout.INBOX;
    rig.hot.bytes.set(six.destination, record + 32);
    for (let stored = 0; stored < six.bytes.length; stored++) {
      rig.hot.view.setUint32(record + 4, stored, true);
      rig.hot.call.fold(1, 0);
    }
    for (const stored of [1601, 0x7fffffff, 0xffffffff]) {
      rig.hot.view.setUint32(record + 4, stored, true);
      rig.hot.call.fold(1, 0);
    }
    assert.is(rig.engine.state(1).received, 0);
    assert.is(rig.engine.figures().alien['malformed'], six.bytes.length + 3);
    rig.hot.view.setUint32(record + 4, six.bytes.length, true);
    rig.hot.call.fold(1, 0);
    assert.is(rig.engine.state(1).received, 1);
  });

  test('counts an error about a probe, by its cookie or by eight bytes and its destination', () => {
    for (const quotedBytes of [8, 16, 24, 64]) {
      const out = openOut();
      out.rig.hot.call.setLogging(1);
      for (const [series, packet] of [out.four, out.six].entries()) {
        const type = packet.family === 4 ? 11 : 3;
        const bytes = errorAbout(packet, type, 0, quotedBytes);
        const source = addressOf(packet.family, 500);

        assert.equal(take(out, packet.family, { bytes, source }), [`error${series}`]);
        assert.equal(take(out, packet.family, { bytes, source }), [`error${series}`], 'each copy');
      }
      assert.is(out.rig.hot.call.inflightCount(), 2, 'an error decides no fate');
      assert.is(out.rig.engine.takeLog().length, 2, 'and is told once');
    }
  });

  test('believes no error that quotes something else', () => {
    const out = openOut();
    const { four, six } = out;
    const elsewhere = { ...four, destination: addressOf(4, 9) };
    const source = addressOf(4, 500);
    const error = (packet: SentPacket, bytes?: number) => errorAbout(packet, 3, 1, bytes);
    assert.equal(take(out, 4, { bytes: error(elsewhere), source }), ['address']);
    assert.equal(take(out, 4, { bytes: error(elsewhere, 8), source }), ['address']);
    const wrongCookie = { ...four, bytes: four.bytes.slice() };
    wrongCookie.bytes[20] = (wrongCookie.bytes[20] ?? 0) ^ 4;
    assert.equal(take(out, 4, { bytes: error(wrongCookie), source }), ['cookie']);
    const aReply = { ...four, bytes: replyTo(four) };
    assert.equal(take(out, 4, { bytes: error(aReply), source }), ['foreign']);
    const asSix = { ...six, destination: addressOf(6, 9) };
    assert.equal(take(out, 6, { bytes: errorAbout(asSix, 1, 0, 8), source }), ['address']);
    take(out, 4, { bytes: replyTo(four), source: four.destination });
    assert.equal(take(out, 4, { bytes: error(four), source }), ['stale'], 'answered already');
  });

  test('takes an error from the queue of a ping socket', () => {
    const out = openOut();
    out.rig.hot.call.setLogging(1);
    for (const [series, { bytes, family }] of [out.four, out.six].entries()) {
      const kind = family === 4 ? 54 : 56;
      const queued = { raw: bytes, kind, errorType: 3, errorCode: 10 };
      assert.equal(take(out, family, queued), [`error${series}`]);
    }
    const infos = out.rig.engine.takeLog().map(({ kind, info }) => [kind, info]);
    assert.equal(infos, [
      ['icmp-error', 3 * 256 + 10],
      ['icmp-error', 3 * 256 + 10],
    ]);
  });

  test('leaves alone what a host hears besides: echoes, redirects, neighbours', () => {
    const out = openOut();
    for (const type of [4, 5, 8, 9, 10, 13, 17]) {
      const bytes = forged(out.four, { 0: type });
      assert.equal(take(out, 4, { bytes, source: out.four.destination }), ['foreign'], `${type}`);
    }
    for (const type of [128, 130, 133, 134, 135, 136, 143]) {
      const bytes = forged(out.six, { 0: type });
      assert.equal(take(out, 6, { bytes, source: out.six.destination }), ['foreign'], `${type}`);
    }
  });

  test('has no figure for a packet whose stamps are absurd, and does not stumble', () => {
    const stamps = [1n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n];
    for (const stamp of stamps) {
      const { rig, six } = openOut();
      rig.transport.inject(6, { delayNs: 0n, bytes: replyTo(six), source: addressOf(6, 9) });
      rig.engine.tick(0);
      const record = rig.hot.layout.INBOX;
      rig.hot.bytes.set(six.destination, record + 32);
      rig.hot.view.setBigUint64(record + 8, stamp, true);
      rig.hot.call.fold(1, 0);

      const { received, discarded, lost } = rig.engine.state(1);
      assert.equal([received, discarded + lost], [0, 1], `${stamp}`);
    }
  });

  test('calls a reply to what the kernel refused stale', () => {
    const rig = openRig(() => ({ refused: 105, arrivals: [] }));
    rig.engine.addSeries(specOf(4, 1));
    let packet: SentPacket | undefined;
    rig.transport.network = (sent) => {
      packet = sent;
      return { refused: 105, arrivals: [] };
    };
    rig.engine.tick(64);
    const bytes = replyTo(packet as SentPacket);
    rig.transport.inject(4, { delayNs: 0n, bytes, source: addressOf(4, 1) });
    rig.engine.tick(0);

    assert.is(rig.engine.figures().alien['stale'], 1);
    assert.is(rig.engine.state(0).duplicates, 0);
  });

  test('has a name for every reason', () => {
    assert.is(new Set(ALIEN_REASONS).size, 6);
  });
});

/** The reply with `n` bytes more or fewer at its end. */
function withTail(packet: SentPacket, n: number): Uint8Array {
  const reply = new Uint8Array(packet.bytes.length + n);
  reply.set(replyTo(packet).subarray(0, reply.length));
  return packet.family === 4 && reply.length >= 8 ? withChecksum(reply) : reply;
}
