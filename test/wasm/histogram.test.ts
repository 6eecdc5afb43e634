import * as assert from 'uvu/assert';
import { type Hot, loadHot } from '../../src/engine/hot.ts';
import { createRandom } from '../fake/random.ts';
import { nearestRank } from '../fake/twin-round.ts';
import { suite } from '../helper.ts';

const BUCKETS = 1984;
const LARGEST = 2n ** 36n;

interface Place {
  value: number;
}

suite('wasm/histogram', ({ test }) => {
  test('puts every value into a bucket whose middle is within a 128th of it', () => {
    const { call } = loadHot();
    for (const ns of values()) {
      const bucket = call.bucketOf(ns);
      const error = Math.abs(call.bucketMiddle(bucket) - Number(ns));

      assert.ok(bucket < BUCKETS, `${ns}`);
      assert.ok(error <= Number(ns) / 128, `${ns}: off by ${error}`);
    }
  });

  test('rises with the value, by one bucket at most from one value to the next', () => {
    const { call } = loadHot();
    for (const ns of values()) {
      const step = call.bucketOf(ns + 1n) - call.bucketOf(ns);

      assert.ok(step === 0 || step === 1, `${ns}: ${step}`);
    }
  });

  test('has one bucket for each nanosecond up to 64 and 64 an octave beyond', () => {
    const { call } = loadHot();
    for (let ns = 0; ns < 128; ns++) assert.is(call.bucketOf(BigInt(ns)), ns);
    for (let power = 6; power < 36; power++) {
      assert.is(call.bucketOf(2n ** BigInt(power)), 64 * (power - 5), `2^${power}`);
      assert.is(call.bucketOf(2n ** BigInt(power) - 1n), 64 * (power - 5) - 1, `2^${power} - 1`);
    }
  });

  test('keeps what is beyond its end in its last bucket', () => {
    const { call } = loadHot();
    for (const ns of [LARGEST - 1n, LARGEST, LARGEST * 2n, 2n ** 63n, 2n ** 64n - 1n]) {
      assert.is(call.bucketOf(ns), BUCKETS - 1);
    }
  });

  test('hands out quantiles that are those of the sorted values, within a 64th', () => {
    const hot = loadHot();
    const random = createRandom(5);
    for (const size of [1, 2, 3, 7, 10, 70, 100, 1000, 5000]) {
      const series = hot.call.newSeries();
      hot.call.resetHistogram(series);
      const sorted = Array.from({ length: size }, () => Math.floor(10 ** (3 + random.unit() * 7)));
      for (const ns of sorted) hot.call.recordRtt(series, BigInt(ns));
      sorted.sort((a, b) => a - b);
      const percents = [0, 1, 10, 25, 50, 75, 90, 95, 99, 100];

      const found = quantiles(hot, series, percents);

      percents.forEach((percent, i) => {
        const exact = nearestRank(sorted, percent);
        const error = Math.abs((found[i] ?? 0) - exact);
        assert.ok(error <= exact / 64, `${percent} % of ${size}: ${found[i]}, not ${exact}`);
      });
    }
  });

  test('counts ranks as integers do: 55 of a hundred are not more than 55', () => {
    const hot = loadHot();
    const series = hot.call.newSeries();
    // In binary 0.55 · 100 is 55.00000000000001.
    for (let ns = 1; ns <= 100; ns++) hot.call.recordRtt(series, BigInt(ns));

    assert.equal(quantiles(hot, series, [7, 14, 55, 56, 100]), [7, 14, 55, 56, 100]);
  });

  test('says nothing when nothing was recorded, and forgets when it is told to', () => {
    const hot = loadHot();
    const series = hot.call.newSeries();
    assert.equal(quantiles(hot, series, [0, 50]), [-1, -1]);
    hot.call.recordRtt(series, 5000n);
    assert.is(hot.call.histogramQuantiles(series, 1), 1);

    hot.call.resetHistogram(series);

    assert.is(hot.call.histogramQuantiles(series, 1), 0);
  });

  test('records a row of values as it records them one by one', () => {
    const hot = loadHot();
    const random = createRandom(8);
    const powers = Array.from({ length: 40 }, (_, power) => 2 ** power);
    const edges = [0, ...powers, ...powers.map((value) => value - 1), 1e15, 9e18];
    const list = [...edges, ...Array.from({ length: 900 }, () => random.below(1e9))];
    const place = hot.layout.INBOX;
    hot.f64.set(list, place / 8);

    hot.call.recordRtts(1, place, list.length);
    for (const value of list) hot.call.recordRtt(2, BigInt(value));

    const { HISTOGRAM, HISTOGRAM_BYTES } = hot.call as unknown as Record<string, Place>;
    const from = (HISTOGRAM?.value ?? 0) / 4;
    const words = (HISTOGRAM_BYTES?.value ?? 0) / 4;
    const row = (series: number) =>
      hot.u32.slice(from + series * words, from + (series + 1) * words);
    assert.equal(row(1), row(2));
    assert.is(hot.call.histogramQuantiles(1, 1), list.length);
  });
});

/** Both sides of every bucket bound, and a spread of others. */
function values(): bigint[] {
  const random = createRandom(1);
  const found: bigint[] = [1n];
  for (let power = 0; power < 36; power++) {
    const octave = 2n ** BigInt(power);
    for (let part = 0n; part < 64n; part++) {
      const bound = octave + (octave * part) / 64n;
      found.push(bound, bound + 1n);
      if (bound > 1n) found.push(bound - 1n);
    }
    for (let i = 0; i < 50; i++)
      found.push(octave + BigInt(Math.floor(random.unit() * 2 ** power)));
  }
  return found.filter((ns) => ns < LARGEST - 1n);
}

function quantiles(hot: Hot, series: number, percents: number[]): number[] {
  const place = hot.layout.QUANTILES / 8;
  percents.forEach((percent, i) => {
    hot.f64[place + i] = percent / 100;
  });
  hot.call.histogramQuantiles(series, percents.length);
  return Array.from(hot.f64.subarray(place, place + percents.length));
}
