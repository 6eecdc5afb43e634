import * as assert from 'uvu/assert';
import type { ClosedRound } from '../../src/engine/readers.ts';
import { createRandom } from '../fake/random.ts';
import { answerAfter, openRig, type Rig, silence, specOf } from '../fake/rig.ts';
import { nearestRank } from '../fake/twin-round.ts';
import { suite } from '../helper.ts';

const MS = 1_000_000n;

/** One series; the n-th probe is answered after `delayNs(n)`, or never. */
function openScripted(
  delayNs: (n: number) => number | null,
  part: Parameters<typeof openRig>[1] = {},
  intervalMs = 1000,
): Rig {
  let n = 0;
  const rig = openRig(() => {
    const delay = delayNs(n++);
    return { arrivals: delay === null ? [] : [{ delayNs: BigInt(delay) }] };
  }, part);
  rig.engine.addSeries(specOf(4, 1, { intervalMs }));
  return rig;
}

function only(rounds: ClosedRound[]): ClosedRound {
  assert.is(rounds.length, 1);
  return rounds[0] as ClosedRound;
}

suite('wasm/round', ({ test }) => {
  test('has exact figures of as many samples as it keeps', () => {
    const random = createRandom(7);
    const few = Array.from({ length: 80 }, (_, i) => i + 1);
    for (const size of [...few, 90, 110, 127, 128, 132, 133, 255, 300, 301, 302, 410, 511, 512]) {
      const delays = Array.from({ length: size }, () => random.between(1000, 200_000_000));
      const rig = openScripted((n) => delays[n] ?? null, { timeoutMs: 1000 }, 10);
      rig.run(size * 10, 10);
      rig.engine.stopSeries(0);
      rig.run(1200, 200);
      rig.engine.finish();

      const round = only(rig.engine.takeRounds());
      assert.is(round.received, size);
      const kept = delays.toSorted((a, b) => a - b);
      const [min, p10, p25, median, p75, p90, max] = round.figures ?? [];
      assert.equal(
        [min, p10, p25, median, p75, p90, max],
        [0, 10, 25, 50, 75, 90, 100].map((percent) => nearestRank(kept, percent)),
        `${size} samples`,
      );
      assert.ok(round.isExact);
    }
  });

  test('has mean and deviation without cancelling, also of close values far from zero', () => {
    const delays = [4_000_000_001, 4_000_000_002, 4_000_000_003];
    const rig = openScripted((n) => delays[n] ?? null, {}, 100);
    rig.run(5000, 100);
    rig.engine.stopSeries(0);
    rig.run(6000, 100);
    rig.engine.finish();

    const figures = only(rig.engine.takeRounds()).figures ?? [];
    assert.is(figures[7], 4_000_000_002);
    assert.ok(Math.abs((figures[8] ?? 0) - 1) < 1e-6);
  });

  test('has no deviation of one sample, no jitter without a pair, nothing of no sample', () => {
    const one = openScripted((n) => (n === 0 ? 5000 : null), { roundMs: 5000, timeoutMs: 1000 });
    one.run(15_000, 100);

    const [first, second] = one.engine.takeRounds();
    assert.is(first?.figures?.[8], 0);
    assert.is(first?.jitterNs, null);
    assert.is(first?.jitterRfc3550Ns, null);
    assert.is(second?.figures, null);
    assert.is(second?.lost, 5);
    assert.ok(second?.isExact);
  });

  test('keeps 512 of many samples, says so, and still has mean, least and largest of all', () => {
    const random = createRandom(9);
    const delays = Array.from({ length: 2400 }, () => random.between(100_000, 900_000));
    const rig = openScripted((n) => delays[n] ?? 500_000, { packetsPerSecond: 200 }, 10);
    rig.run(29_990, 10);
    rig.run(6000, 10);

    const round = only(rig.engine.takeRounds());
    const all = Array.from({ length: round.received }, (_, n) => delays[n] ?? 500_000);
    assert.ok(round.received > 2900);
    assert.not(round.isExact);
    const [min, , , median, , , max, mean] = round.figures ?? [];
    assert.is(min, Math.min(...all));
    assert.is(max, Math.max(...all));
    const exact = all.reduce((sum, value) => sum + value, 0) / all.length;
    assert.ok(Math.abs((mean ?? 0) - exact) < 1e-3);
    assert.ok(Math.abs((median ?? 0) - 500_000) < 90_000, `${median}`);
  });

  test('draws its sample from the whole round alike', () => {
    // The later an answer, the longer it takes: quantiles tell which part of the round was kept.
    const rig = openScripted((n) => 1000 * (n + 1), { packetsPerSecond: 200 }, 10);
    rig.run(36_000, 10);

    const round = only(rig.engine.takeRounds());
    const [, p10, p25, median, p75, p90] = round.figures ?? [];
    const n = round.received * 1000;
    for (const [value, share] of [
      [p10, 0.1],
      [p25, 0.25],
      [median, 0.5],
      [p75, 0.75],
      [p90, 0.9],
    ] as const) {
      // Five standard errors of a rank among 512.
      const off = 5 * Math.sqrt((share * (1 - share)) / 512);
      assert.ok(Math.abs((value ?? 0) / n - share) < off, `${value} of ${n} at ${share}`);
    }
  });

  test('holds a sample in the round in which it was sent', () => {
    const rig = openScripted(() => 3_000_000_000, { roundMs: 10_000 });
    rig.run(34_000, 100);

    const rounds = rig.engine.takeRounds();
    assert.equal(
      rounds.map(({ sent, received }) => [sent, received]),
      [
        [10, 10],
        [10, 10],
      ],
    );
    assert.equal(
      rounds.map(({ fromMs, untilMs }) => [fromMs % 10_000, untilMs - fromMs]),
      [
        [0, 10_000],
        [0, 10_000],
      ],
    );
  });

  test('closes at its end and the timeout, and never changes afterwards', () => {
    const rig = openScripted((n) => (n === 0 ? 14_500_000_000 : 6_000_000_000), {
      roundMs: 10_000,
    });
    rig.run(15_040, 10);
    assert.is(rig.engine.takeRounds().length, 0);
    rig.run(20, 10);

    const round = only(rig.engine.takeRounds());
    // Of ten, the first came while the round was open and all others too; none in time.
    assert.equal([round.sent, round.received, round.lost, round.late], [10, 0, 10, 10]);
    const late = rig.engine.state(0).late;
    rig.run(5000, 10);
    assert.ok(rig.engine.state(0).late > late);
    assert.is(rig.engine.takeRounds().length, 0);
  });

  test('counts a reply after the close in the counters alone, and none after 30 s more', () => {
    const delays = [15_100_000_000, 34_900_000_000, 35_100_000_000];
    const rig = openScripted((n) => delays[n] ?? null, { roundMs: 10_000 });
    rig.run(60_000, 100);

    const first = rig.engine.takeRounds()[0];
    assert.equal([first?.late, first?.lost], [0, 10]);
    assert.is(rig.engine.state(0).late, 2);
    assert.is(rig.engine.figures().alien['stale'], 1);
  });

  test('closes more series than one wake-up handles over several, in order', () => {
    const rig = openRig(answerAfter(1), { roundMs: 5000, timeoutMs: 1000, packetsPerSecond: 300 });
    for (let i = 0; i < 300; i++) rig.engine.addSeries(specOf(4, i, { phaseMs: i }));
    for (let ms = 0; ms < 6000; ms += 10) {
      rig.clock.advanceMs(10);
      rig.engine.tick(64);
    }
    assert.is(rig.engine.takeRounds(1000).length, 0);
    const counts: number[] = [];
    const rounds: ClosedRound[] = [];
    for (let i = 0; i < 10; i++) {
      rig.clock.advanceMs(10);
      rig.engine.tick(64);
      const taken = rig.engine.takeRounds(1000);
      counts.push(taken.length);
      rounds.push(...taken);
      if (taken.length > 0 && rounds.length < 300) assert.is(rig.engine.nextExpiryMs(), 0);
    }

    assert.equal(
      counts.filter((n) => n > 0),
      [128, 128, 44],
    );
    assert.equal(
      rounds.map(({ series }) => series),
      Array.from({ length: 300 }, (_, i) => i),
    );
    for (const { sent, received, lost, discarded } of rounds) {
      assert.is(sent, received + lost + discarded);
    }
  });

  test('changes no round that is closed while those of other series wait for their turn', () => {
    // Late by as much as brings every reply between the first wake-up that closes and the second.
    const lateNs = 5_057_000_000n;
    const rig = openRig(() => ({ arrivals: [{ delayNs: lateNs }] }), {
      roundMs: 5000,
      packetsPerSecond: 300,
    });
    for (let i = 0; i < 300; i++)
      rig.engine.addSeries(specOf(4, i, { intervalMs: 1e6, phaseMs: 1 }));
    rig.clock.advanceMs(4995);
    while (rig.engine.tick(64) === 64);
    rig.clock.advanceMs(5);
    rig.engine.tick(0);
    for (const ms of [5049, 1, 5, 5, 5, 5]) {
      rig.clock.advanceMs(ms);
      rig.engine.tick(0);
    }

    const rounds = rig.engine.takeRounds(1000);
    assert.is(rounds.length, 300);
    const late = rounds.map((round) => round.late);
    assert.equal([late[0], late[127], late[128], late[299]], [0, 0, 1, 1]);
    const states = [0, 127, 128, 299].map((series) => rig.engine.state(series).late);
    assert.equal(states, [1, 1, 1, 1]);
    for (let i = 0; i < 300; i++) rig.engine.stopSeries(i);
    assert.ok(
      rounds.every(({ series }) => rig.engine.freeSeries(series)),
      'nothing was left open',
    );
  });

  test('drops and counts rounds that nobody reads, and numbers on', () => {
    const rig = openRig(silence, { roundMs: 1000, timeoutMs: 1000 });
    for (let i = 0; i < 512; i++) rig.engine.addSeries(specOf(4, i, { intervalMs: 1000 }));
    for (let i = 0; i < 24 * 20; i++) {
      rig.clock.advanceMs(50);
      while (rig.engine.tick(64) === 64);
    }

    const dropped = rig.engine.figures().drops['rounds'] ?? 0;
    assert.ok(dropped > 0);
    const rounds = rig.engine.takeRounds(10_000);
    assert.is(rounds.length, 8192);
    rig.engine.finish();
    const rest = rig.engine.takeRounds(10_000);
    const first = rest.find(({ series }) => series === 0);
    const missing = (first?.sequence ?? 0) - Math.floor(8192 / 512);
    assert.is(missing, Math.floor(dropped / 512));
  });

  test('leaves a round for skipped and refused probes, and none where nothing happened', () => {
    const refused = openRig(() => ({ refused: 101, arrivals: [] }), { roundMs: 5000 });
    refused.engine.addSeries(specOf(4, 1));
    refused.engine.addSeries(specOf(4, 2, { phaseMs: 1e7 }));
    refused.run(4000, 100);
    refused.engine.finish();

    const round = only(refused.engine.takeRounds());
    assert.equal([round.series, round.sent], [0, 0]);
    assert.equal(round.sendErrors, { unreachable: 5 });
  });

  test('marks the rounds that a test of our own has loaded', () => {
    const rig = openScripted(() => 1_000_000, { roundMs: 5000, timeoutMs: 1000 });
    rig.run(6000, 100);
    rig.hot.call.setLoaded(1);
    rig.run(1000, 100);
    rig.hot.call.setLoaded(0);
    rig.run(10_000, 100);

    const isLoaded = rig.engine.takeRounds().map((round) => round.isLoaded);
    assert.equal(isLoaded, [false, true, false].slice(0, isLoaded.length));
    assert.ok(isLoaded.length >= 2);
  });

  test('tells how long packets lay in our own queue', () => {
    const queues = [100_000n, 300_000n, undefined, 200_000n];
    let n = 0;
    const rig = openRig(
      () => {
        const queuedNs = queues[n++ % 4];
        const arrivals = [{ delayNs: 10n * MS }];
        return queuedNs === undefined ? { arrivals } : { queuedNs, arrivals };
      },
      { roundMs: 5000, timeoutMs: 1000 },
    );
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 500 }));
    rig.run(3500, 10);
    rig.engine.finish();

    const round = only(rig.engine.takeRounds());
    assert.is(round.localQueueNs, 200_000);
    // Out of the RTT, which begins at the wire.
    assert.equal([round.figures?.[0], round.figures?.[6]], [9_700_000, 10_000_000]);
  });

  test('refuses rounds so short that a probe outlives its places', () => {
    assert.throws(() => openRig(silence, { roundMs: 1000, timeoutMs: 5000 }), /unreachable/);
    assert.throws(() => openRig(silence, { roundMs: 999, timeoutMs: 100 }), /unreachable/);
    assert.throws(() => openRig(silence, { timeoutMs: 60_001 }), /unreachable/);
    openRig(silence, { roundMs: 2000, timeoutMs: 5000 });
  });
});
