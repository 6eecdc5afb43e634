// The face of the hot path. Everything that crosses is a number; the caller keeps to this order:
//   drain() of the transport → fold(packets, stamps) → expire() → due(n) → send() → settle(n)
import {
  monoNow,
  offsetNow,
  realNow,
  resetClock,
  stepCount,
  stepMono,
  stepNs,
  takeAnchor,
} from './clock';
import { cookieOf } from './cookie';
import { resetOutbox, settleOutbox } from './echo';
import { flightSlots, growFlight, inflight, resetFlight } from './flight';
import { abandonFlight, expireFlight, foldStamps, nextExpiry, setTimeoutNs } from './fold';
import { clearHistogram } from './histogram';
import { ALIEN, DROPS, LATENESS, RINGS } from './layout';
import { INBOX_MAX, POSTPONED_MAX, ROUNDS_OPEN_MAX, SERIES_MAX, TIMEOUT_MS_MAX } from './limits';
import { EVENT_CLOCK_STEP, milliseconds, writeEvent } from './outcome';
import { foldPackets } from './parse';
import { abandonProbes, expireProbes, nextProbeExpiry, probesInflight, resetProbes } from './probe';
import { seedRandom } from './random';
import { closeAll, closeRounds, hasOpenRound, nextClose, resetRounds, rollEpoch } from './round';
import {
  buildDue,
  buildFlood,
  changeInterval,
  scheduleSeries,
  setSchedule,
  unscheduleSeries,
} from './schedule';
import {
  at,
  DRAINING,
  FREE,
  releaseSeries,
  S_FIRST_LOST_MONO,
  S_FIRST_LOST_REAL,
  S_FRONTIER,
  S_LOST_ROW,
  S_OUTAGE_OPEN,
  S_SEQ_NEXT,
  S_STATE,
  S_UNSETTLED,
  takeSeries,
} from './series';
import { resetWheel, wheelNext } from './wheel';

export { onesSum } from './checksum';
export { sipHash } from './cookie';
export { bucketMiddle, bucketOf, histogramQuantiles, recordRtt, recordRtts } from './histogram';
export {
  ALIEN,
  CLOSED,
  CLOSED_BYTES,
  CONTROL,
  COOKIE_KEY,
  DROPS,
  EVENT_BYTES,
  EVENTS,
  FLIGHT,
  FLIGHT_BYTES,
  HISTOGRAM,
  HISTOGRAM_BYTES,
  INBOX,
  LATENESS,
  LAYOUT_END,
  LOG,
  LOG_BYTES,
  OUTBOX,
  QUANTILES,
  RECORD_BYTES,
  RESULT_BYTES,
  RESULTS,
  RINGS,
  ROUND,
  ROUND_BYTES,
  SAMPLES,
  SAMPLES_BYTES,
  SERIES,
  SERIES_BYTES,
  STAMPS,
  TRACE_BYTES,
  TRACES,
  WINDOW,
  WINDOW_BYTES,
} from './layout';
export * from './limits';
export { buildProbe, closeTrace, openTrace, probeRoom } from './probe';
export { setLogging } from './ring';
export { setLoaded } from './round';

/**
 * Starts afresh. The cookie key and a clock anchor have been written before. `slots` is a power of
 * two, `identifier` a multiple of 32; times in ns.
 */
export function configure(
  identifier: u32,
  slots: u32,
  roundNs: f64,
  timeoutNs: f64,
  jitter: f64,
): void {
  assert(timeoutNs > 0 && timeoutNs <= <f64>TIMEOUT_MS_MAX * 1e6);
  assert(roundNs >= 1e9 && jitter >= 0 && jitter < 0.5);
  // A round stays open for the timeout after its end; by then its place is wanted again.
  assert(roundNs * <f64>(ROUNDS_OPEN_MAX - 1) >= timeoutNs + 1e8);
  for (let series: u32 = 0; series < SERIES_MAX; series++) {
    if (load<u32>(at(series) + S_STATE) != FREE) releaseSeries(series);
  }
  memory.fill(ALIEN, 0, 64);
  memory.fill(DROPS, 0, 64);
  memory.fill(RINGS, 0, 32);
  memory.fill(LATENESS, 0, 96);
  resetClock();
  takeAnchor();
  // Schedules and reservoirs may be guessed by nobody who cannot guess the key.
  seedRandom(cookieOf(0xffffffff, identifier));
  resetFlight(slots);
  resetOutbox(identifier);
  resetWheel(monoNow);
  resetRounds(<u64>roundNs, <u64>timeoutNs);
  setTimeoutNs(<u64>timeoutNs);
  setSchedule(jitter, <u64>timeoutNs);
  rollEpoch();
  resetProbes(0, <u64>timeoutNs);
}

/** TTL-limited probes, once after `configure`: the first of FLOWS_MAX source ports. */
export function configureProbes(port: u32, timeoutNs: f64): void {
  assert(timeoutNs > 0 && timeoutNs <= <f64>TIMEOUT_MS_MAX * 1e6);
  resetProbes(port, <u64>timeoutNs);
}

export function growTo(slots: u32): void {
  growFlight(slots);
}

export function slotsInUse(): u32 {
  return flightSlots();
}

/** A free series, zeroed, for the caller to fill in; SERIES_MAX when there is none. */
export function newSeries(): u32 {
  const series = takeSeries();
  return series == 0xffffffff ? SERIES_MAX : series;
}

/** Begins to measure a filled-in series; its first echo is due after `phaseNs`. */
export function startSeries(series: u32, phaseNs: f64): void {
  assert(series < SERIES_MAX && phaseNs >= 0);
  scheduleSeries(series, <u64>phaseNs);
}

export function setInterval(series: u32, intervalNs: f64): void {
  changeInterval(series, <u64>intervalNs);
}

/** Sends no more; what is in flight may still come back. */
export function stopSeries(series: u32): void {
  unscheduleSeries(series);
  store<u32>(at(series) + S_STATE, DRAINING);
}

/** Whether a stopped series has nothing in flight and no open round, so that it may be freed. */
export function isDrained(series: u32): bool {
  const block = at(series);
  if (load<u32>(block + S_SEQ_NEXT) != load<u32>(block + S_FRONTIER)) return false;
  if (load<u32>(block + S_UNSETTLED) != 0) return false;
  return !hasOpenRound(series);
}

export function freeSeries(series: u32): void {
  assert(load<u32>(at(series) + S_STATE) == DRAINING && isDrained(series));
  releaseSeries(series);
}

/** Goes on with an outage that began before this series did (Unix ms). */
export function seedOutage(series: u32, fromMs: f64, lostRow: u32): void {
  const block = at(series);
  const from = <u64>(fromMs * 1e6);
  const ago = realNow > from ? realNow - from : 0;
  store<u32>(block + S_OUTAGE_OPEN, 1);
  store<u32>(block + S_LOST_ROW, lostRow);
  store<u64>(block + S_FIRST_LOST_REAL, from);
  // May wrap below zero when the board booted during the outage: only differences are taken.
  store<u64>(block + S_FIRST_LOST_MONO, monoNow - ago);
}

/** Takes in what drain() brought: the clock anchor, `stamps` stamps and `packets` packets. */
export function fold(packets: u32, stamps: u32): void {
  isBehind = packets == INBOX_MAX;
  anchor();
  foldStamps(stamps);
  foldPackets(packets);
}

/** Takes the clock anchor alone. */
export function anchor(): void {
  if (takeAnchor()) {
    const event = writeEvent(EVENT_CLOCK_STEP, 0);
    if (event != 0) {
      store<f64>(event + 8, milliseconds(realNow));
      store<f64>(event + 32, <f64>stepNs);
    }
  }
  rollEpoch();
}

/** Whether the last inbox was full, so that the sockets may hold more. */
let isBehind: bool = false;
let postponed: u32 = 0;

/**
 * Losses and closed rounds as of the last anchor. What is not read yet may be an answer in time, so
 * it is read first; but a flood does not put off losses for ever.
 */
export function expire(): void {
  if (isBehind && postponed < POSTPONED_MAX) {
    postponed++;
    return;
  }
  postponed = 0;
  expireFlight();
  expireProbes();
  closeRounds();
}

/** Builds at most `most` echoes that are due. */
export function due(most: u32): u32 {
  return buildDue(most);
}

export function flood(n: u32): u32 {
  return buildFlood(n);
}

export function settle(n: u32): u32 {
  return settleOutbox(n);
}

/** Everything in flight is given up (discarded, not lost) and every round closed. */
export function finishAll(): void {
  abandonFlight();
  abandonProbes();
  closeAll();
}

/** ns from the last anchor to the next send; −1 when nothing is scheduled. */
export function nextDueIn(): f64 {
  return until(wheelNext());
}

/** ns from the last anchor to the next loss or round to close; −1 when there is none. */
export function nextExpiryIn(): f64 {
  return until(min<u64>(min<u64>(nextExpiry(), nextProbeExpiry()), nextClose()));
}

function until(when: u64): f64 {
  if (when == u64.MAX_VALUE) return -1;
  return when > monoNow ? <f64>(when - monoNow) : 0;
}

export function inflightCount(): u32 {
  return inflight + probesInflight;
}

export function clockSteps(): u32 {
  return stepCount;
}

/** REALTIME of the last anchor, Unix ms. */
export function nowMs(): f64 {
  return milliseconds(realNow);
}

/** The raw clock at the last anchor, ms. */
export function monoMs(): f64 {
  return milliseconds(monoNow);
}

/** REALTIME less MONOTONIC_RAW, ns, and how it moved last at a step. */
export function offsetNs(): f64 {
  return <f64>offsetNow;
}

export function lastStepMono(): f64 {
  return milliseconds(stepMono);
}

export function resetHistogram(series: u32): void {
  clearHistogram(series);
}

export {
  T_ADDRESS,
  T_FAMILY,
  T_IFINDEX,
  T_PORT,
  T_PROTOCOL,
  T_SCOPE,
  T_SOURCE,
  T_TOS,
} from './probe';
export {
  S_ADDRESS,
  S_ATTEMPTS,
  S_BUCKETS,
  S_DISCARDED,
  S_DUPLICATES,
  S_ERRORS,
  S_FAMILY,
  S_FLAGS,
  S_ICMP_ERRORS,
  S_IFINDEX,
  S_INTERVAL,
  S_LAST_SENT_REAL,
  S_LAST_TTL,
  S_LATE,
  S_LOST,
  S_OUTAGE_OPEN,
  S_OUTAGE_SECONDS,
  S_OUTAGES,
  S_PAYLOAD,
  S_QUALITY,
  S_RECEIVED,
  S_REORDERED,
  S_RTT_SUM,
  S_SCOPE,
  S_SENT,
  S_SKIPPED,
  S_SOURCE,
  S_STATE,
  S_TOS,
  S_TTL,
} from './series';
