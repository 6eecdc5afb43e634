import * as assert from 'uvu/assert';
import { LATENESS_BOUNDS } from '../../src/engine/engine.ts';
import { openRig, type Rig, silence, specOf } from '../fake/rig.ts';
import { suite } from '../helper.ts';

const START = 1_000_000_000_000n;

/** Sends since the start, ms. */
function sentMs(rig: Rig): number[] {
  return rig.transport.sent.map(({ sentMono }) => Number(sentMono - START) / 1e6);
}

suite('wasm/schedule', ({ test }) => {
  test('sends within five per cent of its grid, and never drifts from it', () => {
    const rig = openRig(silence, { jitter: 0.05, timeoutMs: 1000 });
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 1000, phaseMs: 500 }));

    rig.run(1_000_000, 1);

    const offsets = sentMs(rig).map((at, i) => at - (500 + i * 1000));
    assert.is(offsets.length, 1000);
    assert.ok(offsets.every((offset) => offset >= -50 && offset <= 51));
    assert.is(rig.engine.state(0).skipped, 0);
    // Uniform: each fifth of the range holds about a fifth of the sends (5 standard deviations).
    for (let part = 0; part < 5; part++) {
      const low = -50 + part * 20;
      const inside = offsets.filter((offset) => offset >= low && offset < low + 20).length;
      assert.ok(Math.abs(inside - 200) < 64, `${inside} of 1000 from ${low} ms`);
    }
  });

  test('jitters every send anew and every series on its own', () => {
    const rig = openRig(silence, { jitter: 0.05 });
    for (let i = 0; i < 8; i++) rig.engine.addSeries(specOf(4, i, { phaseMs: 100 }));

    rig.run(10_000, 1);

    const offsets = rig.transport.sent.map(({ destination, sentMono }) => {
      const ms = (Number(sentMono - START) / 1e6 - 100) % 1000;
      return `${destination[3]}: ${ms}`;
    });
    assert.is(offsets.length, 80);
    assert.ok(new Set(offsets).size > 50);
  });

  test('keeps a strict grid when jitter is off', () => {
    const rig = openRig(silence);
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 100, phaseMs: 30 }));

    rig.run(2000, 10);

    assert.equal(
      sentMs(rig),
      Array.from({ length: 20 }, (_, i) => 30 + i * 100),
    );
  });

  test('counts what it missed while it was blocked, and does not catch up', () => {
    const rig = openRig(silence);
    const series = rig.engine.addSeries(specOf(4, 1, { intervalMs: 100 }));
    rig.run(100);
    assert.is(rig.transport.sent.length, 2);

    rig.clock.advanceMs(3450);
    rig.engine.tick(64);
    rig.engine.tick(64);

    // Due at 200, …, 3500 ms: one leaves now, thirty-three never will.
    assert.is(rig.transport.sent.length, 3);
    assert.is(rig.engine.state(series).skipped, 33);
    assert.is(rig.engine.nextDueMs(), 50);
    rig.run(1000);
    assert.is(rig.transport.sent.length, 13);
    assert.is(rig.engine.state(series).skipped, 33);
  });

  test('puts what was skipped into the round in which it noticed', () => {
    const rig = openRig(silence, { roundMs: 10_000, timeoutMs: 1000 });
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 1000 }));
    rig.run(5000, 100);
    rig.clock.advanceMs(6100);
    rig.engine.tick(64);
    rig.run(22_000, 100);

    const rounds = rig.engine.takeRounds();

    const counts = rounds.map(({ sent, skipped }) => [sent, skipped]);
    assert.equal(counts, [
      [6, 0],
      [9, 5],
      [10, 0],
    ]);
  });

  test('sends no more than it is told to in one tick, and the rest in the next ones', () => {
    const rig = openRig(silence);
    for (let i = 0; i < 10; i++) rig.engine.addSeries(specOf(4, i));

    assert.is(rig.engine.tick(4), 4);
    assert.is(rig.engine.tick(4), 4);
    assert.is(rig.engine.tick(4), 2);
    assert.is(rig.engine.tick(4), 0);

    assert.is(new Set(rig.transport.sent.map((packet) => packet.destination[3])).size, 10);
  });

  test('sorts the lateness of sends into its bounds', () => {
    const rig = openRig(silence);
    const late = [0, 0.5, 1, 1.5, 2, 4, 5, 9, 19, 49, 99, 199, 499, 999, 1000, 1001, 5000];
    late.forEach((ms, i) => {
      const spec = specOf(4, i, { phaseMs: 6000 - ms, intervalMs: 100_000 });
      rig.engine.addSeries(spec);
    });

    rig.clock.advanceMs(6000);
    rig.engine.tick(64);

    const { bounds, counts, sumSeconds } = rig.engine.figures().lateness;
    const expected = new Array<number>(bounds.length + 1).fill(0);
    for (const ms of late) {
      const found = LATENESS_BOUNDS.findIndex((bound) => ms / 1000 <= bound);
      const place = found < 0 ? bounds.length : found;
      expected[place] = (expected[place] ?? 0) + 1;
    }
    assert.equal(counts, expected);
    const sum = late.reduce((total, ms) => total + ms, 0) / 1000;
    assert.ok(Math.abs(sumSeconds - sum) < 1e-9);
  });

  test('floods all series in turn, whatever their schedule', () => {
    const rig = openRig(silence);
    for (let i = 0; i < 5; i++) rig.engine.addSeries(specOf(4, i, { phaseMs: 1e6 }));
    rig.engine.stopSeries(2);
    rig.engine.tick(64);

    for (const n of [7, 9]) {
      const built = rig.hot.call.flood(n);
      rig.engine.send(built);
      assert.is(built, n);
    }

    const hosts = rig.transport.sent.map((packet) => packet.destination[3]);
    assert.equal(hosts, [0, 1, 3, 4, 0, 1, 3, 4, 0, 1, 3, 4, 0, 1, 3, 4]);
  });
});
