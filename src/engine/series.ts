// One series between TypeScript and the hot memory: what it is told to measure, and its counters.
import type { Family, Quality, SendErrorReason, Tally } from '../core/round.ts';
import type { Hot } from './hot.ts';

/** What is measured: an address, and how the packets to it look. */
export interface SeriesSpec {
  family: Family;
  address: Uint8Array;
  source: Uint8Array | null;
  /** 0: the route decides. */
  interfaceIndex: number;
  scopeId: number;
  payloadBytes: number;
  tos: number;
  /** 0: the system's default. */
  ttl: number;
  dontFragment: boolean;
  intervalMs: number;
  /** From now to the first echo. */
  phaseMs: number;
}

export interface SeriesState extends Tally {
  icmpErrors: number;
  sendErrors: Record<SendErrorReason, number>;
  quality: Record<Quality, number>;
  /** SPARKY's buckets, not cumulative; the last is +Inf. */
  buckets: number[];
  rttSumSeconds: number;
  ttl: number | null;
  outages: { open: boolean; total: number; seconds: number };
}

/** SPARKY's twenty bounds and +Inf. */
const BUCKETS = 21;

/** Fills in a series that was just taken. */
export function writeSpec(hot: Hot, series: number, spec: SeriesSpec): void {
  const { layout, view, bytes } = hot;
  const base = layout.SERIES + series * layout.SERIES_BYTES;
  view.setUint32(base + layout.S_FAMILY, spec.family === 'v4' ? 4 : 6, true);
  bytes.set(spec.address, base + layout.S_ADDRESS);
  if (spec.source !== null) bytes.set(spec.source, base + layout.S_SOURCE);
  view.setUint32(base + layout.S_IFINDEX, spec.interfaceIndex, true);
  view.setUint32(base + layout.S_SCOPE, spec.scopeId, true);
  view.setUint32(base + layout.S_PAYLOAD, spec.payloadBytes, true);
  view.setUint32(base + layout.S_TOS, spec.tos, true);
  view.setUint32(base + layout.S_TTL, spec.ttl, true);
  view.setUint32(base + layout.S_FLAGS, spec.dontFragment ? 1 : 0, true);
  view.setBigUint64(base + layout.S_INTERVAL, BigInt(Math.round(spec.intervalMs * 1e6)), true);
}

/** Written out field by field: a scrape of a thousand series must not hold up the tick. */
export function readState(hot: Hot, series: number): SeriesState {
  const { layout, f64, u32 } = hot;
  const base = layout.SERIES + series * layout.SERIES_BYTES;
  const at = (field: number, index = 0): number => f64[(base + field) / 8 + index] ?? 0;
  const ttl = u32[(base + layout.S_LAST_TTL) / 4] ?? 0;
  const buckets: number[] = [];
  for (let i = 0; i < BUCKETS; i++) buckets.push(at(layout.S_BUCKETS, i));
  return {
    sent: at(layout.S_SENT),
    received: at(layout.S_RECEIVED),
    lost: at(layout.S_LOST),
    discarded: at(layout.S_DISCARDED),
    late: at(layout.S_LATE),
    duplicates: at(layout.S_DUPLICATES),
    reordered: at(layout.S_REORDERED),
    skipped: at(layout.S_SKIPPED),
    icmpErrors: at(layout.S_ICMP_ERRORS),
    // In the order of reasonOf in wasm/echo.ts and of the qualities in wasm/fold.ts.
    sendErrors: {
      blocked: at(layout.S_ERRORS),
      unreachable: at(layout.S_ERRORS, 1),
      buffer: at(layout.S_ERRORS, 2),
      size: at(layout.S_ERRORS, 3),
      device: at(layout.S_ERRORS, 4),
      invalid: at(layout.S_ERRORS, 5),
      other: at(layout.S_ERRORS, 6),
    },
    quality: {
      kernel: at(layout.S_QUALITY),
      mixed: at(layout.S_QUALITY, 1),
      user: at(layout.S_QUALITY, 2),
      hardware: at(layout.S_QUALITY, 3),
    },
    buckets,
    rttSumSeconds: at(layout.S_RTT_SUM),
    ttl: ttl === 0xffffffff ? null : ttl,
    outages: {
      open: u32[(base + layout.S_OUTAGE_OPEN) / 4] === 1,
      total: at(layout.S_OUTAGES),
      seconds: at(layout.S_OUTAGE_SECONDS),
    },
  };
}
