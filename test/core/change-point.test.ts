import * as assert from 'uvu/assert';
import { falseAlarms, isFound, type Noise } from '../../bench/change-point.ts';
import { type LevelShift, watchMedian } from '../../src/core/change-point.ts';
import { createRandom, type Random } from '../fake/random.ts';
import { suite } from '../helper.ts';

const ROUND_MS = 30_000;

suite('core/change-point', ({ test }) => {
  test('a step is told at its third round, with its begin and its levels', () => {
    const found = run(series(1, 200, 0.002, (round) => (round < 150 ? 20e6 : 21e6)));

    assert.is(found.length, 1);
    const [{ round, shift }] = found as [Found];
    assert.is(round, 152);
    assert.is(shift.fromMs, 150 * ROUND_MS);
    assert.ok(Math.abs(shift.beforeNs / 20e6 - 1) < 0.01, `${shift.beforeNs}`);
    assert.ok(Math.abs(shift.afterNs / 21e6 - 1) < 0.01, `${shift.afterNs}`);
    assert.ok(shift.score >= shift.threshold);
  });

  test('a step down is one, too, and each step of a stair is told', () => {
    const levels = [20e6, 19e6, 22e6, 18e6];
    const found = run(series(2, 400, 0.002, (round) => levels[Math.floor(round / 100)] ?? 0));

    assert.equal(
      found.map(({ round }) => round),
      [102, 202, 302],
    );
  });

  test('a line without any noise is seen to step', () => {
    const found = run(Array.from({ length: 200 }, (_, round) => (round < 100 ? 20e6 : 21e6)));

    assert.equal(
      found.map(({ round }) => round),
      [102],
    );
  });

  test('constant and nearly constant lines are quiet, though their noise grows tenfold', () => {
    assert.equal(run(Array.from({ length: 500 }, () => 5e6)), []);
    const random = createRandom(3);
    const growing = Array.from(
      { length: 1000 },
      (_, round) => 5e6 * (1 + (round < 500 ? 1e-6 : 1e-4) * random.unit()),
    );
    assert.equal(run(growing), []);
  });

  test('spikes of one or two rounds are no step, however high', () => {
    const high = new Set([100, 150, 151, 200, 202, 260, 261]);
    const found = run(series(4, 320, 0.003, (round) => (high.has(round) ? 60e6 : 20e6)));

    assert.equal(found, []);
  });

  test('a spike before three rounds of the old level is no step down', () => {
    const noise: Noise = { title: '', phi: 0.9, draw: gaussian, spikes: 0.02 };
    const alarms = [1, 2, 3, 4].map((week) => falseAlarms(noise, week));

    assert.ok(sum(alarms) <= 6, `${alarms}`);
  });

  test('steps of less than 2 % or of less than 10 µs are left alone', () => {
    assert.equal(run(series(5, 200, 0.0005, (round) => (round < 100 ? 20e6 : 20.3e6))), []);
    assert.equal(run(series(5, 200, 0.0005, (round) => (round < 100 ? 80e3 : 86e3))), []);
  });

  test('what goes back within a quarter of an hour is told once', () => {
    const found = run(
      series(6, 300, 0.002, (round) => (round >= 100 && round < 110 ? 24e6 : 20e6)),
    );

    assert.equal(
      found.map(({ round }) => round),
      [102],
    );
  });

  test('the day’s slow rise and fall is no step', () => {
    const wave = (round: number): number =>
      20e6 * (1 + 0.1 * Math.sin((round * 2 * Math.PI) / 2880));

    assert.equal(run(series(7, 6000, 0.003, wave)), []);
  });

  test('rounds with few answers or none are passed over', () => {
    const watch = watchMedian();
    for (const [round, medianNs] of series(8, 100, 0.002, () => 20e6).entries()) {
      watch.add({ atMs: round * ROUND_MS, medianNs, received: 30 });
    }
    for (let round = 100; round < 120; round++) {
      assert.is(watch.add({ atMs: round * ROUND_MS, medianNs: 90e6, received: 4 }), null);
      assert.is(watch.add({ atMs: round * ROUND_MS, medianNs: 0, received: 30 }), null);
      assert.is(watch.add({ atMs: round * ROUND_MS, medianNs: Number.NaN, received: 30 }), null);
    }
  });

  test('no more than 64 numbers are kept', () => {
    const watch = watchMedian();
    const medians = series(9, 3000, 0.01, (round) => (Math.floor(round / 200) % 2 ? 20e6 : 25e6));
    let most = 0;
    for (const [round, medianNs] of medians.entries()) {
      watch.add({ atMs: round * ROUND_MS, medianNs, received: 30 });
      most = Math.max(most, watch.size());
    }

    assert.ok(most > 40 && most <= 64, `${most}`);
  });

  for (const phi of [0, 0.5, 0.9]) {
    const noise: Noise = { title: '', phi, draw: gaussian };

    test(`at φ ${phi} a week has at most one false alarm on average`, () => {
      const alarms = [1, 2, 3].map((week) => falseAlarms(noise, week));

      assert.ok(sum(alarms) <= 3, `${alarms}`);
    });

    test(`at φ ${phi} steps of seven deviations are found in three rounds`, () => {
      const found = Array.from({ length: 60 }, (_, i) => Number(isFound(noise, 0.007, i + 1)));

      assert.ok(sum(found) >= 54, `${sum(found)} of 60`);
    });
  }

  test('without a step nothing is found where a step would be', () => {
    // What `isFound` counts must not be noise: at 40 % noise a step of 5 % is not to be had.
    const noise: Noise = { title: '', phi: 0, draw: gaussian };
    const found = Array.from({ length: 60 }, (_, i) => Number(isFound(noise, 0.4, i + 1)));

    assert.ok(sum(found) <= 2, `${sum(found)}`);
  });
});

interface Found {
  round: number;
  shift: LevelShift;
}

function run(medians: readonly number[]): Found[] {
  const watch = watchMedian();
  return medians.flatMap((medianNs, round) => {
    const shift = watch.add({ atMs: round * ROUND_MS, medianNs, received: 30 });
    return shift === null ? [] : [{ round, shift }];
  });
}

function series(
  seed: number,
  length: number,
  noise: number,
  level: (round: number) => number,
): number[] {
  const random = createRandom(seed);
  return Array.from({ length }, (_, round) => level(round) * Math.exp(noise * gaussian(random)));
}

function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.unit()));
  return radius * Math.cos(2 * Math.PI * random.unit());
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
