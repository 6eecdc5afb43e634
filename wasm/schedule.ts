// When series send: a fixed grid of their own, and round each point of it a jitter of a few per
// cent, because strictly periodic sampling can lock on to what it measures (RFC 2330 §11.1.1,
// RFC 3432 §4). The jitter never accumulates. What was missed is counted and not caught up.
import { monoNow } from './clock';
import { buildEcho, countSkipped } from './echo';
import { LATENESS, LATENESS_BUCKETS, WINDOW_ENTRY_BYTES } from './layout';
import { OUTBOX_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MIN } from './limits';
import { randomU64 } from './random';
import {
  ACTIVE,
  add,
  at,
  NONE,
  S_DUE,
  S_FRONTIER,
  S_GRID,
  S_INTERVAL,
  S_PAYLOAD,
  S_SEQ_NEXT,
  S_STATE,
  S_WINDOW_MASK,
  seriesEnd,
  windowAt,
  windowMask,
} from './series';
import { wheelInsert, wheelRemove, wheelTake } from './wheel';

let jitterShare: f64 = 0;
let timeoutNs: u64 = 0;
let floodCursor: u32 = 0;

export function setSchedule(jitter: f64, timeout: u64): void {
  jitterShare = jitter;
  timeoutNs = timeout;
  floodCursor = 0;
}

/** Begins to send: the first point of the grid is `phaseNs` from now. */
export function scheduleSeries(series: u32, phaseNs: u64): void {
  const block = at(series);
  assert(load<u64>(block + S_INTERVAL) > 0);
  const payload = load<u32>(block + S_PAYLOAD);
  assert(payload >= PAYLOAD_BYTES_MIN && payload <= PAYLOAD_BYTES_MAX);
  store<u32>(block + S_STATE, ACTIVE);
  store<u32>(block + S_WINDOW_MASK, windowMask(unresolvedMax(load<u64>(block + S_INTERVAL))));
  store<u64>(block + S_GRID, monoNow + phaseNs);
  placeDue(series);
}

export function unscheduleSeries(series: u32): void {
  wheelRemove(series);
}

/** A new interval from the next point of the grid on; what is in flight is not touched. */
export function changeInterval(series: u32, intervalNs: u64): void {
  const block = at(series);
  assert(intervalNs > 0);
  // A stopped series would begin to send again.
  if (load<u32>(block + S_STATE) != ACTIVE) return;
  growWindow(series, windowMask(unresolvedMax(intervalNs)));
  store<u64>(block + S_INTERVAL, intervalNs);
  wheelRemove(series);
  store<u64>(block + S_GRID, min<u64>(load<u64>(block + S_GRID), monoNow + intervalNs));
  placeDue(series);
}

function unresolvedMax(intervalNs: u64): u32 {
  // A quarter and eight more than the timeout holds: jitter, and expiry comes a little late.
  const inTimeout = timeoutNs / max<u64>(1, intervalNs);
  return <u32>min<u64>(inTimeout + inTimeout / 4 + 8, u32.MAX_VALUE as u64);
}

/** Both sizes are powers of two: an entry stays or moves beyond the old end, in any order. */
function growWindow(series: u32, mask: u32): void {
  const block = at(series);
  if (mask <= load<u32>(block + S_WINDOW_MASK)) return;
  const old = load<u32>(block + S_WINDOW_MASK);
  const end = load<u32>(block + S_SEQ_NEXT);
  for (let seq = load<u32>(block + S_FRONTIER); seq != end; seq++) {
    store<u32>(block + S_WINDOW_MASK, old);
    const from = windowAt(series, seq);
    store<u32>(block + S_WINDOW_MASK, mask);
    const to = windowAt(series, seq);
    if (from != to) memory.copy(to, from, WINDOW_ENTRY_BYTES);
  }
  store<u32>(block + S_WINDOW_MASK, mask);
}

function placeDue(series: u32): void {
  const block = at(series);
  const interval = <f64>load<u64>(block + S_INTERVAL);
  const unit = <f64>(<u32>(randomU64() >> 32)) / 4294967296.0;
  const jitter = <i64>((unit * 2 - 1) * jitterShare * interval);
  const due = <i64>load<u64>(block + S_GRID) + jitter;
  store<u64>(block + S_DUE, <u64>max<i64>(0, due));
  wheelInsert(series);
}

/** Builds echoes of what is due now, at most `most`. Returns how many stand in the outbox. */
export function buildDue(most: u32): u32 {
  assert(most <= OUTBOX_MAX);
  let built: u32 = 0;
  while (built < most) {
    const series = wheelTake(monoNow);
    if (series == NONE) break;
    noteLateness(load<u64>(at(series) + S_DUE));
    const missed = advanceGrid(series);
    if (missed > 0) countSkipped(series, missed);
    placeDue(series);
    if (buildEcho(series, built)) built++;
    else countSkipped(series, 1);
  }
  return built;
}

/** Moves to the next point of the grid that lies ahead. Returns how many were passed over. */
function advanceGrid(series: u32): u32 {
  const block = at(series);
  const interval = load<u64>(block + S_INTERVAL);
  const grid = load<u64>(block + S_GRID);
  const missed: u64 = monoNow > grid ? (monoNow - grid) / interval : 0;
  store<u64>(block + S_GRID, grid + (missed + 1) * interval);
  return <u32>min<u64>(missed, u32.MAX_VALUE as u64);
}

/** Bounds 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000 ms and +Inf, not cumulative; then the sum. */
function noteLateness(due: u64): void {
  const late = monoNow > due ? monoNow - due : 0;
  let bucket: u32 = 0;
  let bound: u64 = 1_000_000;
  while (bucket < LATENESS_BUCKETS - 1 && late > bound) {
    bucket++;
    const step = bucket % 3;
    bound = step == 2 ? (bound / 2) * 5 : bound * 2;
  }
  add(LATENESS + bucket * 8, 1);
  add(LATENESS + LATENESS_BUCKETS * 8, <f64>late / 1e9);
}

/** Builds `n` echoes over all active series in turn, whatever their schedule (benchmarks). */
export function buildFlood(n: u32): u32 {
  assert(n <= OUTBOX_MAX);
  let built: u32 = 0;
  for (let tried: u32 = 0; built < n && tried < seriesEnd + n; tried++) {
    if (floodCursor >= seriesEnd) floodCursor = 0;
    const series = floodCursor++;
    if (load<u32>(at(series) + S_STATE) != ACTIVE) continue;
    if (buildEcho(series, built)) built++;
  }
  return built;
}
