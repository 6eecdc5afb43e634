// Rounds. All series share the wall-clock grid, so a period (epoch) is global and each series has
// one accumulator in each open epoch. An epoch ends when the wall clock leaves it (also by a step),
// and closes a timeout later, when every probe sent in it is resolved. A closed round is one record
// of f64 in the ring CLOSED.
import { monoNow, realNow } from './clock';
import {
  CLOCK_SYNCED,
  CLOSED,
  CLOSED_BYTES,
  EPOCH_BYTES,
  EPOCHS,
  ROUND,
  ROUND_BYTES,
  SAMPLES,
  SAMPLES_BYTES,
} from './layout';
import { CLOSE_BATCH_MAX, CLOSED_MAX, ROUNDS_OPEN_MAX, SAMPLES_MAX, SERIES_MAX } from './limits';
import { randomBelow } from './random';
import { DROP_CLOSED, drop, RING_CLOSED, ringRead, ringWrite, ringWritten } from './ring';
import { at, FREE, S_ROUND_SEQUENCE, S_STATE, seriesEnd } from './series';
import { sortSamples } from './sort';

// A round's accumulator. Counts are u32, moments f64 (ns).
export const R_SENT: u32 = 0;
export const R_RECEIVED: u32 = 4;
export const R_LOST: u32 = 8;
export const R_DISCARDED: u32 = 12;
export const R_LATE: u32 = 16;
export const R_DUPLICATES: u32 = 20;
export const R_REORDERED: u32 = 24;
export const R_SKIPPED: u32 = 28;
export const R_ERRORS: u32 = 32;
export const R_QUALITY: u32 = 60;
export const R_BURST: u32 = 76;
export const R_BURST_MAX: u32 = 80;
const R_KEPT: u32 = 84;
/** The first sample, the sum of what the others differ from it by, and of the squares of that. */
const R_FIRST: u32 = 88;
const R_APART: u32 = 96;
const R_SQUARES: u32 = 104;
const R_MIN: u32 = 112;
const R_MAX: u32 = 120;
export const R_JITTER_SUM: u32 = 128;
export const R_JITTER_COUNT: u32 = 136;
/** 1 once anything was written: an untouched accumulator leaves no round. */
const R_USED: u32 = 140;
export const R_JITTER_RFC: u32 = 144;
export const R_QUEUE_SUM: u32 = 152;
export const R_QUEUE_COUNT: u32 = 160;

const E_STATE: u32 = 0;
const E_FLAGS: u32 = 4;
const E_FROM: u32 = 8;
const E_UNTIL: u32 = 16;
const E_CLOSE: u32 = 24;
const E_CURSOR: u32 = 32;
const E_SERIAL: u32 = 36;

const EPOCH_FREE: u32 = 0;
const EPOCH_CURRENT: u32 = 1;
const EPOCH_ENDED: u32 = 2;
const FLAG_UNSYNCED: u32 = 1;
const FLAG_LOADED: u32 = 2;
/** Beyond the timeout: expiry has some slack of its own, and must come first. */
const CLOSE_SLACK_NS: u64 = 50_000_000;

let roundNs: u64 = 0;
let closeAfterNs: u64 = 0;
let loaded: bool = false;
/** Serial number of the current epoch; 0 before the first. */
let current: u32 = 0;

export function resetRounds(lengthNs: u64, timeoutNs: u64): void {
  roundNs = lengthNs;
  closeAfterNs = timeoutNs + CLOSE_SLACK_NS;
  loaded = false;
  current = 0;
  memory.fill(EPOCHS, 0, ROUNDS_OPEN_MAX * EPOCH_BYTES);
}

/** While a test of our own loads the line, every round that it touches is marked. */
export function setLoaded(isLoaded: u32): void {
  loaded = isLoaded != 0;
}

export function currentEpoch(): u32 {
  return current;
}

function epochAt(serial: u32): u32 {
  return EPOCHS + (serial % ROUNDS_OPEN_MAX) * EPOCH_BYTES;
}

/** Follows the wall clock: ends the epoch that it has left and begins the next. */
export function rollEpoch(): void {
  const from = realNow - (realNow % roundNs);
  const last = epochAt(current);
  if (load<u32>(last + E_STATE) == EPOCH_CURRENT) {
    if (load<u64>(last + E_FROM) == from) {
      flagEpoch(last);
      return;
    }
    store<u32>(last + E_STATE, EPOCH_ENDED);
    store<u64>(last + E_CLOSE, monoNow + closeAfterNs);
  }
  current++;
  const epoch = epochAt(current);
  // Only a wall clock that jumps about several times within a timeout can find the slot taken.
  if (load<u32>(epoch + E_STATE) != EPOCH_FREE) closeEpoch(epoch, u32.MAX_VALUE);
  memory.fill(epoch, 0, EPOCH_BYTES);
  store<u32>(epoch + E_STATE, EPOCH_CURRENT);
  store<u32>(epoch + E_SERIAL, current);
  store<u64>(epoch + E_FROM, from);
  store<u64>(epoch + E_UNTIL, from + roundNs);
  flagEpoch(epoch);
}

function flagEpoch(epoch: u32): void {
  let flags = load<u32>(epoch + E_FLAGS);
  if (load<u32>(CLOCK_SYNCED) == 0) flags |= FLAG_UNSYNCED;
  if (loaded) flags |= FLAG_LOADED;
  store<u32>(epoch + E_FLAGS, flags);
}

/** The accumulator of a series in an epoch, or 0 when that round is closed already. */
export function roundAt(series: u32, serial: u32): u32 {
  const epoch = epochAt(serial);
  if (load<u32>(epoch + E_SERIAL) != serial) return 0;
  if (load<u32>(epoch + E_STATE) == EPOCH_FREE) return 0;
  if (series < load<u32>(epoch + E_CURSOR)) return 0;
  const round = accumulator(series, serial % ROUNDS_OPEN_MAX);
  if (load<u32>(round + R_USED) == 0) {
    store<u32>(round + R_USED, 1);
    store<f64>(round + R_JITTER_RFC, -1);
  }
  return round;
}

/** Reads a word of each line that the next sample of a series will change (see ahead.ts). */
export function peekRound(series: u32, serial: u32): u32 {
  const round = accumulator(series, serial % ROUNDS_OPEN_MAX);
  const place = samplesAt(round) + (load<u32>(round + R_KEPT) % SAMPLES_MAX) * 8;
  return load<u32>(round) + load<u32>(round + R_JITTER_COUNT) + load<u32>(place);
}

function accumulator(series: u32, slot: u32): u32 {
  return ROUND + (slot * SERIES_MAX + series) * ROUND_BYTES;
}

function samplesAt(round: u32): u32 {
  return SAMPLES + ((round - ROUND) / ROUND_BYTES) * SAMPLES_BYTES;
}

export function count(address: u32): void {
  store<u32>(address, load<u32>(address) + 1);
}

/**
 * Takes an RTT (ns) into the round's figures. Sums are of the distance from the first sample, which
 * spares a division and cancels no more than n-fold, as that sample is one of them; beyond 512
 * Vitter's algorithm R chooses which are kept.
 */
export function addSample(round: u32, rtt: f64): void {
  const n = load<u32>(round + R_RECEIVED) + 1;
  store<u32>(round + R_RECEIVED, n);
  if (n == 1) {
    store<f64>(round + R_FIRST, rtt);
    store<f64>(round + R_MIN, rtt);
    store<f64>(round + R_MAX, rtt);
  }
  const apart = rtt - load<f64>(round + R_FIRST);
  store<f64>(round + R_APART, load<f64>(round + R_APART) + apart);
  store<f64>(round + R_SQUARES, load<f64>(round + R_SQUARES) + apart * apart);
  if (rtt < load<f64>(round + R_MIN)) store<f64>(round + R_MIN, rtt);
  if (rtt > load<f64>(round + R_MAX)) store<f64>(round + R_MAX, rtt);
  const kept = load<u32>(round + R_KEPT);
  const samples = samplesAt(round);
  if (kept < SAMPLES_MAX) {
    store<f64>(samples + kept * 8, rtt);
    store<u32>(round + R_KEPT, kept + 1);
    return;
  }
  const place = randomBelow(n);
  if (place < SAMPLES_MAX) store<f64>(samples + place * 8, rtt);
}

/** True while the series has an accumulator that has not been closed. */
export function hasOpenRound(series: u32): bool {
  for (let slot: u32 = 0; slot < ROUNDS_OPEN_MAX; slot++) {
    if (load<u32>(accumulator(series, slot) + R_USED) != 0) return true;
  }
  return false;
}

/**
 * Closes what is due, a batch of series at a time; the oldest epoch first, so that the rounds of a
 * series are numbered in the order of time.
 */
export function closeRounds(): void {
  for (let back: u32 = ROUNDS_OPEN_MAX; back-- > 0; ) {
    const epoch = epochAt(current - back);
    if (load<u32>(epoch + E_STATE) != EPOCH_ENDED) continue;
    if (monoNow >= load<u64>(epoch + E_CLOSE)) closeEpoch(epoch, CLOSE_BATCH_MAX);
  }
}

/** When the next epoch closes (raw ns); now, while a batch is left over; u64.MAX_VALUE if none. */
export function nextClose(): u64 {
  let next: u64 = u64.MAX_VALUE;
  for (let slot: u32 = 0; slot < ROUNDS_OPEN_MAX; slot++) {
    const epoch = EPOCHS + slot * EPOCH_BYTES;
    if (load<u32>(epoch + E_STATE) != EPOCH_ENDED) continue;
    next = min<u64>(next, load<u64>(epoch + E_CLOSE));
  }
  return next;
}

/** Closes the current epoch at once, as an orderly end does. */
export function closeAll(): void {
  for (let back: u32 = ROUNDS_OPEN_MAX; back-- > 0; ) {
    const epoch = epochAt(current - back);
    if (load<u32>(epoch + E_STATE) != EPOCH_FREE) closeEpoch(epoch, u32.MAX_VALUE);
  }
}

function closeEpoch(epoch: u32, batch: u32): void {
  const slot = (epoch - EPOCHS) / EPOCH_BYTES;
  let series = load<u32>(epoch + E_CURSOR);
  const end = seriesEnd > series && seriesEnd - series > batch ? series + batch : seriesEnd;
  for (; series < end; series++) {
    if (load<u32>(at(series) + S_STATE) == FREE) continue;
    const round = accumulator(series, slot);
    if (load<u32>(round + R_USED) == 0) continue;
    discardRest(round);
    closeRound(epoch, series, round);
    memory.fill(round, 0, ROUND_BYTES);
  }
  store<u32>(epoch + E_CURSOR, series);
  if (series >= seriesEnd) store<u32>(epoch + E_STATE, EPOCH_FREE);
}

/**
 * Only an epoch that a jumping clock cut short holds probes whose fate is not known when it closes:
 * they are no samples, and sent = received + lost + discarded holds.
 */
function discardRest(round: u32): void {
  const known = load<u32>(round + R_RECEIVED) + load<u32>(round + R_LOST);
  store<u32>(round + R_DISCARDED, load<u32>(round + R_SENT) - known);
}

function closeRound(epoch: u32, series: u32, round: u32): void {
  const sequence = load<u32>(at(series) + S_ROUND_SEQUENCE);
  store<u32>(at(series) + S_ROUND_SEQUENCE, sequence + 1);
  if (ringWritten(RING_CLOSED) - ringRead(RING_CLOSED) >= CLOSED_MAX) {
    drop(DROP_CLOSED);
    return;
  }
  out = CLOSED + (ringWritten(RING_CLOSED) % CLOSED_MAX) * CLOSED_BYTES;
  put(<f64>series);
  put(<f64>sequence);
  put(<f64>(load<u64>(epoch + E_FROM) / 1_000_000));
  put(<f64>(load<u64>(epoch + E_UNTIL) / 1_000_000));
  put(<f64>load<u32>(epoch + E_FLAGS));
  for (let field = R_SENT; field < R_BURST; field += 4) put(<f64>load<u32>(round + field));
  put(<f64>load<u32>(round + R_BURST_MAX));
  putFigures(round);
  const pairs = load<u32>(round + R_JITTER_COUNT);
  put(pairs == 0 ? -1 : load<f64>(round + R_JITTER_SUM) / <f64>pairs);
  put(load<f64>(round + R_JITTER_RFC));
  const queued = load<u32>(round + R_QUEUE_COUNT);
  put(queued == 0 ? -1 : load<f64>(round + R_QUEUE_SUM) / <f64>queued);
  ringWrite(RING_CLOSED);
}

/** min, p10, p25, median, p75, p90, max, mean, stddev (of the sample), exact; −1 when empty. */
function putFigures(round: u32): void {
  const received = load<u32>(round + R_RECEIVED);
  const kept = load<u32>(round + R_KEPT);
  if (kept == 0) {
    for (let i = 0; i < 9; i++) put(-1);
    put(1);
    return;
  }
  const samples = samplesAt(round);
  sortSamples(samples, kept);
  put(load<f64>(round + R_MIN));
  put(nearestRank(samples, kept, 10));
  put(nearestRank(samples, kept, 25));
  put(nearestRank(samples, kept, 50));
  put(nearestRank(samples, kept, 75));
  put(nearestRank(samples, kept, 90));
  put(load<f64>(round + R_MAX));
  const n = <f64>received;
  const apart = load<f64>(round + R_APART) / n;
  put(load<f64>(round + R_FIRST) + apart);
  const squares = max<f64>(0, load<f64>(round + R_SQUARES) - apart * apart * n);
  put(received > 1 ? Math.sqrt(squares / (n - 1)) : 0);
  put(received == kept ? 1 : 0);
}

/** The value at rank ⌈percent·n/100⌉ of n sorted samples. */
function nearestRank(samples: u32, n: u32, percent: u32): f64 {
  const rank = max<u32>(1, (percent * n + 99) / 100);
  return load<f64>(samples + (rank - 1) * 8);
}

let out: u32 = 0;

function put(value: f64): void {
  store<f64>(out, value);
  out += 8;
}
