// The rings that TypeScript reads (closed rounds, events, log lines, outcomes of TTL-limited
// probes), and what was dropped because a table was full. A ring is two u32 counts, written and
// read, that may wrap.
import { DROPS, LOG, LOG_BYTES, RINGS } from './layout';
import { LOG_MAX } from './limits';
import { add } from './series';

export const RING_CLOSED: u32 = 0;
export const RING_EVENTS: u32 = 8;
export const RING_LOG: u32 = 16;
export const RING_RESULTS: u32 = 24;

export const DROP_FLIGHT: u32 = 0;
export const DROP_WINDOW: u32 = 1;
export const DROP_CLOSED: u32 = 2;
export const DROP_EVENTS: u32 = 3;
export const DROP_LOG: u32 = 4;
export const DROP_STAMPS: u32 = 5;
export const DROP_PROBES: u32 = 6;
export const DROP_RESULTS: u32 = 7;

export function ringWritten(ring: u32): u32 {
  return load<u32>(RINGS + ring);
}

export function ringRead(ring: u32): u32 {
  return load<u32>(RINGS + ring + 4);
}

export function ringWrite(ring: u32): void {
  store<u32>(RINGS + ring, load<u32>(RINGS + ring) + 1);
}

export function drop(table: u32): void {
  add(DROPS + table * 8, 1);
}

export const LOG_REPLY: u32 = 1;
export const LOG_LOST: u32 = 2;
export const LOG_ICMP_ERROR: u32 = 3;
export const LOG_SEND_ERROR: u32 = 4;
export const LOG_LATE: u32 = 5;
export const LOG_DUPLICATE: u32 = 6;
export const LOG_DISCARDED: u32 = 7;

export let isLogging: bool = false;

/** The log holds a line for each probe's fate; only the command line tools switch it on. */
export function setLogging(on: u32): void {
  isLogging = on != 0;
}

/**
 * 0 f64 kind, 8 series, 16 attempt, 24 rtt ns (−1 none), 32 quality, 40 ttl (−1), 48 sent Unix ms,
 * 56 info (errno, or ICMP type << 8 | code), 64 16 bytes address of whoever answered.
 */
export function logLine(kind: u32, series: u32, attempt: u32, sentReal: u64): u32 {
  if (!isLogging) return 0;
  const written = ringWritten(RING_LOG);
  if (written - ringRead(RING_LOG) >= LOG_MAX) {
    drop(DROP_LOG);
    return 0;
  }
  const line = LOG + (written % LOG_MAX) * LOG_BYTES;
  store<f64>(line, <f64>kind);
  store<f64>(line + 8, <f64>series);
  store<f64>(line + 16, <f64>attempt);
  store<f64>(line + 24, -1);
  store<f64>(line + 32, -1);
  store<f64>(line + 40, -1);
  store<f64>(line + 48, <f64>(sentReal / 1000) / 1000);
  store<f64>(line + 56, 0);
  store<u64>(line + 64, 0);
  store<u64>(line + 72, 0);
  ringWrite(RING_LOG);
  return line;
}
