// The only place that loads the WebAssembly. It has no imports, one fixed memory and exports of
// numbers alone; what TypeScript writes and reads are views of that memory, made once.
import { createRequire } from 'node:module';
import { ProbeError } from '../core/error.ts';
import { RECORD_HEADER_BYTES } from './limits.ts';

const { readFileSync } = process.getBuiltinModule('node:fs');

/** Functions of wasm/index.ts. Times are nanoseconds unless the name says otherwise. */
export interface HotFunctions {
  configure(
    identifier: number,
    slots: number,
    roundNs: number,
    timeoutNs: number,
    jitter: number,
  ): void;
  configureProbes(port: number, timeoutNs: number): void;
  openTrace(): number;
  closeTrace(trace: number): void;
  buildProbe(trace: number, ttlFlow: number, payload: number, tag: number, index: number): number;
  probeRoom(): number;
  growTo(slots: number): void;
  slotsInUse(): number;
  newSeries(): number;
  startSeries(series: number, phaseNs: number): void;
  setInterval(series: number, intervalNs: number): void;
  stopSeries(series: number): void;
  isDrained(series: number): number;
  freeSeries(series: number): void;
  seedOutage(series: number, fromMs: number, lostRow: number): void;
  fold(packets: number, stamps: number): void;
  anchor(): void;
  expire(): void;
  due(most: number): number;
  flood(n: number): number;
  settle(n: number): number;
  finishAll(): void;
  nextDueIn(): number;
  nextExpiryIn(): number;
  inflightCount(): number;
  clockSteps(): number;
  nowMs(): number;
  monoMs(): number;
  offsetNs(): number;
  setLoaded(isLoaded: number): void;
  setLogging(on: number): void;
  histogramQuantiles(series: number, count: number): number;
  recordRtt(series: number, ns: bigint): void;
  recordRtts(series: number, address: number, count: number): void;
  resetHistogram(series: number): void;
  bucketOf(ns: bigint): number;
  bucketMiddle(index: number): number;
  onesSum(address: number, length: number): number;
  sipHash(k0: bigint, k1: bigint, message: bigint): bigint;
}

const ADDRESSES = [
  'CONTROL',
  'OUTBOX',
  'INBOX',
  'STAMPS',
  'RECORD_BYTES',
  'COOKIE_KEY',
  'ALIEN',
  'DROPS',
  'RINGS',
  'QUANTILES',
  'LATENESS',
  'SERIES',
  'SERIES_BYTES',
  'CLOSED',
  'CLOSED_BYTES',
  'EVENTS',
  'EVENT_BYTES',
  'LOG',
  'LOG_BYTES',
  'RESULTS',
  'RESULT_BYTES',
  'TRACES',
  'TRACE_BYTES',
  'LAYOUT_END',
  'S_ADDRESS',
  'S_ATTEMPTS',
  'S_BUCKETS',
  'S_DISCARDED',
  'S_DUPLICATES',
  'S_ERRORS',
  'S_FAMILY',
  'S_FLAGS',
  'S_ICMP_ERRORS',
  'S_IFINDEX',
  'S_INTERVAL',
  'S_LAST_TTL',
  'S_LATE',
  'S_LOST',
  'S_OUTAGE_OPEN',
  'S_OUTAGE_SECONDS',
  'S_OUTAGES',
  'S_PAYLOAD',
  'S_QUALITY',
  'S_RECEIVED',
  'S_REORDERED',
  'S_RTT_SUM',
  'S_SCOPE',
  'S_SENT',
  'S_SKIPPED',
  'S_SOURCE',
  'S_STATE',
  'S_TOS',
  'S_TTL',
  'T_ADDRESS',
  'T_FAMILY',
  'T_IFINDEX',
  'T_PORT',
  'T_PROTOCOL',
  'T_SCOPE',
  'T_SOURCE',
  'T_TOS',
] as const;

export type Layout = Readonly<Record<(typeof ADDRESSES)[number], number>>;

/** The loaded module: its functions, where its tables lie, and views of its memory. */
export interface Hot {
  call: HotFunctions;
  layout: Layout;
  /** Never detached: the memory cannot grow. */
  buffer: ArrayBuffer;
  bytes: Uint8Array;
  u32: Uint32Array;
  f64: Float64Array;
  view: DataView;
}

type Loader = {
  instantiateSync(source: Uint8Array): { instance: { exports: Record<string, unknown> } };
};

/** Loads build/hot.wasm. Throws ERR_ADDON_MISSING when it has not been built. */
export function loadHot(): Hot {
  const require = createRequire(import.meta.url);
  const loader = require('@assemblyscript/loader') as Loader;
  // Not the loader's own exports, which wrap each function to count its arguments.
  const { exports } = loader.instantiateSync(readWasm()).instance;
  const memory = exports['memory'] as { buffer: ArrayBuffer };
  const layout = readLayout(exports);
  const buffer = memory.buffer;
  if (layout.LAYOUT_END > buffer.byteLength) {
    throw new ProbeError('ERR_ABI_MISMATCH', 'build/hot.wasm: its tables exceed its memory');
  }
  return {
    call: exports as unknown as HotFunctions,
    layout,
    buffer,
    bytes: new Uint8Array(buffer),
    u32: new Uint32Array(buffer),
    f64: new Float64Array(buffer),
    view: new DataView(buffer),
  };
}

function readWasm(): Uint8Array {
  // Both src/engine and dist/engine lie two levels below the root that holds build/.
  const file = new URL('../../build/hot.wasm', import.meta.url);
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ProbeError(
      'ERR_ADDON_MISSING',
      'build/hot.wasm cannot be read: build it with `npm run build`',
      { cause },
    );
  }
}

function readLayout(exports: Record<string, unknown>): Layout {
  const layout: Partial<Record<keyof Layout, number>> = {};
  for (const name of ADDRESSES) {
    const value = (exports[name] as { value?: unknown } | undefined)?.value;
    if (typeof value !== 'number') {
      throw new ProbeError(
        'ERR_ABI_MISMATCH',
        `build/hot.wasm does not export ${name}: rebuild it`,
      );
    }
    layout[name] = value;
  }
  return layout as Layout;
}

/** Byte offset of an outbox or inbox record and of the packet in it. */
export function outboxAt(hot: Hot, index: number): number {
  return hot.layout.OUTBOX + index * hot.layout.RECORD_BYTES;
}

export function inboxAt(hot: Hot, index: number): number {
  return hot.layout.INBOX + index * hot.layout.RECORD_BYTES;
}

export function packetAt(record: number): number {
  return record + RECORD_HEADER_BYTES;
}
