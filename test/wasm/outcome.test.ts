import * as assert from 'uvu/assert';
import type { EngineEvent } from '../../src/engine/readers.ts';
import { openRig, type Rig, specOf } from '../fake/rig.ts';
import { suite } from '../helper.ts';

const MS = 1_000_000n;
const START_MS = 1_795_305_600_000;

/** One series each `intervalMs`; the n-th probe is lost where `fate[n]` is `x`, else answered. */
function openFate(fate: string, intervalMs = 1000, delayNs = 20n * MS): Rig {
  let n = 0;
  const rig = openRig(
    () => ({ arrivals: (fate[n++] ?? '.') === 'x' ? [] : [{ delayNs: delayNs + BigInt(n) }] }),
    { packetsPerSecond: 200 },
  );
  rig.engine.addSeries(specOf(4, 1, { intervalMs }));
  rig.engine.tick(64);
  return rig;
}

interface Told {
  kind: string;
  fromMs: number;
  untilMs: number;
  lost: number;
}

/** Outage events, times in ms since the start. */
function told(events: EngineEvent[]): Told[] {
  return events.flatMap((event) => {
    if (event.kind === 'clock-step') return [];
    const untilMs = event.kind === 'outage-closed' ? event.untilMs - START_MS : -1;
    return [{ kind: event.kind, fromMs: event.fromMs - START_MS, untilMs, lost: event.lost }];
  });
}

/** Runs until everything is known and returns what was told of outages. */
function tell(rig: Rig, ms: number): Told[] {
  rig.run(ms, 10);
  return told(rig.engine.takeEvents());
}

suite('wasm/outcome', ({ test }) => {
  test('has an outage from the first lost send to the first answered one', () => {
    const rig = openFate('..xxxxxxx....');

    assert.equal(tell(rig, 20_000), [
      { kind: 'outage-open', fromMs: 2000, untilMs: -1, lost: 6 },
      { kind: 'outage-closed', fromMs: 2000, untilMs: 9000, lost: 7 },
    ]);
    assert.equal(rig.engine.state(0).outages, { open: false, total: 1, seconds: 7 });
  });

  test('needs five probes, however long they take', () => {
    assert.equal(tell(openFate('.xxxx...', 10_000), 100_000), []);
    const five = tell(openFate('.xxxxx...', 10_000), 100_000);
    assert.equal(
      five.map(({ kind, lost }) => [kind, lost]),
      [
        ['outage-open', 5],
        ['outage-closed', 5],
      ],
    );
  });

  test('needs five seconds, however many probes they hold', () => {
    // 0.1 s apart: from the first lost send at 100 ms to the first answer.
    const lost = (n: number): string => `.${'x'.repeat(n)}`;
    assert.equal(tell(openFate(lost(49), 100), 15_000), []);
    const fifty = tell(openFate(lost(50), 100), 15_000);
    assert.equal(fifty, [
      { kind: 'outage-open', fromMs: 100, untilMs: -1, lost: 50 },
      { kind: 'outage-closed', fromMs: 100, untilMs: 5100, lost: 50 },
    ]);
  });

  test('lets five lost seconds be an outage when the sixth probe is answered', () => {
    assert.equal(tell(openFate('xxxxx.'), 12_000), [
      { kind: 'outage-open', fromMs: 0, untilMs: -1, lost: 5 },
      { kind: 'outage-closed', fromMs: 0, untilMs: 5000, lost: 5 },
    ]);
    assert.equal(tell(openFate('xxxx.xxxx.'), 20_000), []);
  });

  test('tells of an open outage while it lasts, once', () => {
    const rig = openFate('x'.repeat(1000));

    const early = tell(rig, 10_900);
    const later = tell(rig, 30_000);

    assert.equal(early, [{ kind: 'outage-open', fromMs: 0, untilMs: -1, lost: 6 }]);
    assert.equal(later, []);
    assert.equal(rig.engine.state(0).outages, { open: true, total: 1, seconds: 0 });
  });

  test('counts two outages with an answer between as two', () => {
    const rig = openFate(`${'x'.repeat(6)}.${'x'.repeat(6)}.`);

    const events = tell(rig, 30_000);

    assert.equal(
      events.map(({ kind, fromMs }) => [kind, fromMs]),
      [
        ['outage-open', 0],
        ['outage-closed', 0],
        ['outage-open', 7000],
        ['outage-closed', 7000],
      ],
    );
    assert.equal(rig.engine.state(0).outages, { open: false, total: 2, seconds: 12 });
  });

  test('does not let a late reply end an outage', () => {
    const rig = openFate('', 1000, 6000n * MS);

    const events = tell(rig, 20_000);

    assert.is(rig.engine.state(0).received, 0);
    assert.ok(rig.engine.state(0).late > 5);
    assert.equal(
      events.map(({ kind }) => kind),
      ['outage-open'],
    );
  });

  test('lets an answer that cannot be timed end an outage', () => {
    const rig = openFate('xxxxxxx...');
    rig.run(7005, 5);
    rig.clock.step(3_600_000n * MS);
    const events = tell(rig, 10_000);

    assert.is(rig.engine.state(0).discarded, 1);
    assert.equal(
      events.map(({ kind, lost, untilMs }) => [kind, lost, untilMs]),
      [
        ['outage-open', 6, -1],
        ['outage-closed', 7, 7000],
      ],
    );
  });

  test('goes on with an outage of an earlier life', () => {
    const rig = openFate('xx....');
    rig.engine.seedOutage(0, START_MS - 60_000, 61);
    assert.ok(rig.engine.state(0).outages.open);

    const events = tell(rig, 12_000);

    assert.equal(events, [{ kind: 'outage-closed', fromMs: -60_000, untilMs: 2000, lost: 63 }]);
    assert.equal(rig.engine.state(0).outages, { open: false, total: 0, seconds: 62 });
  });

  test('goes on with an outage that is older than this boot', () => {
    const rig = openFate('');
    // The raw clock began 1000 s ago, the outage a day ago.
    rig.engine.seedOutage(0, START_MS - 86_400_000, 5);

    const events = tell(rig, 1000);

    assert.equal(events, [{ kind: 'outage-closed', fromMs: -86_400_000, untilMs: 0, lost: 5 }]);
    assert.ok(Math.abs(rig.engine.state(0).outages.seconds - 86_400) < 1e-6);
  });

  test('tells nothing of what was out when it ended', () => {
    const rig = openFate('xxxx');
    rig.run(3500);
    rig.engine.finish();

    assert.equal(told(rig.engine.takeEvents()), []);
    const round = rig.engine.takeRounds()[0];
    assert.equal([round?.sent, round?.lost, round?.discarded], [4, 0, 4]);
    assert.is(round?.lossBurstMax, 0);
  });

  test('measures bursts and pairs in the order of sending, whatever comes back first', () => {
    // Answers take so long that the later ones overtake: 900, 800, … ms, 100 ms apart.
    let n = 0;
    const rig = openRig(() => {
      const i = n++;
      const isLost = [3, 4, 5, 8].includes(i);
      return { arrivals: isLost ? [] : [{ delayNs: BigInt(1500 - i * 110) * MS }] };
    });
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 100 }));
    rig.engine.tick(64);
    rig.run(900, 100);
    rig.engine.stopSeries(0);
    rig.run(40_000, 100);

    const round = rig.engine.takeRounds()[0];
    assert.equal([round?.sent, round?.received, round?.lost], [10, 6, 4]);
    assert.is(round?.lossBurstMax, 3);
    // Pairs (0, 1), (1, 2), (6, 7): each 110 ms apart.
    assert.is(round?.jitterNs, 110e6);
    assert.is(round?.reordered, 5);
  });

  test('begins a burst anew in a new round, and gives a pair to that of its later send', () => {
    let n = 0;
    const rig = openRig(
      () => {
        const i = n++;
        const isLost = i >= 3 && i < 7;
        return { arrivals: isLost ? [] : [{ delayNs: BigInt(10 + i) * MS }] };
      },
      { roundMs: 5000, timeoutMs: 1000 },
    );
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 1000 }));
    rig.engine.tick(64);
    rig.run(17_000, 100);

    const rounds = rig.engine.takeRounds();
    assert.equal(
      rounds.map(({ lossBurstMax, jitterNs }) => [lossBurstMax, jitterNs]),
      [
        [2, 1e6],
        [2, 1e6],
        [0, 1e6],
      ],
    );
  });
});
