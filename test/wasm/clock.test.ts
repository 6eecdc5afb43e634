import * as assert from 'uvu/assert';
import { openRig, type Rig, silence, specOf } from '../fake/rig.ts';
import { suite } from '../helper.ts';

const MS = 1_000_000n;

/** One echo to one host, answered after `delayMs`; the stamps are the kernel's. */
function openOne(delayMs: number, part: Parameters<typeof openRig>[1] = {}): Rig {
  const delayNs = BigInt(Math.round(delayMs * 1e6));
  const rig = openRig(() => ({ arrivals: [{ delayNs }] }), part);
  rig.engine.addSeries(specOf(4, 1, { intervalMs: 3_600_000 }));
  return rig;
}

function rttNs(rig: Rig): number {
  return Math.round(rig.engine.state(0).rttSumSeconds * 1e9);
}

suite('wasm/clock', ({ test }) => {
  test('measures true time while NTP slews, at any rate and however late it reads', () => {
    for (const ppm of [-500, -37, 0, 100, 499, 500]) {
      for (const readMs of [101, 150, 900, 4000]) {
        const rig = openOne(100);
        rig.clock.slew(ppm);
        rig.clock.advanceMs(50);
        rig.engine.tick(64);
        rig.clock.advanceMs(readMs);
        rig.engine.tick(64);

        const { received, discarded } = rig.engine.state(0);
        assert.equal([received, discarded], [1, 0], `${ppm} ppm, read after ${readMs} ms`);
        // Linear interpolation leaves the square of the rate: 25 ns of 100 ms at 500 ppm.
        assert.ok(Math.abs(rttNs(rig) - 100_000_000) <= 26, `${ppm} ppm: ${rttNs(rig)} ns`);
        assert.is(rig.engine.figures().clockSteps, 0);
      }
    }
  });

  test('discards a sample whose life holds a step, in either direction and of any size', () => {
    for (const step of [
      200_000n,
      -200_000n,
      40n * MS,
      -40n * MS,
      3_600_000n * MS,
      -86_400_000n * MS,
    ]) {
      const rig = openOne(30);
      rig.engine.tick(64);
      rig.clock.advanceMs(10);
      rig.engine.tick(64);
      rig.clock.step(step);
      rig.clock.advanceMs(10);
      rig.engine.tick(64);
      rig.clock.advanceMs(20);
      rig.engine.tick(64);

      const { sent, received, discarded, lost } = rig.engine.state(0);
      assert.equal([sent, received, discarded, lost], [1, 0, 1, 0], `${step} ns`);
      assert.is(rig.engine.figures().clockSteps, 1);
      const events = rig.engine.takeEvents();
      assert.is(events.length, 1);
      assert.is(events[0]?.kind, 'clock-step');
      const seen = events[0]?.kind === 'clock-step' ? events[0].stepNs : 0;
      assert.is(seen, Number(step));
    }
  });

  test('takes a movement of less than 100 µs for noise, of more for a step', () => {
    for (const [size, steps] of [
      [99_000n, 0],
      [-99_000n, 0],
      [102_000n, 1],
      [-102_000n, 1],
    ] as const) {
      const rig = openOne(30);
      rig.engine.tick(64);
      rig.clock.step(size);
      rig.clock.advanceMs(1);
      rig.engine.tick(64);

      assert.is(rig.engine.figures().clockSteps, steps, `${size} ns`);
    }
  });

  test('keeps what was sent after the step was seen, and what was answered before it', () => {
    const rig = openRig(() => ({ arrivals: [{ delayNs: 3n * MS }] }));
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 10 }));
    rig.engine.tick(64);
    rig.clock.advanceMs(5);
    rig.engine.tick(64);
    rig.clock.step(500n * MS);
    rig.clock.advanceMs(5);
    // Sees the step, then sends.
    rig.engine.tick(64);
    rig.clock.advanceMs(5);
    rig.engine.tick(64);

    const { sent, received, discarded } = rig.engine.state(0);
    assert.equal([sent, received, discarded], [2, 2, 0]);
    assert.is(rttNs(rig), 6_000_000);
  });

  test('loses what is not answered, by raw time, whatever the clock shows', () => {
    for (const step of [-3_600_000n * MS, 3_600_000n * MS]) {
      const rig = openRig(silence, { timeoutMs: 1000 });
      rig.engine.addSeries(specOf(4, 1, { intervalMs: 3_600_000 }));
      rig.engine.tick(64);
      rig.clock.advanceMs(10);
      rig.clock.step(step);
      rig.engine.tick(64);
      rig.clock.advanceMs(1009);
      rig.engine.tick(64);
      assert.is(rig.engine.state(0).lost, 0);
      rig.clock.advanceMs(1);
      rig.engine.tick(64);
      assert.is(rig.engine.state(0).lost, 1);
    }
  });

  test('tells how late a late reply is without a clock that stepped meanwhile', () => {
    for (const step of [-3_600_000n * MS, 3_600_000n * MS]) {
      const rig = openOne(2000, { timeoutMs: 1000 });
      rig.hot.call.setLogging(1);
      rig.engine.tick(64);
      rig.clock.advanceMs(1500);
      rig.engine.tick(64);
      rig.clock.step(step);
      rig.clock.advanceMs(500);
      rig.engine.tick(64);

      const { lost, late } = rig.engine.state(0);
      assert.equal([lost, late], [1, 1], `${step} ns`);
      const line = rig.engine.takeLog().find(({ kind }) => kind === 'late');
      assert.is(line?.rttNs, 2_000_000_000);
    }
  });

  test('begins a new round where the wall clock goes, and numbers them in order', () => {
    const rig = openRig(() => ({ arrivals: [{ delayNs: MS }] }), {
      roundMs: 10_000,
      timeoutMs: 1000,
    });
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 100 }));
    rig.run(3000);
    rig.clock.step(-60_000n * MS);
    rig.run(3000);
    rig.clock.step(3_600_000n * MS);
    rig.run(3000);
    rig.engine.finish();

    const rounds = rig.engine.takeRounds();
    const from = rounds[0]?.fromMs ?? 0;
    assert.equal(
      rounds.map((round) => [round.sequence, round.fromMs - from, round.untilMs - round.fromMs]),
      [
        [0, 0, 10_000],
        [1, -60_000, 10_000],
        [2, 3_540_000, 10_000],
      ],
    );
    for (const round of rounds) {
      assert.is(round.sent, round.received + round.lost + round.discarded);
    }
  });

  test('closes a round that a jumping clock cuts short without losing count of it', () => {
    const rig = openRig(() => ({ arrivals: [{ delayNs: 400n * MS }] }));
    const series = rig.engine.addSeries(specOf(4, 1, { intervalMs: 50 }));
    for (let i = 0; i < 10; i++) {
      rig.run(100);
      rig.clock.step(60_000n * MS);
    }
    const early = rig.engine.takeRounds();
    assert.ok(early.length >= 6, 'closed before its probes could come back');
    rig.run(10_000);
    rig.engine.finish();

    const rounds = [...early, ...rig.engine.takeRounds()];
    for (const round of rounds) {
      assert.is(round.sent, round.received + round.lost + round.discarded, `${round.sequence}`);
    }
    assert.equal(
      rounds.map((round) => round.sequence),
      rounds.map((_, i) => i),
    );
    const sent = rounds.reduce((sum, round) => sum + round.sent, 0);
    assert.is(sent, rig.engine.state(series).sent);
    const discarded = rounds.reduce((sum, round) => sum + round.discarded, 0);
    assert.is(discarded, rig.engine.state(series).discarded);
  });

  test('does not believe a reading of the clocks that was interrupted', () => {
    const rig = openOne(10);
    rig.engine.tick(64);
    rig.clock.advanceMs(20);
    rig.transport.anchorWidthNs = 80_000n;
    rig.transport.anchorErrorNs = 60_000n;
    rig.engine.tick(64);

    assert.is(rttNs(rig), 10_000_000);
    assert.is(rig.engine.figures().clockSteps, 0);
  });

  test('sees a step through wide readings too', () => {
    const rig = openOne(10);
    rig.engine.tick(64);
    rig.transport.anchorWidthNs = 80_000n;
    rig.clock.step(10n * MS);
    rig.clock.advanceMs(20);
    rig.engine.tick(64);

    assert.is(rig.engine.state(0).discarded, 1);
    assert.is(rig.engine.figures().clockSteps, 1);
  });

  test('follows a slew although all readings are wide', () => {
    const rig = openRig(() => ({ arrivals: [{ delayNs: 100n * MS }] }));
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 1000 }));
    rig.transport.anchorWidthNs = 20_000n;
    rig.clock.slew(500);
    rig.run(60_000, 20);

    assert.is(rig.engine.figures().clockSteps, 0);
    const { received, discarded } = rig.engine.state(0);
    assert.is(discarded, 0);
    const mean = rttNs(rig) / received;
    // 100 ms at 500 ppm are off by 50 µs at most, the wall clock by 10 s of them.
    assert.ok(Math.abs(mean - 1e8) <= 50_100, `${mean}`);
    const behindMs = Number(rig.clock.realNow()) / 1e6 - rig.hot.call.nowMs();
    assert.ok(Math.abs(behindMs) <= 5.1, `${behindMs} ms`);
  });

  test('stops when the raw clock runs backwards: nothing could be trusted', () => {
    const rig = openOne(10);
    rig.clock.advanceMs(10);
    rig.engine.tick(64);
    rig.clock.monoNs -= 1n;

    assert.throws(() => rig.engine.tick(64), /unreachable/);
  });

  test('marks a round in which the clock was not synced at some time', () => {
    const rig = openRig(silence, { roundMs: 10_000, timeoutMs: 1000 });
    rig.engine.addSeries(specOf(4, 1));
    rig.run(12_000, 100);
    rig.transport.isSynced = false;
    rig.run(1000, 100);
    rig.transport.isSynced = true;
    rig.run(20_000, 100);

    const isSynced = rig.engine.takeRounds().map((round) => round.isSynced);
    assert.equal(isSynced, [true, false, true]);
  });
});
