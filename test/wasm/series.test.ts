import * as assert from 'uvu/assert';
import { ProbeError } from '../../src/core/error.ts';
import { SERIES_MAX, WINDOW_MAX } from '../../src/engine/limits.ts';
import { addressOf, answerAfter, openRig, type Rig, silence, specOf } from '../fake/rig.ts';
import { replyTo, type SentPacket } from '../fake/transport.ts';
import { suite } from '../helper.ts';

const MS = 1_000_000n;

/** Frees a stopped series as soon as it is drained; returns after how many ms. */
function freeAfter(rig: Rig, series: number): number {
  for (let ms = 0; ms < 120_000; ms += 100) {
    if (rig.engine.freeSeries(series)) return ms;
    rig.run(100, 100);
  }
  throw new Error('never drained');
}

suite('wasm/series', ({ test }) => {
  test('writes what was asked for into every packet', () => {
    const rig = openRig(silence);
    const source = addressOf(6, 4000);
    rig.engine.addSeries(
      specOf(6, 1, { payloadBytes: 120, tos: 184, ttl: 9, source, interfaceIndex: 3, scopeId: 7 }),
    );
    rig.engine.tick(64);

    const packet = rig.transport.sent[0] as SentPacket;
    assert.is(packet.bytes.length, 128);
    assert.equal([packet.ttl, packet.tos, packet.dontFragment], [9, 184, false]);
    assert.equal(packet.destination, addressOf(6, 1));
    const { view, bytes, layout } = rig.hot;
    assert.is(view.getUint32(layout.OUTBOX + 20, true), 3);
    assert.is(view.getUint32(layout.OUTBOX + 28, true), 7);
    const end = layout.OUTBOX + layout.RECORD_BYTES;
    assert.equal(bytes.slice(end - 16, end), source);
    // The pattern behind the cookie counts on from its place in the packet.
    assert.is(packet.bytes[24], 24);
    assert.is(packet.bytes[127], 127);
  });

  test('leaves no trace of one packet in the next of the same record', () => {
    const rig = openRig(silence);
    const all = { ttl: 9, tos: 8, interfaceIndex: 3, scopeId: 7, dontFragment: true };
    rig.engine.addSeries(specOf(6, 1, { ...all, source: addressOf(6, 5), intervalMs: 60_000 }));
    rig.engine.tick(64);
    rig.engine.addSeries(specOf(4, 2, { payloadBytes: 16 }));
    rig.engine.tick(64);

    const { view, layout } = rig.hot;
    const header = Array.from({ length: 7 }, (_, i) => view.getUint32(layout.OUTBOX + i * 4, true));
    const packet = rig.transport.sent[1] as SentPacket;
    assert.equal(header, [4, 24, packet.key, 0, 0, 0, 0]);
    assert.is(view.getUint32(layout.OUTBOX + 28, true), 0);
    assert.is(view.getBigUint64(layout.OUTBOX + 40, true), 0n, 'the rest of the address');
    assert.is(view.getBigUint64(layout.OUTBOX + 48, true), 0n, 'no source');
  });

  test('asks for an unfragmented packet by the socket', () => {
    const rig = openRig(silence);
    rig.engine.addSeries(specOf(4, 1, { dontFragment: true }));
    rig.engine.addSeries(specOf(6, 2, { dontFragment: true }));
    rig.engine.tick(64);

    assert.ok(rig.transport.sent.every((packet) => packet.dontFragment));
    assert.equal(rig.transport.sent.map(({ family }) => family).sort(), [4, 6]);
  });

  test('refuses sizes and intervals that cannot be', () => {
    for (const part of [{ payloadBytes: 15 }, { payloadBytes: 1473 }, { intervalMs: 0 }]) {
      const rig = openRig(silence);

      assert.throws(() => rig.engine.addSeries(specOf(4, 1, part)), /unreachable/);
    }
  });

  test('holds as many probes out as the timeout needs, at any interval', () => {
    for (const intervalMs of [10, 13, 50, 1000, 60_000]) {
      const rig = openRig(silence, { packetsPerSecond: 200 });
      const series = rig.engine.addSeries(specOf(4, 1, { intervalMs }));

      rig.run(12_000, 5);

      const { skipped, sent, lost } = rig.engine.state(series);
      assert.is(skipped, 0, `${intervalMs} ms`);
      assert.is(rig.engine.figures().drops['window'], 0);
      assert.is(rig.hot.call.inflightCount(), sent - lost);
    }
  });

  test('counts what a full window does not hold as dropped and skipped', () => {
    const rig = openRig(silence, { packetsPerSecond: 1000 });
    const series = rig.engine.addSeries(specOf(4, 1, { intervalMs: 5, phaseMs: 5 }));

    rig.run(5000, 5);

    const { sent, skipped } = rig.engine.state(series);
    assert.is(sent, WINDOW_MAX);
    assert.is(sent + skipped, 1000);
    assert.is(rig.engine.figures().drops['window'], skipped);
    rig.run(10_000, 5);
    assert.is(rig.engine.state(series).lost + WINDOW_MAX, rig.engine.state(series).sent);
  });

  test('grows its window in flight and loses track of no probe', () => {
    for (const first of [7, 15, 16, 17, 300]) {
      let delay = 4900n * MS;
      const rig = openRig(() => ({ arrivals: [{ delayNs: delay }] }), { packetsPerSecond: 200 });
      const series = rig.engine.addSeries(specOf(4, 1, { intervalMs: 330 }));
      rig.run(first * 330, 10);
      rig.engine.setInterval(series, 10);
      rig.run(1000, 10);
      delay = MS;
      rig.run(1000, 10);
      rig.engine.setInterval(series, 1000);
      rig.run(6000, 10);

      const { sent, received, lost, reordered } = rig.engine.state(series);
      const out = rig.hot.call.inflightCount();
      assert.is(sent, received + out, `${first} before`);
      assert.is(lost, 0);
      assert.ok(reordered > 0);
      rig.engine.finish();
      const rounds = rig.engine.takeRounds();
      // Every neighbour is known: one pair fewer than answers, and every pair is exact.
      assert.ok(rounds.every((round) => round.jitterNs !== null && round.lossBurstMax === 0));
    }
  });

  test('is freed when its last probe and its last round are done, not before', () => {
    const rig = openRig(silence, { roundMs: 10_000, timeoutMs: 2000 });
    const series = rig.engine.addSeries(specOf(4, 1));
    rig.run(3000, 100);

    rig.engine.stopSeries(series);
    const ms = freeAfter(rig, series);

    // The round ends at 10 s and closes 2 s and a little later.
    assert.ok(ms >= 9000 && ms <= 9200, `${ms} ms`);
    const round = rig.engine.takeRounds()[0];
    assert.equal([round?.sent, round?.lost], [4, 4]);
    assert.throws(() => rig.hot.call.freeSeries(series), /unreachable/);
  });

  test('begins at nothing when its number is used again', () => {
    const rig = openRig(answerAfter(5), { roundMs: 5000, timeoutMs: 1000 });
    const series = rig.engine.addSeries(specOf(4, 1, { intervalMs: 20 }));
    rig.run(4000);
    rig.engine.stopSeries(series);
    freeAfter(rig, series);
    rig.engine.takeRounds();
    const again = rig.engine.addSeries(specOf(6, 2, { intervalMs: 500 }));
    assert.is(again, series);
    const state = rig.engine.state(again);
    const { quality, sendErrors, buckets, outages, ttl, ...counts } = state;
    const all = [counts, quality, sendErrors, buckets].flatMap((each) => Object.values(each));
    assert.ok(all.every((n) => n === 0));
    assert.equal(outages, { open: false, total: 0, seconds: 0 });
    assert.is(ttl, null);
    assert.is(rig.engine.quantiles(again, [0.5]), null);

    rig.run(12_000);

    const round = rig.engine.takeRounds()[0];
    assert.is(round?.sequence, 0);
    assert.is(rig.engine.state(again).received, 24);
  });

  test('takes nothing for itself that was meant for the former owner of its number', () => {
    const rig = openRig(silence, { roundMs: 2000, timeoutMs: 1000 });
    const series = rig.engine.addSeries(specOf(4, 1, { intervalMs: 100 }));
    rig.run(500);
    const old = rig.transport.sent.slice();
    rig.engine.stopSeries(series);
    freeAfter(rig, series);
    const source = addressOf(4, 1);
    for (const packet of old.slice(0, 3)) {
      rig.transport.inject(4, { delayNs: 0n, bytes: replyTo(packet), source });
    }
    rig.run(10);
    assert.is(rig.engine.figures().alien['stale'], 3, 'nobody has the number');
    // The new owner measures the very same address.
    const again = rig.engine.addSeries(specOf(4, 1, { intervalMs: 100, phaseMs: 50 }));
    assert.is(again, series);
    for (const packet of old.slice(3)) {
      rig.transport.inject(4, { delayNs: 0n, bytes: replyTo(packet), source });
    }
    rig.run(10);

    assert.is(rig.engine.figures().alien['stale'], old.length);
    const { received, late, duplicates } = rig.engine.state(again);
    assert.equal([received, late, duplicates], [0, 0, 0]);
  });

  test('has room for 4096 and says so of the next one', () => {
    const rig = openRig(silence, { packetsPerSecond: 4096 });
    for (let i = 0; i < SERIES_MAX; i++) {
      assert.is(rig.engine.addSeries(specOf(4, i, { phaseMs: i % 1000 })), i);
    }

    assert.throws(
      () => rig.engine.addSeries(specOf(4, 9)),
      (error: unknown) => error instanceof ProbeError && error.code === 'ERR_LIMIT_EXCEEDED',
    );
    for (let ms = 0; ms < 1000; ms += 5) {
      rig.clock.advanceMs(5);
      while (rig.engine.tick(64) === 64);
    }
    const sent = new Set(rig.transport.sent.map(({ destination }) => destination.join()));
    assert.is(sent.size, SERIES_MAX);
  });
});
