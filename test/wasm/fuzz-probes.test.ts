// Answers of all kinds against TTL-limited probes that are really in flight. The long run:
// FLINT_FUZZ_PACKETS=10000000 node --import tsx test/wasm/fuzz-probes.test.ts
import * as assert from 'uvu/assert';
import { INFLIGHT_MAX, PROBES_MAX } from '../../src/engine/limits.ts';
import { pageHashes } from '../fake/fuzzer.ts';
import { ProbeFuzzer } from '../fake/probe-fuzzer.ts';
import { suite } from '../helper.ts';

const PACKETS = Number(process.env['FLINT_FUZZ_PACKETS'] ?? 100_000);
const SEED = Number(process.env['FLINT_FUZZ_SEED'] ?? 1);
const COMPARE_EVERY = 64;
const PAGE_BYTES = 4096;
/** Generous: 100 µs a packet. */
const MS_MAX = 20_000 + PACKETS / 10;

type Range = [from: number, to: number];

/** Addresses of pages that changed and hold nothing that may. */
function outside(before: Int32Array, after: Int32Array, allowed: Range[]): number[] {
  return [...after.keys()]
    .filter((page) => before[page] !== after[page])
    .map((page) => page * PAGE_BYTES)
    .filter((at) => !allowed.some(([from, to]) => at < to && at + PAGE_BYTES > from));
}

suite('wasm/fuzz-probes', ({ test }) => {
  test(
    'counts every packet once and has each outcome as the oracle has it',
    () => {
      const fuzzer = new ProbeFuzzer(SEED);

      for (let i = 0; fuzzer.counts.packets < PACKETS; i++) {
        fuzzer.batch();
        if (i % COMPARE_EVERY === 0) fuzzer.compare();
        // Now and then nothing comes for about as long as a probe waits.
        const isPause = i % 25 === 24;
        for (let n = 0; isPause && n < 55 + ((i * 7) % 20); n++) fuzzer.rest();
      }
      fuzzer.finish();

      const { counts } = fuzzer;
      console.log(`fuzz, seed ${SEED}: ${JSON.stringify(counts)}`);
      for (const [name, n] of Object.entries(counts)) assert.ok(n > 0, name);
      assert.ok(counts.answered > PACKETS / 200, 'enough genuine answers among them');
      assert.ok(counts.alien > PACKETS / 10, 'and enough of what is none');
    },
    MS_MAX,
  );

  test('changes nothing but counters by packets that are not ours', () => {
    const fuzzer = new ProbeFuzzer(SEED + 1);
    for (let i = 0; i < 300; i++) fuzzer.batch();
    const { hot } = fuzzer.rig;
    const { layout } = hot;
    const before = pageHashes(hot);
    const control = hot.bytes.slice(layout.CONTROL, layout.OUTBOX);

    for (let i = 0; i < 100; i++) fuzzer.alienBatch();

    fuzzer.compare();
    const trays: Range = [layout.OUTBOX, layout.STAMPS + 4096];
    const known: Range[] = [[layout.CONTROL, layout.OUTBOX], trays];
    assert.equal(outside(before, pageHashes(hot), known), []);
    const counted = hot.bytes.slice(layout.CONTROL, layout.OUTBOX);
    const aliens = layout.ALIEN - layout.CONTROL;
    for (let i = 0; i < control.length; i++) {
      const isCounter = i >= aliens && i < aliens + 64;
      assert.ok(isCounter || counted[i] === control[i], `control block at ${i}`);
    }
  });

  test('writes to no table but those of probes, and to no entry of an echo', () => {
    const fuzzer = new ProbeFuzzer(SEED + 2);
    const { hot } = fuzzer.rig;
    const { layout } = hot;
    for (let i = 0; i < 20; i++) fuzzer.batch();
    const before = pageHashes(hot);
    for (let i = 0; i < 1000; i++) fuzzer.batch();
    fuzzer.compare();

    const exported = hot.call as unknown as Record<'FLIGHT' | 'FLIGHT_BYTES', { value: number }>;
    const rowBytes = exported.FLIGHT_BYTES.value;
    const probes = exported.FLIGHT.value + INFLIGHT_MAX * rowBytes;
    const allowed: Range[] = [
      [layout.CONTROL, layout.STAMPS + 4096],
      // Of the echoes that are among them: their slots, and what two series keep.
      [exported.FLIGHT.value, exported.FLIGHT.value + 4096 * rowBytes],
      [probes, probes + PROBES_MAX * rowBytes],
      [layout.RESULTS, layout.TRACES],
      [layout.TRACES, layout.TRACES + 64 * layout.TRACE_BYTES],
    ];
    const changed = outside(before, pageHashes(hot), allowed);
    const ofSeries = changed.filter((at) => at < layout.SERIES || at >= layout.CLOSED);
    assert.equal(ofSeries, []);
  });
});
