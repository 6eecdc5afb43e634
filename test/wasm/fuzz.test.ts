// Malformed and foreign packets against probes that are really in flight. The long run:
// FLINT_FUZZ_PACKETS=10000000 node --import tsx test/wasm/fuzz.test.ts
import * as assert from 'uvu/assert';
import type { Hot } from '../../src/engine/hot.ts';
import { SERIES_MAX } from '../../src/engine/limits.ts';
import { Fuzzer, pageHashes, SERIES, SLOTS } from '../fake/fuzzer.ts';
import { suite } from '../helper.ts';

const PACKETS = Number(process.env['FLINT_FUZZ_PACKETS'] ?? 200_000);
const SEED = Number(process.env['FLINT_FUZZ_SEED'] ?? 1);
/** With thousands of series an inbox is looked over before it is folded. */
const RUNS = [
  [SERIES, PACKETS],
  [3100, PACKETS / 4],
] as const;
const COMPARE_EVERY = 512;
const PAGE_BYTES = 4096;
/** Generous: 20 µs a packet. */
const MS_MAX = 20_000 + PACKETS / 50;

suite('wasm/fuzz', ({ test }) => {
  for (const [series, packets] of RUNS) {
    test(
      `counts every packet once and takes none for what it is not, with ${series} series`,
      () => {
        const fuzzer = new Fuzzer(SEED, series);

        for (let i = 0; fuzzer.counts.packets < packets; i++) {
          fuzzer.batch();
          if (i % COMPARE_EVERY === 0) fuzzer.compare();
        }
        fuzzer.compare();
        fuzzer.finish();

        console.log(`fuzz, seed ${SEED}, ${series} series: ${JSON.stringify(fuzzer.counts)}`);
        assert.ok(fuzzer.counts.received > packets / 1000, 'enough honest replies among them');
      },
      MS_MAX,
    );
  }

  test('changes nothing but counters by packets that are not ours', () => {
    const fuzzer = new Fuzzer(SEED + 1);
    for (let i = 0; i < 300; i++) fuzzer.batch();
    fuzzer.compare();
    const { hot } = fuzzer.rig;
    const { layout } = hot;
    const before = pageHashes(hot);
    const control = hot.bytes.slice(layout.CONTROL, layout.OUTBOX);

    for (let i = 0; i < 200; i++) fuzzer.alienBatch();

    fuzzer.compare();
    assert.equal(outside(hot, before, [[layout.CONTROL, layout.OUTBOX], trays(hot)]), []);
    const counted = hot.bytes.slice(layout.CONTROL, layout.OUTBOX);
    const aliens = layout.ALIEN - layout.CONTROL;
    for (let i = 0; i < control.length; i++) {
      const isCounter = i >= aliens && i < aliens + 64;
      assert.ok(isCounter || counted[i] === control[i], `control block at ${i}`);
    }
  });

  test('writes to no row but those of the series and slots in use', () => {
    const fuzzer = new Fuzzer(SEED + 2);
    const { hot } = fuzzer.rig;
    const before = pageHashes(hot);

    // Seven rounds of thirty seconds, and several times round the ring.
    for (let i = 0; i < 42_000; i++) {
      if (i % 8 === 0) fuzzer.batch();
      else fuzzer.rest();
    }
    fuzzer.compare();

    const { layout } = hot;
    const at = rowsOf(hot);
    const open = [0, 1, 2, 3].flatMap((slot): Range[] => [
      row(at.ROUND + slot * SERIES_MAX * at.ROUND_BYTES, at.ROUND_BYTES),
      row(at.SAMPLES + slot * SERIES_MAX * at.SAMPLES_BYTES, at.SAMPLES_BYTES),
    ]);
    const allowed: Range[] = [
      [layout.CONTROL, layout.OUTBOX],
      trays(hot),
      [at.FLIGHT, at.FLIGHT + SLOTS * at.FLIGHT_BYTES],
      row(layout.SERIES, layout.SERIES_BYTES),
      row(at.WINDOW, at.WINDOW_BYTES),
      row(at.HISTOGRAM, at.HISTOGRAM_BYTES),
      ...open,
      [layout.CLOSED, layout.CLOSED + 200 * layout.CLOSED_BYTES],
      [layout.EVENTS, layout.EVENTS + 200 * layout.EVENT_BYTES],
    ];
    assert.equal(outside(hot, before, allowed), []);
  });
});

type Range = [from: number, to: number];

/** Outbox, inbox, and as many stamps as are forged. */
function trays({ layout }: Hot): Range {
  return [layout.OUTBOX, layout.STAMPS + 1024];
}

/** The first rows of a table, one for each series. */
function row(table: number, bytes: number): Range {
  return [table, table + SERIES * bytes];
}

const ROWS = ['FLIGHT', 'WINDOW', 'HISTOGRAM', 'ROUND', 'SAMPLES'] as const;
type Rows = (typeof ROWS)[number] | `${(typeof ROWS)[number]}_BYTES`;

/** Tables that only the module itself knows, and the bytes of a row in each. */
function rowsOf(hot: Hot): Record<Rows, number> {
  const all = hot.call as unknown as Record<Rows, { value: number }>;
  const names = ROWS.flatMap((name): Rows[] => [name, `${name}_BYTES`]);
  return Object.fromEntries(names.map((name) => [name, all[name].value])) as Record<Rows, number>;
}

/** Addresses of pages that changed and hold nothing that may. */
function outside(hot: Hot, before: Int32Array, allowed: Range[]): number[] {
  const after = pageHashes(hot);
  return [...after.keys()]
    .filter((page) => before[page] !== after[page])
    .map((page) => page * PAGE_BYTES)
    .filter((at) => !allowed.some(([from, to]) => at < to && at + PAGE_BYTES > from));
}
