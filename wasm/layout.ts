// Where everything lives. All tables have a fixed address; pages that are never touched are never
// resident, so the size of a table costs nothing until it is used.
//
//   0        64 KiB  left to the compiler (no data segments are expected)
//   CONTROL          scalars that native code or TypeScript write: clock anchor, key, settings
//   OUTBOX / INBOX   records: 64-byte header + packet
//   STAMPS           transmit stamps of the error queue
//   FLIGHT           one entry for each slot, of echoes and behind them of TTL-limited probes
//   SERIES …         per-series state, window, histogram, open rounds, their samples
//   CLOSED, EVENTS, LOG, RESULTS   rings that TypeScript reads
//   TRACES           paths that are traced
import {
  CLOSED_MAX,
  EVENTS_MAX,
  HISTOGRAM_BUCKETS,
  INBOX_MAX,
  INFLIGHT_MAX,
  LOG_MAX,
  MPLS_MAX,
  OUTBOX_MAX,
  PACKET_BYTES,
  PROBES_MAX,
  RECORD_HEADER_BYTES,
  RESULTS_MAX,
  ROUNDS_OPEN_MAX,
  SAMPLES_MAX,
  SERIES_MAX,
  STAMP_BYTES,
  STAMPS_MAX,
  TRACES_MAX,
  WHEEL_SLOTS,
  WINDOW_MAX,
} from './limits';

// Tables that have a row for each series end it with an unused line, so that rows are an odd number
// of lines apart: in rows of 16 KiB the same place of every series would fall into the same few
// sets of the cache, and series are worked on in step.
const CACHE_LINE_BYTES: u32 = 64;

export const RECORD_BYTES: u32 = RECORD_HEADER_BYTES + PACKET_BYTES;

export const CONTROL: u32 = 65536;
export const CONTROL_BYTES: u32 = 4096;
export const OUTBOX: u32 = CONTROL + CONTROL_BYTES;
export const INBOX: u32 = OUTBOX + OUTBOX_MAX * RECORD_BYTES;
export const STAMPS: u32 = INBOX + INBOX_MAX * RECORD_BYTES;
export const WHEEL: u32 = STAMPS + STAMPS_MAX * STAMP_BYTES;
export const WHEEL_BYTES: u32 = WHEEL_SLOTS * 4 + WHEEL_SLOTS / 8;
export const FLIGHT: u32 = WHEEL + WHEEL_BYTES;
export const FLIGHT_BYTES: u32 = 80;
export const SERIES: u32 = FLIGHT + (INFLIGHT_MAX + PROBES_MAX) * FLIGHT_BYTES;
export const SERIES_BYTES: u32 = 576;
export const WINDOW: u32 = SERIES + SERIES_MAX * SERIES_BYTES;
export const WINDOW_ENTRY_BYTES: u32 = 32;
export const WINDOW_BYTES: u32 = WINDOW_MAX * WINDOW_ENTRY_BYTES + CACHE_LINE_BYTES;
export const HISTOGRAM: u32 = WINDOW + SERIES_MAX * WINDOW_BYTES;
export const HISTOGRAM_BYTES: u32 = HISTOGRAM_BUCKETS * 4 + CACHE_LINE_BYTES;
export const ROUND: u32 = HISTOGRAM + SERIES_MAX * HISTOGRAM_BYTES;
export const ROUND_BYTES: u32 = 192;
export const SAMPLES: u32 = ROUND + SERIES_MAX * ROUNDS_OPEN_MAX * ROUND_BYTES;
export const SAMPLES_BYTES: u32 = SAMPLES_MAX * 8 + CACHE_LINE_BYTES;
export const CLOSED: u32 = SAMPLES + SERIES_MAX * ROUNDS_OPEN_MAX * SAMPLES_BYTES;
export const CLOSED_BYTES: u32 = 384;
export const EVENTS: u32 = CLOSED + CLOSED_MAX * CLOSED_BYTES;
export const EVENT_BYTES: u32 = 64;
export const LOG: u32 = EVENTS + EVENTS_MAX * EVENT_BYTES;
export const LOG_BYTES: u32 = 96;
export const RESULTS: u32 = LOG + LOG_MAX * LOG_BYTES;
export const RESULT_BYTES: u32 = 128 + MPLS_MAX * 4;
export const TRACES: u32 = RESULTS + RESULTS_MAX * RESULT_BYTES;
export const TRACE_BYTES: u32 = 64;
export const LAYOUT_END: u32 = TRACES + TRACES_MAX * TRACE_BYTES;

// CONTROL. The first block is written by the transport's drain (see native/transport.cc).
/** u64 CLOCK_MONOTONIC_RAW, ns, in the middle of the reading. */
export const ANCHOR_MONO: u32 = CONTROL + 0;
/** u64 CLOCK_REALTIME, ns. */
export const ANCHOR_REAL: u32 = CONTROL + 8;
/** u64 width of the reading, ns: how far the two may be apart. */
export const ANCHOR_WIDTH: u32 = CONTROL + 16;
/** u32 packets that the kernel dropped because a receive buffer was full (SO_RXQ_OVFL). */
export const SOCKET_OVERFLOWS: u32 = CONTROL + 24;
/** u32 1 while the kernel says that NTP disciplines the clock. */
export const CLOCK_SYNCED: u32 = CONTROL + 28;

// Written by TypeScript before the first tick.
/** 16 bytes: SipHash key of the cookies. */
export const COOKIE_KEY: u32 = CONTROL + 64;

// Written by wasm, read by TypeScript: f64 counters.
export const ALIEN: u32 = CONTROL + 128;
export const ALIEN_REASONS: u32 = 8;
export const DROPS: u32 = CONTROL + 256;
export const DROP_TABLES: u32 = 8;
/** u32 ring cursors: written and read counts of CLOSED, EVENTS, LOG, RESULTS. */
export const RINGS: u32 = CONTROL + 384;
/** 16 × f64: quantiles handed out by `histogramQuantiles`. */
export const QUANTILES: u32 = CONTROL + 512;
export const QUANTILES_MAX: u32 = 16;
/** Open epochs: ROUNDS_OPEN_MAX × 48 bytes. */
export const EPOCHS: u32 = CONTROL + 1024;
export const EPOCH_BYTES: u32 = 48;
/** Lateness of sends: 11 × f64 counts, then the sum in seconds. */
export const LATENESS: u32 = CONTROL + 2048;
export const LATENESS_BUCKETS: u32 = 11;
