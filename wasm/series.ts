// The state of one series, a (target, family) at one address. Offsets into its block of
// SERIES_BYTES; counters are f64, because that is what crosses to TypeScript without BigInt.
import { clearHistogram } from './histogram';
import {
  ROUND,
  ROUND_BYTES,
  SERIES,
  SERIES_BYTES,
  WINDOW,
  WINDOW_BYTES,
  WINDOW_ENTRY_BYTES,
} from './layout';
import { ROUNDS_OPEN_MAX, SERIES_MAX, WINDOW_MAX } from './limits';

// What a reply is held against and what it changes stands in the first lines of the cache: most of
// what a reply costs is fetching them. A star marks what TypeScript writes before startSeries().
export const S_STATE: u32 = 0;
/** * 4 or 6. */
export const S_FAMILY: u32 = 4;
/** * 16 bytes, IPv4 in the first four. */
export const S_ADDRESS: u32 = 8;
export const S_SERIAL: u32 = 24;
/** * Bytes behind the ICMP header. */
export const S_PAYLOAD: u32 = 28;
export const S_WINDOW_MASK: u32 = 32;
/** The next sequence number of an accepted send, and the first that is not resolved yet. */
export const S_SEQ_NEXT: u32 = 36;
export const S_FRONTIER: u32 = 40;
/** One more than the highest sequence number that was answered (RFC 4737's NextExp). */
export const S_HIGHEST: u32 = 44;
export const S_LAST_TTL: u32 = 48;
export const S_LOST_ROW: u32 = 52;
export const S_OUTAGE_OPEN: u32 = 56;
/** Built and not settled. */
export const S_UNSETTLED: u32 = 60;
export const S_PAIR_RTT: u32 = 64;
export const S_ARRIVAL_RTT: u32 = 72;
export const S_JITTER_RFC: u32 = 80;
// From here on counters are f64, unless said otherwise.
export const S_RECEIVED: u32 = 88;
/** Seconds. */
export const S_RTT_SUM: u32 = 96;
/** 4, in the order of QUALITY_KERNEL …. */
export const S_QUALITY: u32 = 104;
export const S_SENT: u32 = 136;
/** u32 probes handed to the kernel, refused ones included; what `flint ping` calls seq. */
export const S_ATTEMPTS: u32 = 144;
export const S_ROUND_SEQUENCE: u32 = 148;
/** * Where from and how: all 0 leaves it to the kernel. */
export const S_SOURCE: u32 = 152;
export const S_IFINDEX: u32 = 168;
export const S_SCOPE: u32 = 172;
export const S_TOS: u32 = 176;
export const S_TTL: u32 = 180;
export const S_FLAGS: u32 = 184;
export const S_LAST_SENT_REAL: u32 = 192;
/** * u64 ns. */
export const S_INTERVAL: u32 = 200;
// Schedule.
export const S_GRID: u32 = 208;
export const S_DUE: u32 = 216;
export const S_WHEEL_NEXT: u32 = 224;
export const S_WHEEL_PREV: u32 = 228;
export const S_WHEEL_SLOT: u32 = 232;
// Outage.
export const S_FIRST_LOST_MONO: u32 = 240;
export const S_FIRST_LOST_REAL: u32 = 248;
export const S_OUTAGES: u32 = 256;
export const S_OUTAGE_SECONDS: u32 = 264;
// Counters that move seldom.
export const S_LOST: u32 = 272;
export const S_DISCARDED: u32 = 280;
export const S_LATE: u32 = 288;
export const S_DUPLICATES: u32 = 296;
export const S_REORDERED: u32 = 304;
export const S_SKIPPED: u32 = 312;
/** 7, by reason (see reasonOf). */
export const S_ERRORS: u32 = 320;
/** ICMP errors that quoted one of our probes. */
export const S_ICMP_ERRORS: u32 = 376;
/** SPARKY's histogram: 21 counts, the last is +Inf. */
export const S_BUCKETS: u32 = 384;

export const FREE: u32 = 0;
export const ACTIVE: u32 = 1;
export const DRAINING: u32 = 2;

export const NONE: u32 = 0xffffffff;
/** Outcomes in the window; anything ≥ 0 is an RTT in ns. */
export const PENDING: f64 = -1;
export const LOST: f64 = -2;
export const DISCARDED: f64 = -3;

export const W_OUTCOME: u32 = 0;
export const W_SENT_MONO: u32 = 8;
export const W_SENT_REAL: u32 = 16;
export const W_EPOCH: u32 = 24;

/** One more than the highest series index in use: loops end there. */
export let seriesEnd: u32 = 0;
let serial: u32 = 0;

export function at(series: u32): u32 {
  return SERIES + series * SERIES_BYTES;
}

export function windowAt(series: u32, seq: u32): u32 {
  const mask = load<u32>(at(series) + S_WINDOW_MASK);
  return WINDOW + series * WINDOW_BYTES + (seq & mask) * WINDOW_ENTRY_BYTES;
}

export function add(address: u32, amount: f64): void {
  store<f64>(address, load<f64>(address) + amount);
}

/** The lowest free index, zeroed, or NONE when all are taken. */
export function takeSeries(): u32 {
  for (let i: u32 = 0; i < SERIES_MAX; i++) {
    if (load<u32>(at(i) + S_STATE) != FREE) continue;
    memory.fill(at(i), 0, SERIES_BYTES);
    for (let slot: u32 = 0; slot < ROUNDS_OPEN_MAX; slot++) {
      memory.fill(ROUND + (slot * SERIES_MAX + i) * ROUND_BYTES, 0, ROUND_BYTES);
    }
    clearHistogram(i);
    store<u32>(at(i) + S_SERIAL, ++serial);
    store<u32>(at(i) + S_WHEEL_SLOT, NONE);
    store<u32>(at(i) + S_LAST_TTL, NONE);
    store<f64>(at(i) + S_PAIR_RTT, -1);
    store<f64>(at(i) + S_ARRIVAL_RTT, -1);
    store<f64>(at(i) + S_JITTER_RFC, -1);
    if (i >= seriesEnd) seriesEnd = i + 1;
    return i;
  }
  return NONE;
}

/** What still comes in for its probes is stale from now on: no serial is 0. */
export function releaseSeries(series: u32): void {
  store<u32>(at(series) + S_STATE, FREE);
  store<u32>(at(series) + S_SERIAL, 0);
  while (seriesEnd > 0 && load<u32>(at(seriesEnd - 1) + S_STATE) == FREE) seriesEnd--;
}

/** Window slots for `unresolved` probes at once: the next power of two, 16 … WINDOW_MAX. */
export function windowMask(unresolved: u32): u32 {
  let size: u32 = 16;
  while (size < unresolved && size < WINDOW_MAX) size <<= 1;
  return size - 1;
}
