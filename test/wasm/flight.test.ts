import * as assert from 'uvu/assert';
import { outboxAt } from '../../src/engine/hot.ts';
import { INFLIGHT_MAX, STAMP_BYTES } from '../../src/engine/limits.ts';
import { errorAbout } from '../fake/packets.ts';
import {
  answerAfter,
  COOKIE_KEY,
  IDENTIFIER,
  openRig,
  type Rig,
  silence,
  specOf,
} from '../fake/rig.ts';
import { type Arrival, replyTo, type SentPacket } from '../fake/transport.ts';
import { suite } from '../helper.ts';

const SLOTS_MIN = 4096;

/** Sends `n` echoes at once, whatever is due; the window of each of 64 series holds them. */
function flood(rig: Rig, n: number): number {
  let sent = 0;
  for (let left = n; left > 0; ) {
    const built = rig.hot.call.flood(Math.min(64, left));
    if (built === 0) break;
    rig.engine.send(built);
    sent += built;
    left -= built;
  }
  return sent;
}

function openFlood(part: Parameters<typeof openRig>[1] = {}, network = answerAfter(1)): Rig {
  const rig = openRig(network, { packetsPerSecond: 1, timeoutMs: 1000, ...part });
  // An interval of 1 ms gives each series a window of 512.
  for (let i = 0; i < 64; i++) rig.engine.addSeries(specOf(4, i, { intervalMs: 1, phaseMs: 1e9 }));
  return rig;
}

/** Folds what waits, without sending; one tick reads 4096 packets at most. */
function read(rig: Rig): void {
  for (let i = 0; i < 8; i++) rig.engine.tick(0);
}

function received(rig: Rig): number {
  let sum = 0;
  for (let series = 0; series < 64; series++) sum += rig.engine.state(series).received;
  return sum;
}

function errorArrival(packet: SentPacket, delayNs: bigint, source: Uint8Array): Arrival {
  return { delayNs, bytes: errorAbout(packet, 11, 0), source };
}

suite('wasm/flight', ({ test }) => {
  test('drops and counts what a full table does not take, and goes on when it has room', () => {
    const rig = openFlood({}, silence);

    assert.is(flood(rig, SLOTS_MIN + 100), SLOTS_MIN);
    assert.is(rig.engine.figures().drops['flight'], 64 + 64);
    assert.is(rig.hot.call.inflightCount(), SLOTS_MIN);

    rig.clock.advanceMs(1020);
    read(rig);
    assert.is(rig.hot.call.inflightCount(), 0);
    assert.is(flood(rig, 1000), 1000);
  });

  test('counts an echo that found no slot as skipped, never as sent', () => {
    const rig = openFlood({}, silence);
    flood(rig, SLOTS_MIN);
    const series = rig.engine.addSeries(specOf(6, 999, { phaseMs: 10 }));

    rig.clock.advanceMs(10);
    rig.engine.tick(64);

    const { sent, skipped } = rig.engine.state(series);
    assert.equal([sent, skipped], [0, 1]);
  });

  test('grows while probes are out, and still knows every one of them', () => {
    for (const before of [0, 63, 2048, 4096, 5000]) {
      const rig = openFlood();
      // Goes round the ring part of the way first, so that head and tail lie anywhere.
      for (let left = before; left > 0; left -= 1024) {
        flood(rig, Math.min(left, 1024));
        rig.clock.advanceMs(2);
        read(rig);
      }
      const early = flood(rig, 2000);
      rig.engine.planFor(500, 1000);

      // The ring grows when its head comes to the end, at the latest after one lap.
      let late = 0;
      for (let i = 0; i < 8; i++) {
        late += flood(rig, 1024);
        if (i % 2 === 0) rig.clock.advanceMs(2);
        read(rig);
      }
      rig.clock.advanceMs(2);
      read(rig);

      assert.is(rig.hot.call.slotsInUse(), 16_384, `after ${before}`);
      assert.is(late, 8 * 1024);
      assert.is(received(rig), before + early + late, `after ${before}`);
      assert.is(rig.hot.call.inflightCount(), 0);
      // Once round the larger ring.
      const more = flood(rig, 16_384);
      rig.clock.advanceMs(2);
      read(rig);
      assert.is(more, 16_384);
      assert.is(received(rig), before + early + late + more);
    }
  });

  test('grows after a whole lap without an expiry between, and still expires what is out', () => {
    const rig = openFlood();
    // Everything sent and answered: head and tail meet at the end of the ring.
    flood(rig, SLOTS_MIN);
    rig.clock.advanceMs(2);
    read(rig);
    rig.transport.network = silence;
    flood(rig, SLOTS_MIN);
    rig.engine.planFor(500, 1000);
    const extra = flood(rig, 500);
    assert.is(extra, 500);
    rig.clock.advanceMs(1020);
    read(rig);

    assert.is(received(rig), SLOTS_MIN);
    assert.is(rig.hot.call.inflightCount(), 0);
    const lost = Array.from({ length: 64 }, (_, series) => rig.engine.state(series).lost);
    assert.is(
      lost.reduce((sum, n) => sum + n, 0),
      SLOTS_MIN + extra,
    );
  });

  test('keeps nothing of the probe that had a slot before', () => {
    const first = { queuedNs: 1000n, arrivals: [{ delayNs: 1_000_000n }] };
    const rig = openFlood({}, (packet) => {
      const delayNs = 500_000n;
      const source = packet.destination;
      return { ...first, arrivals: [...first.arrivals, errorArrival(packet, delayNs, source)] };
    });
    flood(rig, SLOTS_MIN);
    rig.clock.advanceMs(2);
    read(rig);
    assert.is(received(rig), SLOTS_MIN);
    // The same slots, this time without a stamp or without the scheduler's; an error is told.
    let n = 0;
    rig.transport.network = (packet) => ({
      ...(n++ % 2 === 0 ? { stampDelayNs: null } : {}),
      arrivals: [errorArrival(packet, 400_000n, packet.destination), { delayNs: 700_000n }],
    });
    rig.clock.advanceMs(50);
    read(rig);
    rig.hot.call.setLogging(1);
    flood(rig, 64);
    rig.clock.advanceMs(2);
    read(rig);

    const lines = rig.engine.takeLog();
    assert.is(lines.filter(({ kind }) => kind === 'icmp-error').length, 64);
    const replies = lines.filter(({ kind }) => kind === 'reply');
    assert.is(replies.length, 64);
    assert.ok(replies.every(({ rttNs }) => rttNs === 700_000));
    assert.is(replies.filter(({ quality }) => quality === 'mixed').length, 32);
    rig.engine.finish();
    const queues = new Set(rig.engine.takeRounds(64).map(({ localQueueNs }) => localQueueNs));
    assert.equal([...queues], [1000]);
  });

  test('uses every identifier of its sixteen, and no other', () => {
    const rig = openFlood({ packetsPerSecond: 200_000 });
    const { call, view } = rig.hot;
    assert.is(call.slotsInUse(), INFLIGHT_MAX);
    const seen = new Set<number>();
    for (let sent = 0; sent < INFLIGHT_MAX + 5000; sent += 64) {
      assert.is(call.flood(64), 64);
      // The transport writes errno and stamp into each record; these were accepted.
      for (let i = 0; i < 64; i++) seen.add(view.getUint16(outboxAt(rig.hot, i) + 68, false));
      call.settle(64);
      if (sent % 8192 === 0) rig.clock.advanceMs(1020);
      if (sent % 8192 === 0) rig.engine.tick(0);
    }
    rig.clock.advanceMs(1020);
    rig.engine.tick(0);

    assert.equal(
      [...seen].sort((a, b) => a - b),
      Array.from({ length: 16 }, (_, i) => IDENTIFIER + i),
    );
    assert.is(rig.hot.call.inflightCount(), 0);
    assert.is(rig.engine.figures().drops['flight'], 0);
  });

  test('calls a reply stale when its slot has been used again', () => {
    const rig = openFlood();
    flood(rig, 1);
    const first = rig.transport.sent[0] as SentPacket;
    flood(rig, SLOTS_MIN - 1);
    rig.clock.advanceMs(2);
    read(rig);
    flood(rig, 1);

    const again = rig.transport.sent[SLOTS_MIN] as SentPacket;
    assert.equal(again.bytes.slice(4, 12), first.bytes.slice(4, 12), 'the same slot');
    const source = first.destination;
    rig.transport.inject(4, { delayNs: 0n, bytes: replyTo(first), source });
    read(rig);
    assert.is(rig.engine.figures().alien['stale'], 1);
    assert.is(received(rig), SLOTS_MIN);
    assert.is(rig.hot.call.inflightCount(), 1);
    rig.clock.advanceMs(2);
    read(rig);
    assert.is(received(rig), SLOTS_MIN + 1);
  });

  test('believes a transmit stamp only under the generation that it names', () => {
    const rig = openFlood({}, () => ({ stampDelayNs: null, arrivals: [{ delayNs: 1_000_000n }] }));
    flood(rig, 1);
    const { key } = rig.transport.sent[0] as SentPacket;
    const { layout, view, call } = rig.hot;
    const right = rig.clock.realNow() + 400_000n;
    const wrong = [
      [(key + (1 << 21)) >>> 0, right + 7n],
      [key, right],
      [(key ^ (0x7ff << 21)) >>> 0, right + 9n],
    ] as const;
    wrong.forEach(([stampKey, ns], i) => {
      const at = layout.STAMPS + i * STAMP_BYTES;
      view.setUint32(at, stampKey, true);
      view.setUint32(at + 4, 0, true);
      view.setBigUint64(at + 8, ns, true);
    });
    call.fold(0, wrong.length);
    rig.clock.advanceMs(2);
    read(rig);

    assert.is(Math.round(rig.engine.state(0).rttSumSeconds * 1e9), 600_000);
    assert.is(rig.engine.state(0).quality.kernel, 1);
  });

  test('gives each use of a slot a new generation and cookie, past twice 2048 of them', () => {
    const rig = openFlood();
    const { call, view } = rig.hot;
    call.configure(IDENTIFIER, 64, 30e9, 1e9, 0);
    rig.engine.addSeries(specOf(4, 0, { intervalMs: 1, phaseMs: 1e9 }));
    const cookies = new Set<bigint>();
    for (let lap = 1; lap <= 4200; lap++) {
      assert.is(call.flood(64), 64);
      const packet = outboxAt(rig.hot, 0) + 64;
      assert.is(view.getUint32(packet + 12, true), lap);
      cookies.add(view.getBigUint64(packet + 16, true));
      call.settle(64);
      rig.clock.advanceMs(1020);
      rig.engine.tick(0);
    }
    assert.is(cookies.size, 4200);

    assert.is(flood(rig, 64), 64);
    rig.clock.advanceMs(2);
    read(rig);
    assert.is(received(rig), 64);
    assert.is(rig.engine.state(0).quality.kernel, 64, 'stamps are known by the low eleven bits');
  });

  test('knows nothing any more of probes from before it was configured anew', () => {
    const rig = openFlood();
    flood(rig, 10);
    const old = rig.transport.sent.slice();
    rig.hot.call.configure(IDENTIFIER, 8192, 30e9, 1e9, 0);
    const series = rig.engine.addSeries(specOf(4, 0, { intervalMs: 1, phaseMs: 1e9 }));
    assert.is(series, 0);
    assert.is(rig.hot.call.inflightCount(), 0);
    assert.is(rig.hot.call.slotsInUse(), 8192);

    rig.clock.advanceMs(2);
    read(rig);
    assert.is(rig.engine.figures().alien['stale'], 10, 'their own cookies, of a time gone by');
    flood(rig, 10);
    for (const packet of old) {
      const source = packet.destination;
      rig.transport.inject(4, { delayNs: 0n, bytes: replyTo(packet), source });
    }
    read(rig);
    assert.is(rig.engine.figures().alien['stale'], 20);
    assert.is(received(rig), 0);
    rig.clock.advanceMs(2);
    read(rig);
    assert.is(received(rig), 10);
    rig.engine.finish();
    const rounds = rig.engine.takeRounds().map(({ sent, received: n }) => [sent, n]);
    assert.equal(rounds, [[10, 10]], 'nor of their round');
  });

  test('takes a cookie of another key for forged', () => {
    const rig = openFlood();
    flood(rig, 1);
    rig.hot.bytes.set(
      COOKIE_KEY.map((byte) => byte ^ 0x55),
      rig.hot.layout.COOKIE_KEY,
    );
    rig.hot.call.configure(IDENTIFIER, 4096, 30e9, 1e9, 0);

    rig.clock.advanceMs(2);
    read(rig);

    assert.is(rig.engine.figures().alien['cookie'], 1);
  });

  test('writes slot and generation into the key of the record and into the packet', () => {
    const rig = openFlood();
    flood(rig, 3);

    const record = outboxAt(rig.hot, 1);
    const packet = record + 64;
    const slot = rig.hot.view.getUint32(packet + 8, true);
    const generation = rig.hot.view.getUint32(packet + 12, true);
    assert.is(rig.hot.view.getUint32(record + 8, true), (slot | (generation << 21)) >>> 0);
    assert.is(rig.hot.view.getUint16(packet + 6, false), slot & 0xffff);
    assert.is(rig.hot.view.getUint16(packet + 4, false), IDENTIFIER + (slot >> 16));
  });
});
