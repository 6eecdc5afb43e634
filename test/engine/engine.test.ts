import * as assert from 'uvu/assert';
import { ALIEN_REASONS, DROP_TABLES, Engine, LATENESS_BOUNDS } from '../../src/engine/engine.ts';
import type { Hot } from '../../src/engine/hot.ts';
import { INFLIGHT_MAX, SLOTS_MIN } from '../../src/engine/limits.ts';
import { FakeClock } from '../fake/clock.ts';
import { answerAfter, openRig, silence, specOf } from '../fake/rig.ts';
import { FakeTransport, type SentPacket } from '../fake/transport.ts';
import { suite } from '../helper.ts';

const MS = 1_000_000n;

suite('engine/engine', ({ test }) => {
  test('measures both families and says what came of it', () => {
    const rig = openRig(answerAfter(20));
    const four = rig.engine.addSeries(specOf(4, 1, { intervalMs: 100 }));
    const six = rig.engine.addSeries(specOf(6, 2, { intervalMs: 100 }));
    rig.engine.tick(64);
    rig.run(1050);

    for (const series of [four, six]) {
      const state = rig.engine.state(series);
      assert.is(state.sent, 11);
      assert.is(state.received, 11);
      assert.is(state.quality.kernel, 11);
      assert.ok(Math.abs(state.rttSumSeconds - 11 * 0.02) < 1e-12);
      assert.is(state.ttl, 57);
      // 20 ms lie between 12.8 and 25.6 ms.
      assert.equal(
        state.buckets,
        Array.from({ length: 21 }, (_, i) => (i === 9 ? 11 : 0)),
      );
      assert.equal(rig.engine.quantiles(series, [0, 0.5, 1])?.length, 3);
    }
  });

  test('names every refusal of the kernel', () => {
    const expected = {
      1: 'blocked',
      13: 'blocked',
      101: 'unreachable',
      113: 'unreachable',
      11: 'buffer',
      12: 'buffer',
      105: 'buffer',
      90: 'size',
      6: 'device',
      19: 'device',
      100: 'device',
      22: 'invalid',
      99: 'invalid',
      97: 'other',
      111: 'other',
    };
    for (const [errno, reason] of Object.entries(expected)) {
      const rig = openRig(() => ({ refused: Number(errno), arrivals: [] }));
      rig.hot.call.setLogging(1);
      const series = rig.engine.addSeries(specOf(4, 1));
      rig.engine.tick(64);

      const { sent, sendErrors, skipped, lost } = rig.engine.state(series);
      assert.equal([sent, skipped, lost], [0, 0, 0]);
      assert.is(sendErrors[reason as keyof typeof sendErrors], 1, `errno ${errno}`);
      assert.is(rig.engine.takeLog()[0]?.info, Number(errno));
      assert.is(rig.hot.call.inflightCount(), 0);
    }
  });

  test('reads everything that waits in one tick', () => {
    const rig = openRig(answerAfter(1), { packetsPerSecond: 1000 });
    for (let i = 0; i < 500; i++) rig.engine.addSeries(specOf(4, i, { intervalMs: 5000 }));
    while (rig.engine.tick(64) > 0);
    rig.clock.advanceMs(2);

    rig.engine.tick(64);

    assert.is(rig.hot.call.inflightCount(), 0);
  });

  test('reads what waits before it calls anything lost, however much that is', () => {
    // Blocked beyond the timeout with more answers in the sockets than one tick takes.
    const rig = openRig(answerAfter(1), { packetsPerSecond: 6000 });
    for (let i = 0; i < 64; i++) {
      rig.engine.addSeries(specOf(4, i, { intervalMs: 1, phaseMs: 1e9 }));
    }
    for (let i = 0; i < 160; i++) rig.engine.send(rig.hot.call.flood(64));
    rig.clock.advanceMs(6000);

    for (let i = 0; i < 4; i++) rig.engine.tick(0);

    const states = Array.from({ length: 64 }, (_, series) => rig.engine.state(series));
    assert.is(
      states.reduce((sum, { received }) => sum + received, 0),
      160 * 64,
    );
    assert.ok(states.every(({ lost, late }) => lost === 0 && late === 0));
  });

  test('counts losses although a flood of foreign packets never ends', () => {
    const rig = openRig(silence);
    const series = rig.engine.addSeries(specOf(4, 1, { intervalMs: 100 }));
    rig.engine.tick(64);
    const { transport, hot } = rig;
    const drain = transport.drain.bind(transport);
    transport.drain = () => {
      const stamps = drain() >>> 16;
      hot.bytes.fill(0, hot.layout.INBOX, hot.layout.STAMPS);
      return 64 + stamps * 65_536;
    };

    rig.run(12_000, 20);

    const { sent, lost } = rig.engine.state(series);
    assert.ok(sent > 110, `${sent} sent`);
    // A loss may wait for sixteen ticks of 20 ms.
    assert.ok(sent - lost <= 50 + 5, `${sent} sent, ${lost} lost`);
    assert.ok((rig.engine.figures().alien['malformed'] ?? 0) > 1_000_000);
  });

  test('plans slots for what may come back: the timeout and thirty seconds more', () => {
    const slots = (packetsPerSecond: number, timeoutMs = 5000): number =>
      openRig(silence, { packetsPerSecond, timeoutMs }).engine.figures().slots;

    assert.is(slots(1), SLOTS_MIN);
    assert.is(slots(117), SLOTS_MIN);
    assert.is(slots(118), 2 * SLOTS_MIN);
    assert.is(slots(1000), 65_536);
    assert.is(slots(1e9), INFLIGHT_MAX);
  });

  test('knows nothing of a time before the first tick', () => {
    const rig = openRig(silence);

    assert.is(rig.engine.nextDueMs(), null);
    assert.is(rig.engine.nextExpiryMs(), null);
    assert.is(rig.engine.isWaiting(), false);
    assert.is(rig.engine.takeRounds().length, 0);
    assert.is(rig.engine.takeEvents().length, 0);
    assert.is(rig.engine.quantiles(rig.engine.addSeries(specOf(4, 1)), [0.5]), null);
    assert.is(rig.engine.nextDueMs(), 0);
  });

  test('says when it must wake: for a send, for a loss, for a round to close', () => {
    const rig = openRig(silence, { roundMs: 10_000, timeoutMs: 1000 });
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 60_000, phaseMs: 250 }));
    assert.is(rig.engine.nextDueMs(), 250);
    rig.run(250, 250);
    assert.is(rig.engine.nextDueMs(), 60_000);
    assert.is(rig.engine.nextExpiryMs(), 1020);
    assert.ok(rig.engine.isWaiting());
    rig.run(1020, 1020);
    assert.is(rig.engine.nextExpiryMs(), null);
    rig.run(9000, 9000);

    assert.is(rig.engine.nextExpiryMs(), 1050);
    rig.run(1050, 1050);
    assert.is(rig.engine.takeRounds().length, 1);
    assert.is(rig.engine.nextExpiryMs(), null);
  });

  test('labels each sample by where its stamps came from', () => {
    const kinds = [
      { send: undefined, arrival: {}, quality: 'kernel' },
      { send: null, arrival: {}, quality: 'mixed' },
      { send: undefined, arrival: { unstamped: true }, quality: 'mixed' },
      { send: undefined, arrival: { userStamped: true }, quality: 'mixed' },
      { send: null, arrival: { unstamped: true }, quality: 'user' },
      { send: null, arrival: { userStamped: true }, quality: 'user' },
    ] as const;
    for (const { send, arrival, quality } of kinds) {
      const rig = openRig(() => ({
        ...(send === null ? { stampDelayNs: null } : {}),
        arrivals: [{ delayNs: 7n * MS, ...arrival }],
      }));
      const series = rig.engine.addSeries(specOf(4, 1));
      rig.engine.tick(64);
      rig.clock.advanceMs(9);
      rig.engine.tick(64);

      const state = rig.engine.state(series);
      assert.is(state.quality[quality], 1, `${send} ${JSON.stringify(arrival)}`);
      assert.is(state.received, 1);
      // Without any stamp of its arrival a packet came when it was read.
      const rttMs = 'unstamped' in arrival ? 9 : 7;
      assert.is(Math.round(state.rttSumSeconds * 1e9), rttMs * 1e6);
    }
  });

  test('takes a late stamp for what it is: no stamp when the reply is timed', () => {
    const rig = openRig(() => ({ stampHeldNs: 50n * MS, arrivals: [{ delayNs: 10n * MS }] }));
    const series = rig.engine.addSeries(specOf(4, 1));
    rig.engine.tick(64);
    rig.run(100, 10);

    assert.is(rig.engine.state(series).quality.mixed, 1);
  });

  test('ends with whole rounds: what is out counts as discarded', () => {
    const rig = openRig(silence);
    const series = rig.engine.addSeries(specOf(4, 1, { intervalMs: 500 }));
    rig.run(5600, 10);

    rig.engine.finish();

    const round = rig.engine.takeRounds()[0];
    const { sent, lost, discarded } = rig.engine.state(series);
    assert.equal([round?.sent, round?.lost, round?.discarded], [sent, lost, discarded]);
    assert.is(sent, lost + discarded);
    assert.ok(lost > 0 && discarded > 0);
    assert.is(rig.hot.call.inflightCount(), 0);
    rig.engine.close();
  });

  test('has a figure for each reason, table and bound', () => {
    const rig = openRig(silence);
    rig.engine.tick(64);
    rig.engine.tick(64);

    const figures = rig.engine.figures();
    assert.is(figures.ticks, 2);
    assert.equal(Object.keys(figures.alien), [...ALIEN_REASONS]);
    assert.equal(Object.keys(figures.drops), [...DROP_TABLES]);
    assert.is(figures.lateness.counts.length, LATENESS_BOUNDS.length + 1);
    assert.is(figures.overflows, 0);
    rig.hot.view.setUint32(rig.hot.layout.CONTROL + 24, 77, true);
    assert.is(rig.engine.figures().overflows, 77);
  });

  test('says whether the clock is disciplined', () => {
    const rig = openRig(silence);
    rig.engine.tick(64);
    assert.ok(rig.engine.isClockSynced());
    rig.transport.isSynced = false;
    rig.engine.tick(64);

    assert.not(rig.engine.isClockSynced());
  });

  test('chooses key and identifiers by chance when it is not told them', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 4; i++) {
      let sent: SentPacket | undefined;
      let hot: Hot | undefined;
      const engine = new Engine({
        openTransport: (request) => {
          hot = request.hot;
          assert.is(request.identifier % 16, 0);
          assert.ok(request.identifier > 0);
          return new FakeTransport(request.hot, new FakeClock(), (packet) => {
            sent = packet;
            return silence();
          });
        },
        roundMs: 30_000,
        timeoutMs: 5000,
        jitter: 0.05,
        packetsPerSecond: 1,
      });
      engine.addSeries(specOf(4, 1));
      for (let n = 0; n < 2; n++) engine.send(engine.hot.call.flood(1));
      const key = hot?.bytes.slice(hot.layout.COOKIE_KEY, hot.layout.COOKIE_KEY + 16) ?? [];
      seen.add(Array.from(key).join());
      assert.ok(sent !== undefined);
    }
    assert.is(seen.size, 4);
  });
});
