// What single steps cost (README.md, micro). benchmark.js times whole calls, so each call does a
// batch, and what it returns goes into a sink: V8 throws away what nobody reads.
import { createRequire } from 'node:module';
import { type Hot, loadHot } from '../src/engine/hot.ts';
import { OUTBOX_MAX } from '../src/engine/limits.ts';
import { measureFold } from './fold.ts';
import { judge, type Length, type Row, type RunOptions } from './row.ts';
import { median } from './statistics.ts';
import { figure } from './table.ts';

export const name = 'micro';
export const goal = 'a sample folded in 60 ns, recorded in 2 ns';

const FOLD_NS_MAX = 60;
const RECORD_NS_MAX = 2;
const VALUES = 1024;
const PACKET_BYTES = 64;
const SECONDS_MAX: Record<Length, number> = { quick: 0.1, normal: 1, long: 5 };
/** SPARKY's bounds: 50 µs · 2^k, in seconds. */
const BOUNDS = Array.from({ length: 20 }, (_, k) => 50e-6 * 2 ** k);

/** Everything that was computed; printed into the JSON file. */
let sink = 0;

interface Step {
  /** Operations in one call of `run`. */
  operations: number;
  run: () => number;
}

export function run({ length, say }: RunOptions): Promise<Row[]> {
  say('micro: fold');
  // Spread over the whole case: a neighbour on the same core makes it half as slow again.
  const folds = [measureFold().foldNs];
  const hot = loadHot();
  const values = rtts();
  const steps = new Map<string, Step>([
    ['record', record(hot, values)],
    ['prom-client observe', promClient(values)],
    ...hdr(values),
    ['checksum of 64 bytes', checksum(hot)],
    ['SipHash cookie', cookie(hot)],
    ['echo built and settled', build(hot)],
  ]);
  const ns = new Map<string, number>();
  for (const [title, step] of steps) {
    say(`micro: ${title}`);
    ns.set(title, measure(step, SECONDS_MAX[length]));
    folds.push(measureFold().foldNs);
  }
  return Promise.resolve(toRows(folds, ns));
}

/** ns for one operation; the mean of what benchmark.js keeps. */
function measure(step: Step, maxTime: number): number {
  const Benchmark = createRequire(import.meta.url)('benchmark') as typeof import('benchmark');
  const call = (): void => {
    sink += step.run();
  };
  const one = new Benchmark('', call, { maxTime, minTime: maxTime / 20 });
  one.run();
  return ((one.stats?.mean ?? Number.NaN) * 1e9) / step.operations;
}

/** RTTs (ns) as they come: most between 1 and 40 ms, none twice in a row. */
function rtts(): Float64Array {
  return Float64Array.from({ length: VALUES }, (_, i) => 1e6 + ((i * 7919) % 1024) * 40_000);
}

function record(hot: Hot, values: Float64Array): Step {
  const place = hot.layout.INBOX;
  hot.f64.set(values, place / 8);
  return {
    operations: VALUES,
    run: () => {
      hot.call.recordRtts(0, place, VALUES);
      return hot.u32[place / 4] ?? 0;
    },
  };
}

function promClient(values: Float64Array): Step {
  const { Histogram, Registry } = createRequire(import.meta.url)(
    'prom-client',
  ) as typeof import('prom-client');
  const registers = [new Registry()];
  const histogram = new Histogram({ name: 'rtt', help: 'rtt', buckets: BOUNDS, registers });
  const seconds = values.map((ns) => ns / 1e9);
  return {
    operations: VALUES,
    run: () => {
      for (const value of seconds) histogram.observe(value);
      return 0;
    },
  };
}

/** Two significant digits, as near as it comes to our 64 sub-buckets; WASM only if it loads. */
function hdr(values: Float64Array): [string, Step][] {
  const library = createRequire(import.meta.url)(
    'hdr-histogram-js',
  ) as typeof import('hdr-histogram-js');
  const microseconds = values.map((ns) => Math.round(ns / 1000));
  const kinds: [string, Step][] = [];
  for (const useWebAssembly of [false, true]) {
    if (useWebAssembly && !hasWebAssembly(library)) continue;
    const histogram = library.build({
      bitBucketSize: 32,
      lowestDiscernibleValue: 1,
      highestTrackableValue: 60_000_000,
      numberOfSignificantValueDigits: 2,
      useWebAssembly,
    });
    const run = (): number => {
      for (const value of microseconds) histogram.recordValue(value);
      return histogram.totalCount & 1;
    };
    kinds.push([`hdr-histogram-js${useWebAssembly ? ' WASM' : ''}`, { operations: VALUES, run }]);
  }
  return kinds;
}

function hasWebAssembly(library: typeof import('hdr-histogram-js')): boolean {
  try {
    library.initWebAssemblySync();
    return true;
  } catch {
    return false;
  }
}

function checksum(hot: Hot): Step {
  const { onesSum } = hot.call;
  const place = hot.layout.INBOX;
  return {
    operations: VALUES,
    run: () => {
      let sum = 0;
      for (let i = 0; i < VALUES; i++) sum += onesSum(place + i * 8, PACKET_BYTES);
      return sum;
    },
  };
}

/** Through the border of BigInt, which the product never crosses for it. */
function cookie(hot: Hot): Step {
  const { sipHash } = hot.call;
  return {
    operations: VALUES,
    run: () => {
      let last = 1n;
      for (let i = 0; i < VALUES; i++) last = sipHash(1n, 2n, last);
      return Number(last & 1n);
    },
  };
}

/** A batch is built, refused (so that nothing stays in flight) and settled. */
function build(hot: Hot): Step {
  const { call, layout, view } = hot;
  view.setBigUint64(layout.CONTROL, 1_000_000_000n, true);
  view.setBigUint64(layout.CONTROL + 8, 1_700_000_000_000_000_000n, true);
  call.configure(0x1000, 65_536, 30e9, 1e9, 0);
  const base = layout.SERIES + call.newSeries() * layout.SERIES_BYTES;
  view.setUint32(base + layout.S_FAMILY, 4, true);
  view.setUint32(base + layout.S_PAYLOAD, PACKET_BYTES - 8, true);
  view.setBigUint64(base + layout.S_INTERVAL, 1_000_000n, true);
  call.startSeries(0, 1e15);
  return {
    operations: OUTBOX_MAX,
    run: () => {
      const built = call.flood(OUTBOX_MAX);
      for (let i = 0; i < built; i++)
        hot.u32[(layout.OUTBOX + i * layout.RECORD_BYTES) / 4 + 6] = 1;
      call.settle(built);
      call.expire();
      return built;
    },
  };
}

function toRows(folds: readonly number[], ns: ReadonlyMap<string, number>): Row[] {
  const foldNs = median(folds);
  const text = (title: string): string => `${title} ${figure(ns.get(title) ?? Number.NaN)} ns`;
  const peers = ['prom-client observe', 'hdr-histogram-js', 'hdr-histogram-js WASM'];
  const others = ['checksum of 64 bytes', 'SipHash cookie', 'echo built and settled'];
  const recorded = ns.get('record') ?? Number.NaN;
  return [
    {
      what: 'one sample folded (match, RTT, buckets, round), in a batch of 64',
      goal: `≤ ${FOLD_NS_MAX} ns`,
      flint: `${figure(foldNs)} ns`,
      peers: '–',
      verdict: judge(foldNs <= FOLD_NS_MAX),
      figures: { foldNs: folds, stepNs: Object.fromEntries(ns), sink },
    },
    {
      what: `histogram record, in a batch of ${VALUES}`,
      goal: `≤ ${RECORD_NS_MAX} ns`,
      flint: `${figure(recorded)} ns`,
      peers: peers
        .filter((title) => ns.has(title))
        .map(text)
        .join('; '),
      verdict: judge(recorded <= RECORD_NS_MAX),
    },
    {
      what: 'other steps of a probe',
      goal: '–',
      flint: others.map(text).join('; '),
      peers: '–',
      verdict: 'info',
    },
  ];
}
