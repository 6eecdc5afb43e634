// From what the kernel handed over to figures: transmit stamps first, then packets, then expiry.
// A packet is believed when identifier, sequence number, slot, generation, cookie, address and
// length all fit; anything else is counted by reason and changes nothing.
import { elapsed, monoNow, realNow, stepCount } from './clock';
import {
  ANSWERED,
  EXPIRED,
  F_ATTEMPT,
  F_EPOCH,
  F_GENERATION,
  F_OFFSET,
  F_SCHEDULED,
  F_SENT_MONO,
  F_SENT_USER,
  F_SEQ,
  F_SERIAL,
  F_SERIES,
  F_STAMP,
  F_STATE,
  F_STEPS,
  finish,
  flightAt,
  free,
  INFLIGHT,
  inflight,
  KEY_GENERATION_MASK,
  KEY_SLOT_BITS,
  KEY_SLOT_MASK,
  oldest,
  stateOf,
} from './flight';
import { recordRtt } from './histogram';
import { INBOX, RECORD_BYTES, STAMPS } from './layout';
import { INFLIGHT_MAX, LATE_MS_MAX, PROBES_MAX, STAMP_BYTES, STAMPS_MAX } from './limits';
import { ABANDONED, resolve } from './outcome';
import {
  isLogging,
  LOG_DISCARDED,
  LOG_DUPLICATE,
  LOG_LATE,
  LOG_LOST,
  LOG_REPLY,
  logLine,
} from './ring';
import {
  addSample,
  count,
  R_DISCARDED,
  R_DUPLICATES,
  R_JITTER_RFC,
  R_LATE,
  R_LOST,
  R_QUALITY,
  R_QUEUE_COUNT,
  R_QUEUE_SUM,
  R_REORDERED,
  roundAt,
} from './round';
import {
  add,
  at,
  DISCARDED,
  LOST,
  S_ARRIVAL_RTT,
  S_BUCKETS,
  S_DISCARDED,
  S_DUPLICATES,
  S_HIGHEST,
  S_JITTER_RFC,
  S_LAST_TTL,
  S_LATE,
  S_LOST,
  S_QUALITY,
  S_RECEIVED,
  S_REORDERED,
  S_RTT_SUM,
  S_SERIAL,
} from './series';

export const QUALITY_KERNEL: u32 = 0;
export const QUALITY_MIXED: u32 = 1;
export const QUALITY_USER: u32 = 2;

const STAMP_SENT: u32 = 0;
/** An expiry may come this much late, so that a reply at the very limit is read first. */
export const EXPIRY_SLACK_NS: u64 = 20_000_000;
export const LATE_NS_MAX: i64 = <i64>LATE_MS_MAX * 1_000_000;

let timeoutNs: u64 = 0;

export function setTimeoutNs(ns: u64): void {
  timeoutNs = ns;
}

/** STAMPS: n × { u32 key, u32 kind (0 sent, 1 scheduled), u64 REALTIME ns, u64 hardware }. */
export function foldStamps(n: u32): void {
  assert(n <= STAMPS_MAX);
  for (let i: u32 = 0; i < n; i++) {
    const stamp = STAMPS + i * STAMP_BYTES;
    const key = load<u32>(stamp);
    const slot = key & KEY_SLOT_MASK;
    if (slot >= INFLIGHT_MAX + PROBES_MAX) continue;
    const entry = flightAt(slot);
    const generation = load<u32>(entry + F_GENERATION) & KEY_GENERATION_MASK;
    if (generation != key >> KEY_SLOT_BITS) continue;
    const isSent = load<u32>(stamp + 4) == STAMP_SENT;
    store<u64>(entry + (isSent ? F_STAMP : F_SCHEDULED), load<u64>(stamp + 8));
  }
}

/**
 * A genuine reply to the probe in `entry`, whose inbox record is `record`. False when it comes too
 * late to count as late.
 */
export function takeReply(entry: u32, record: u32): bool {
  const series = load<u32>(entry + F_SERIES);
  const state = stateOf(entry);
  if (state == INFLIGHT) return timeReply(series, entry, record);
  if (state == EXPIRED) return takeLate(series, entry, record);
  takeDuplicate(series, entry, record);
  return true;
}

/** Whether the clock stepped since the probe was sent. */
export function hasStep(entry: u32): bool {
  return load<u16>(entry + F_STEPS) != <u16>stepCount;
}

/** ns from the best stamp of sending to the best stamp of receipt. */
export function rttOf(entry: u32, record: u32): i64 {
  const kernelTx = load<u64>(entry + F_STAMP);
  const received = load<u64>(record + 8);
  const tx = kernelTx != 0 ? kernelTx : load<u64>(entry + F_SENT_USER);
  const rx = received != 0 ? received : realNow;
  return elapsed(tx, rx, load<u64>(entry + F_SENT_MONO), load<i64>(entry + F_OFFSET));
}

export function qualityOf(entry: u32, record: u32): u32 {
  const isKernelTx = load<u64>(entry + F_STAMP) != 0;
  // A transport without kernel stamps writes when it was told of the packet, and source 0.
  const isKernelRx = load<u32>(record + 28) != 0;
  if (isKernelTx && isKernelRx) return QUALITY_KERNEL;
  return isKernelTx || isKernelRx ? QUALITY_MIXED : QUALITY_USER;
}

function timeReply(series: u32, entry: u32, record: u32): bool {
  const rtt = rttOf(entry, record);
  // A clock that stepped while the probe was out, or stamps in the wrong order: no figure.
  if (hasStep(entry) || rtt < 0) {
    discard(series, entry);
    return true;
  }
  if (<u64>rtt > timeoutNs) {
    lose(series, entry);
    return takeLate(series, entry, record);
  }
  receive(series, entry, record, rtt, qualityOf(entry, record));
  return true;
}

function receive(series: u32, entry: u32, record: u32, rtt: i64, quality: u32): void {
  finish(entry, ANSWERED);
  const block = at(series);
  const seq = load<u32>(entry + F_SEQ);
  const ns = <f64>rtt;
  const round = roundAt(series, load<u32>(entry + F_EPOCH));
  add(block + S_RECEIVED, 1);
  add(block + S_QUALITY + quality * 8, 1);
  add(block + S_RTT_SUM, ns * 1e-9);
  add(block + S_BUCKETS + sparkyBucket(rtt) * 8, 1);
  store<u32>(block + S_LAST_TTL, load<u32>(record + 48));
  recordRtt(series, <u64>rtt);
  const jitter = arrivalJitter(block, ns);
  const highest = load<u32>(block + S_HIGHEST);
  const isReordered = seq + 1 < highest;
  if (isReordered) add(block + S_REORDERED, 1);
  else store<u32>(block + S_HIGHEST, seq + 1);
  if (round != 0) {
    addSample(round, ns);
    count(round + R_QUALITY + quality * 4);
    if (isReordered) count(round + R_REORDERED);
    if (jitter >= 0) store<f64>(round + R_JITTER_RFC, jitter);
    addQueue(round, entry);
  }
  resolve(series, seq, ns);
  if (isLogging) logReply(entry, record, ns, quality);
}

function logReply(entry: u32, record: u32, rtt: f64, quality: u32): void {
  const series = load<u32>(entry + F_SERIES);
  const sent = load<u64>(entry + F_SENT_USER);
  const line = logLine(LOG_REPLY, series, load<u32>(entry + F_ATTEMPT), sent);
  if (line != 0) finishLine(line, record, rtt, quality);
}

/** RFC 3550 §6.4.1 with RTTs for transit times, in order of arrival; −1 before there are two. */
function arrivalJitter(block: u32, rtt: f64): f64 {
  const last = load<f64>(block + S_ARRIVAL_RTT);
  store<f64>(block + S_ARRIVAL_RTT, rtt);
  if (last < 0) return -1;
  const before = max<f64>(0, load<f64>(block + S_JITTER_RFC));
  const jitter = before + (Math.abs(rtt - last) - before) / 16;
  store<f64>(block + S_JITTER_RFC, jitter);
  return jitter;
}

/** Time between the packet scheduler and the wire: our own queue, not the network's. */
function addQueue(round: u32, entry: u32): void {
  const scheduled = load<u64>(entry + F_SCHEDULED);
  const sent = load<u64>(entry + F_STAMP);
  if (scheduled == 0 || sent < scheduled) return;
  add(round + R_QUEUE_SUM, <f64>(sent - scheduled));
  count(round + R_QUEUE_COUNT);
}

/** SPARKY's bounds are 50 µs · 2^k; a bound belongs to its bucket (`le`). 20 is +Inf. */
export function sparkyBucket(rtt: i64): u32 {
  // 50 000 lies between 2^15 and 2^16: the highest bit leaves two buckets to choose from.
  const low = max<i64>(0, 48 - clz<i64>(rtt | 1));
  const bucket = low + i64(rtt > (<i64>50_000) << low);
  return <u32>min<i64>(bucket, 20);
}

function discard(series: u32, entry: u32): void {
  finish(entry, ANSWERED);
  add(at(series) + S_DISCARDED, 1);
  const round = roundAt(series, load<u32>(entry + F_EPOCH));
  if (round != 0) count(round + R_DISCARDED);
  resolve(series, load<u32>(entry + F_SEQ), DISCARDED);
  logLine(LOG_DISCARDED, series, load<u32>(entry + F_ATTEMPT), load<u64>(entry + F_SENT_USER));
}

function lose(series: u32, entry: u32): void {
  finish(entry, EXPIRED);
  add(at(series) + S_LOST, 1);
  const round = roundAt(series, load<u32>(entry + F_EPOCH));
  if (round != 0) count(round + R_LOST);
  resolve(series, load<u32>(entry + F_SEQ), LOST);
  logLine(LOG_LOST, series, load<u32>(entry + F_ATTEMPT), load<u64>(entry + F_SENT_USER));
}

/** Counts in its round while that is open, beyond it in the counters only, for LATE_MS_MAX. */
function takeLate(series: u32, entry: u32, record: u32): bool {
  const rtt = lateRtt(entry, record);
  if (rtt > <i64>timeoutNs + LATE_NS_MAX) return false;
  // A second copy of a late reply is a duplicate.
  finishLate(entry);
  add(at(series) + S_LATE, 1);
  const round = roundAt(series, load<u32>(entry + F_EPOCH));
  if (round != 0) count(round + R_LATE);
  const line = logLine(
    LOG_LATE,
    series,
    load<u32>(entry + F_ATTEMPT),
    load<u64>(entry + F_SENT_USER),
  );
  if (line != 0) finishLine(line, record, <f64>max<i64>(0, rtt), QUALITY_USER);
  return true;
}

function finishLate(entry: u32): void {
  store<u8>(entry + F_STATE, <u8>ANSWERED);
}

/** From the stamps; after a step of the clock, from the raw times of sending and reading. */
export function lateRtt(entry: u32, record: u32): i64 {
  if (hasStep(entry)) return <i64>(monoNow - load<u64>(entry + F_SENT_MONO));
  return rttOf(entry, record);
}

function takeDuplicate(series: u32, entry: u32, record: u32): void {
  add(at(series) + S_DUPLICATES, 1);
  const round = roundAt(series, load<u32>(entry + F_EPOCH));
  if (round != 0) count(round + R_DUPLICATES);
  const line = logLine(
    LOG_DUPLICATE,
    series,
    load<u32>(entry + F_ATTEMPT),
    load<u64>(entry + F_SENT_USER),
  );
  if (line != 0) finishLine(line, record, <f64>max<i64>(0, lateRtt(entry, record)), QUALITY_USER);
}

function finishLine(line: u32, record: u32, rtt: f64, quality: u32): void {
  store<f64>(line + 24, rtt);
  store<f64>(line + 32, <f64>quality);
  const ttl = load<u32>(record + 48);
  store<f64>(line + 40, ttl == 0xffffffff ? -1 : <f64>ttl);
  store<u64>(line + 64, load<u64>(record + 32));
  store<u64>(line + 72, load<u64>(record + 40));
}

/** Counts as lost what has had no answer within its timeout, and frees the ring's old end. */
export function expireFlight(): void {
  for (;;) {
    const entry = oldest();
    if (entry == 0) return;
    if (stateOf(entry) == INFLIGHT) {
      if (monoNow < load<u64>(entry + F_SENT_MONO) + timeoutNs + EXPIRY_SLACK_NS) return;
      const series = load<u32>(entry + F_SERIES);
      lose(series, entry);
    }
    free();
  }
}

/** Gives up everything in flight without calling it lost: the engine is being closed. */
export function abandonFlight(): void {
  while (inflight > 0) {
    const entry = oldest();
    if (entry == 0) return;
    if (stateOf(entry) == INFLIGHT) {
      const series = load<u32>(entry + F_SERIES);
      finish(entry, ANSWERED);
      add(at(series) + S_DISCARDED, 1);
      const round = roundAt(series, load<u32>(entry + F_EPOCH));
      if (round != 0) count(round + R_DISCARDED);
      resolve(series, load<u32>(entry + F_SEQ), ABANDONED);
    }
    free();
  }
}

/** When the oldest probe in flight expires (raw ns); u64.MAX_VALUE when none is. */
export function nextExpiry(): u64 {
  const entry = oldest();
  if (entry == 0) return u64.MAX_VALUE;
  return load<u64>(entry + F_SENT_MONO) + timeoutNs + EXPIRY_SLACK_NS;
}

export function isSameSeries(entry: u32): bool {
  const series = load<u32>(entry + F_SERIES);
  return load<u32>(at(series) + S_SERIAL) == load<u32>(entry + F_SERIAL);
}

export function inboxRecord(index: u32): u32 {
  return INBOX + index * RECORD_BYTES;
}
