import * as assert from 'uvu/assert';
import { EVENTS_MAX, LOG_MAX } from '../../src/engine/limits.ts';
import { answerAfter, openRig, silence, specOf } from '../fake/rig.ts';
import { suite } from '../helper.ts';

suite('wasm/ring', ({ test }) => {
  test('drops and counts log lines that nobody reads, and keeps the older ones', () => {
    const rig = openRig(answerAfter(1), { packetsPerSecond: 1000 });
    rig.hot.call.setLogging(1);
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 10, phaseMs: 10 }));
    rig.run((LOG_MAX + 100) * 10 + 10, 10);

    const lines = rig.engine.takeLog(LOG_MAX + 1);
    assert.is(lines.length, LOG_MAX);
    assert.ok(lines.every(({ kind, attempt }, i) => kind === 'reply' && attempt === i));
    assert.is(rig.engine.figures().drops['log'], 100);
    rig.run(30, 10);
    assert.is(rig.engine.takeLog().length, 3);
  });

  test('logs nothing unless it is told to', () => {
    const rig = openRig(answerAfter(1));
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 10 }));
    rig.run(1000);

    assert.is(rig.engine.takeLog().length, 0);
    assert.is(rig.engine.figures().drops['log'], 0);
  });

  test('drops and counts events that nobody reads', () => {
    const rig = openRig(silence);
    for (let i = 0; i < EVENTS_MAX + 7; i++) {
      rig.clock.step(i % 2 === 0 ? 3_000_000_000n : -3_000_000_000n);
      rig.clock.advanceMs(1);
      rig.engine.tick(64);
    }

    assert.is(rig.engine.takeEvents(EVENTS_MAX + 1).length, EVENTS_MAX);
    assert.is(rig.engine.figures().drops['events'], 7);
    assert.is(rig.engine.figures().clockSteps, EVENTS_MAX + 7);
  });

  test('goes on when its counts pass the end of 32 bits', () => {
    const rig = openRig(answerAfter(1), { roundMs: 1000, timeoutMs: 500 });
    rig.hot.call.setLogging(1);
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 100 }));
    const rings = rig.hot.layout.RINGS / 4;
    for (const ring of [0, 2, 4]) {
      rig.hot.u32[rings + ring] = 0xffffffff;
      rig.hot.u32[rings + ring + 1] = 0xffffffff;
    }

    rig.clock.step(60_000_000_000n);
    rig.run(3600);

    const rounds = rig.engine.takeRounds();
    assert.equal(
      rounds.map(({ sequence }) => sequence),
      rounds.map((_, i) => i),
    );
    assert.ok(rounds.length >= 2);
    assert.is(rig.engine.takeEvents().length, 1);
    const attempts = rig.engine.takeLog().map(({ attempt }) => attempt);
    assert.equal(
      attempts,
      attempts.map((_, i) => i),
    );
    assert.ok(attempts.length > 30);
    assert.is(rig.engine.figures().drops['rounds'], 0);
  });
});
