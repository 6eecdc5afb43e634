// Every bound of the hot path. The same words stand in native/limits.h and src/engine/limits.ts;
// a test compares them. Nothing grows at run time: a full table is a counted drop.

/** (target, family) pairs that can be measured at once. */
export const SERIES_MAX: u32 = 4096;
/** Probes in flight, and answered ones that are still recognised: 16 identifiers × 65 536. */
export const INFLIGHT_MAX: u32 = 1 << 20;
/** Consecutive ICMP identifiers; a power of two, so that one BPF mask covers them and the sixteen
 * behind them, whose first is that of TTL-limited probes. */
export const IDENTIFIERS_MAX: u32 = 16;
/** Paths that are traced at once, and TTL-limited probes in flight or still recognised. */
export const TRACES_MAX: u32 = 4096;
export const PROBES_MAX: u32 = 8192;
/** Flows of one path: consecutive source ports, a power of two. */
export const FLOWS_MAX: u32 = 256;
/** Outcomes of TTL-limited probes that wait for a reader. */
export const RESULTS_MAX: u32 = 8192;
/** Labels of a stack that are kept (RFC 4950). */
export const MPLS_MAX: u32 = 8;
/** UDP and ICMP payload of a TTL-limited probe: slot, generation, cookie, and what keeps the
 * checksum as it has to be. */
export const PROBE_PAYLOAD_BYTES_MIN: u32 = 20;
/** Packets that one sendmmsg and one recvmmsg move; 16–64 is the optimum that was measured. */
export const OUTBOX_MAX: u32 = 64;
export const INBOX_MAX: u32 = 64;
/** Transmit stamps that one drain hands over. */
export const STAMPS_MAX: u32 = 1024;
/** Header of an outbox or inbox record, and the packet bytes behind it (MTU 1500 + IP options). */
export const RECORD_HEADER_BYTES: u32 = 64;
export const PACKET_BYTES: u32 = 1600;
export const STAMP_BYTES: u32 = 24;
/** Bytes behind the ICMP header. The least holds slot, generation and cookie. */
export const PAYLOAD_BYTES_MIN: u32 = 16;
export const PAYLOAD_BYTES_MAX: u32 = 1472;
/** Unresolved probes of one series; a power of two. */
export const WINDOW_MAX: u32 = 512;
/** RTTs that a round keeps for its exact figures; beyond that a uniform reservoir. */
export const SAMPLES_MAX: u32 = 512;
/** Rounds of one series that are not closed yet. */
export const ROUNDS_OPEN_MAX: u32 = 4;
/** Closed rounds, events and log lines that wait for a reader. */
export const CLOSED_MAX: u32 = 8192;
export const EVENTS_MAX: u32 = 8192;
export const LOG_MAX: u32 = 8192;
/** Series whose rounds are closed in one tick, so that a wake-up stays short. */
export const CLOSE_BATCH_MAX: u32 = 128;
/** Ticks that losses may wait for a backlog in the sockets to be read. */
export const POSTPONED_MAX: u32 = 16;
/** Slots of the wheel, each 2^21 ns ≈ 2.1 ms: one turn is 8.6 s. */
export const WHEEL_SLOTS: u32 = 4096;
export const WHEEL_SHIFT: u32 = 21;
/** 64 linear buckets, then 64 an octave up to 2^36 ns ≈ 68 s. */
export const HISTOGRAM_BUCKETS: u32 = 1984;
/** The longest timeout of an echo, and how long after it a reply still counts as late (ms). */
export const TIMEOUT_MS_MAX: u32 = 60000;
export const LATE_MS_MAX: u32 = 30000;
/** An outage is at least this many probes and this long without an answer. */
export const OUTAGE_PROBES_MIN: u32 = 5;
export const OUTAGE_MS_MIN: u32 = 5000;
