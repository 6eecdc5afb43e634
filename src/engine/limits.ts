// The bounds that TypeScript shares with wasm/limits.ts and native/limits.h; a test compares them.

export const SERIES_MAX = 4096;
export const INFLIGHT_MAX = 1 << 20;
export const IDENTIFIERS_MAX = 16;
export const TRACES_MAX = 4096;
export const PROBES_MAX = 8192;
export const FLOWS_MAX = 256;
export const RESULTS_MAX = 8192;
export const MPLS_MAX = 8;
export const PROBE_PAYLOAD_BYTES_MIN = 20;
export const OUTBOX_MAX = 64;
export const INBOX_MAX = 64;
export const STAMPS_MAX = 1024;
export const RECORD_HEADER_BYTES = 64;
export const PACKET_BYTES = 1600;
export const STAMP_BYTES = 24;
export const PAYLOAD_BYTES_MIN = 16;
export const PAYLOAD_BYTES_MAX = 1472;
export const WINDOW_MAX = 512;
export const CLOSED_MAX = 8192;
export const EVENTS_MAX = 8192;
export const LOG_MAX = 8192;
export const TIMEOUT_MS_MAX = 60000;
export const LATE_MS_MAX = 30000;
export const ABI_VERSION = 3;

/** The fewest slots of the flight table; it is made larger, never smaller. */
export const SLOTS_MIN = 4096;
/** Drains in one tick: a flood that passes the filters must not hold the event loop. */
export const DRAINS_MAX = 64;
