import * as assert from 'uvu/assert';
import { QUALITIES, SEND_ERROR_REASONS } from '../../src/core/round.ts';
import { loadHot } from '../../src/engine/hot.ts';
import { CLOSED_MAX } from '../../src/engine/limits.ts';
import { familyOf, takeEvents, takeLog, takeRounds } from '../../src/engine/readers.ts';
import { addressOf, answerAfter, openRig, silence, specOf } from '../fake/rig.ts';
import { suite } from '../helper.ts';

const RING_CLOSED = 0;

suite('engine/readers', ({ test }) => {
  test('puts every number of a closed round where it belongs', () => {
    const hot = loadHot();
    const { CLOSED, RINGS } = hot.layout;
    // series, sequence, from, until, flags, then the rest in the order of wasm/round.ts
    const numbers = [3, 8, 1000, 2000, 2, ...Array.from({ length: 33 }, (_, i) => 100 + i)];
    numbers[34] = 1;
    hot.f64.set(numbers, CLOSED / 8);
    hot.u32[RINGS / 4 + RING_CLOSED] = 1;

    const [round] = takeRounds(hot, 10);

    const errors = SEND_ERROR_REASONS.map((reason, i) => [reason, 108 + i]);
    const quality = QUALITIES.map((name, i) => [name, 115 + i]);
    assert.equal(round, {
      series: 3,
      sequence: 8,
      fromMs: 1000,
      untilMs: 2000,
      isSynced: true,
      isLoaded: true,
      sent: 100,
      received: 101,
      lost: 102,
      discarded: 103,
      late: 104,
      duplicates: 105,
      reordered: 106,
      skipped: 107,
      sendErrors: Object.fromEntries(errors),
      quality: Object.fromEntries(quality),
      lossBurstMax: 119,
      figures: [120, 121, 122, 123, 124, 125, 126, 127, 128],
      isExact: true,
      jitterNs: 130,
      jitterRfc3550Ns: 131,
      localQueueNs: 132,
    });
  });

  test('has null where there is no figure, and no reason that did not occur', () => {
    const rig = openRig(silence, { roundMs: 5000, timeoutMs: 1000 });
    rig.engine.addSeries(specOf(4, 1));
    rig.run(7000, 100);

    const round = rig.engine.takeRounds()[0];

    assert.is(round?.figures, null);
    assert.equal(round?.sendErrors, {});
    const { jitterNs, jitterRfc3550Ns, localQueueNs } = round ?? {};
    assert.equal([jitterNs, jitterRfc3550Ns, localQueueNs], [null, null, null]);
  });

  test('hands out as many as were asked for, each once and in order', () => {
    const rig = openRig(answerAfter(1), { roundMs: 2000, timeoutMs: 1000 });
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 500 }));
    rig.run(30_000, 100);

    const first = takeRounds(rig.hot, 3).map(({ sequence }) => sequence);
    const none = takeRounds(rig.hot, 0);
    const rest = takeRounds(rig.hot, 1000).map(({ sequence }) => sequence);

    assert.equal(first, [0, 1, 2]);
    assert.equal(none, []);
    assert.equal(
      rest,
      rest.map((_, i) => i + 3),
    );
    assert.is(rest.length, 11);
    assert.equal(takeRounds(rig.hot, 1000), []);
  });

  test('reads round the end of the ring', () => {
    const rig = openRig(answerAfter(1), { roundMs: 2000, timeoutMs: 1000 });
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 500 }));
    const ring = rig.hot.layout.RINGS / 4 + RING_CLOSED;
    rig.hot.u32[ring] = CLOSED_MAX - 3;
    rig.hot.u32[ring + 1] = CLOSED_MAX - 3;
    rig.run(20_000, 100);

    const sequences = rig.engine.takeRounds().map(({ sequence }) => sequence);

    assert.equal(sequences, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('tells outages and clock steps apart', () => {
    const rig = openRig(silence);
    rig.engine.addSeries(specOf(6, 5));
    rig.engine.tick(64);
    rig.run(12_000, 100);
    rig.clock.step(90_000_000_000n);
    rig.run(100, 100);

    const events = takeEvents(rig.hot, 10);

    assert.equal(
      events.map(({ kind }) => kind),
      ['outage-open', 'clock-step'],
    );
    const [outage, step] = events;
    assert.ok(outage?.kind === 'outage-open' && outage.series === 0 && outage.lost === 6);
    assert.ok(step?.kind === 'clock-step' && step.stepNs === 90e9);
    assert.ok(step?.kind === 'clock-step' && Math.abs(step.atMs - rig.hot.call.nowMs()) < 200);
  });

  test('has a line for each fate, with who answered', () => {
    const rig = openRig(() => ({ arrivals: [{ delayNs: 3_000_000n, ttl: 44 }] }));
    rig.hot.call.setLogging(1);
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 100 }));
    rig.engine.addSeries(specOf(6, 2, { intervalMs: 100 }));
    rig.engine.tick(64);
    rig.clock.advanceMs(5);
    rig.engine.tick(64);

    const lines = takeLog(rig.hot, 10);

    assert.is(lines.length, 2);
    for (const line of lines) {
      const { kind, attempt, rttNs, quality, ttl, info } = line;
      assert.equal([kind, attempt, rttNs, info], ['reply', 0, 3_000_000, 0]);
      assert.equal([quality, ttl], ['kernel', 44]);
      assert.is(line.sentMs, 1_795_305_600_000);
      const family = line.series === 0 ? 4 : 6;
      assert.equal(line.address, addressOf(family, line.series + 1));
    }
  });

  test('knows the name of a family by its number', () => {
    assert.is(familyOf(4), 'v4');
    assert.is(familyOf(6), 'v6');
  });
});
