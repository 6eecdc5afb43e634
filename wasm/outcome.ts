// What becomes of a probe. Each is resolved once, in any order; figures that depend on the order of
// sending (loss bursts, jitter of neighbours, outages) follow at the frontier, which passes a probe
// when everything sent before it is resolved too.
import { EVENT_BYTES, EVENTS } from './layout';
import { EVENTS_MAX, OUTAGE_MS_MIN, OUTAGE_PROBES_MIN } from './limits';
import { DROP_EVENTS, drop, RING_EVENTS, ringRead, ringWrite, ringWritten } from './ring';
import { count, R_BURST, R_BURST_MAX, R_JITTER_COUNT, R_JITTER_SUM, roundAt } from './round';
import {
  add,
  at,
  LOST,
  PENDING,
  S_FIRST_LOST_MONO,
  S_FIRST_LOST_REAL,
  S_FRONTIER,
  S_LOST_ROW,
  S_OUTAGE_OPEN,
  S_OUTAGE_SECONDS,
  S_OUTAGES,
  S_PAIR_RTT,
  S_SEQ_NEXT,
  W_EPOCH,
  W_OUTCOME,
  W_SENT_MONO,
  W_SENT_REAL,
  windowAt,
} from './series';

export const EVENT_OUTAGE_OPEN: u32 = 1;
export const EVENT_OUTAGE_CLOSED: u32 = 2;
export const EVENT_CLOCK_STEP: u32 = 3;

/** In flight when the engine was closed: neither an answer nor a loss is known. */
export const ABANDONED: f64 = -4;

const OUTAGE_NS_MIN: u64 = <u64>OUTAGE_MS_MIN * 1_000_000;

/** Notes the outcome of probe `seq` (an RTT in ns, LOST, DISCARDED, ABANDONED). */
export function resolve(series: u32, seq: u32, outcome: f64): void {
  store<f64>(windowAt(series, seq) + W_OUTCOME, outcome);
  const block = at(series);
  let frontier = load<u32>(block + S_FRONTIER);
  if (seq != frontier) return;
  const end = load<u32>(block + S_SEQ_NEXT);
  let resolved = outcome;
  do {
    pass(series, windowAt(series, frontier), resolved);
    frontier++;
    if (frontier == end) break;
    resolved = load<f64>(windowAt(series, frontier) + W_OUTCOME);
  } while (resolved != PENDING);
  store<u32>(block + S_FRONTIER, frontier);
}

function pass(series: u32, entry: u32, outcome: f64): void {
  const block = at(series);
  const round = roundAt(series, load<u32>(entry + W_EPOCH));
  if (outcome == ABANDONED) {
    // Its neighbours were not sent one after the other.
    store<f64>(block + S_PAIR_RTT, -1);
    return;
  }
  if (outcome == LOST) {
    store<f64>(block + S_PAIR_RTT, -1);
    if (round != 0) countBurst(round);
    lostInRow(series, entry);
    return;
  }
  // An answer, even one that cannot be timed, ends a burst and an outage.
  if (round != 0) store<u32>(round + R_BURST, 0);
  answered(series, entry);
  const previous = load<f64>(block + S_PAIR_RTT);
  const isTimed = outcome >= 0;
  if (isTimed && previous >= 0 && round != 0) {
    add(round + R_JITTER_SUM, Math.abs(outcome - previous));
    count(round + R_JITTER_COUNT);
  }
  store<f64>(block + S_PAIR_RTT, isTimed ? outcome : -1);
}

function countBurst(round: u32): void {
  const burst = load<u32>(round + R_BURST) + 1;
  store<u32>(round + R_BURST, burst);
  if (burst > load<u32>(round + R_BURST_MAX)) store<u32>(round + R_BURST_MAX, burst);
}

function lostInRow(series: u32, entry: u32): void {
  const block = at(series);
  const sentMono = load<u64>(entry + W_SENT_MONO);
  const row = load<u32>(block + S_LOST_ROW) + 1;
  store<u32>(block + S_LOST_ROW, row);
  if (load<u32>(block + S_OUTAGE_OPEN) != 0) return;
  if (row == 1) {
    store<u64>(block + S_FIRST_LOST_MONO, sentMono);
    store<u64>(block + S_FIRST_LOST_REAL, load<u64>(entry + W_SENT_REAL));
  }
  if (isOutage(block, row, sentMono)) openOutage(series, row);
}

function answered(series: u32, entry: u32): void {
  const block = at(series);
  const row = load<u32>(block + S_LOST_ROW);
  if (row == 0 && load<u32>(block + S_OUTAGE_OPEN) == 0) return;
  const sentMono = load<u64>(entry + W_SENT_MONO);
  if (load<u32>(block + S_OUTAGE_OPEN) == 0 && isOutage(block, row, sentMono)) {
    openOutage(series, row);
  }
  if (load<u32>(block + S_OUTAGE_OPEN) != 0) {
    const lasted = sentMono - load<u64>(block + S_FIRST_LOST_MONO);
    add(block + S_OUTAGE_SECONDS, <f64>lasted / 1e9);
    store<u32>(block + S_OUTAGE_OPEN, 0);
    const event = writeEvent(EVENT_OUTAGE_CLOSED, series);
    if (event != 0) {
      store<f64>(event + 8, milliseconds(load<u64>(block + S_FIRST_LOST_REAL)));
      store<f64>(event + 16, milliseconds(load<u64>(entry + W_SENT_REAL)));
      store<f64>(event + 24, <f64>row);
    }
  }
  store<u32>(block + S_LOST_ROW, 0);
}

function isOutage(block: u32, row: u32, untilMono: u64): bool {
  if (row < OUTAGE_PROBES_MIN) return false;
  return untilMono - load<u64>(block + S_FIRST_LOST_MONO) >= OUTAGE_NS_MIN;
}

function openOutage(series: u32, row: u32): void {
  const block = at(series);
  store<u32>(block + S_OUTAGE_OPEN, 1);
  add(block + S_OUTAGES, 1);
  const event = writeEvent(EVENT_OUTAGE_OPEN, series);
  if (event == 0) return;
  store<f64>(event + 8, milliseconds(load<u64>(block + S_FIRST_LOST_REAL)));
  store<f64>(event + 24, <f64>row);
}

export function milliseconds(ns: u64): f64 {
  return <f64>(ns / 1000) / 1000;
}

/** 0 u32 kind, 4 u32 series, 8 f64 from ms, 16 until ms, 24 lost in a row, 32 f64 step in ns. */
export function writeEvent(kind: u32, series: u32): u32 {
  const written = ringWritten(RING_EVENTS);
  if (written - ringRead(RING_EVENTS) >= EVENTS_MAX) {
    drop(DROP_EVENTS);
    return 0;
  }
  const event = EVENTS + (written % EVENTS_MAX) * EVENT_BYTES;
  memory.fill(event, 0, EVENT_BYTES);
  store<u32>(event, kind);
  store<u32>(event + 4, series);
  ringWrite(RING_EVENTS);
  return event;
}
