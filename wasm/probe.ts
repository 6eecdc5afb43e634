// TTL-limited probes: which paths are traced, the ring of their slots, their way into the outbox,
// and their end when nothing answers. A path's packets never differ in what routers hash (Augustin
// et al. 2006, "Avoiding traceroute anomalies with Paris traceroute"); what tells one probe from
// another stands where no router looks, and is quoted by all of them (probe-packet.ts).
import { monoNow, offsetNow, realNow, stepCount } from './clock';
import {
  ANSWERED,
  beginUse,
  EXPIRED,
  F_ATTEMPT,
  F_EPOCH,
  F_GENERATION,
  F_OFFSET,
  F_SENT_MONO,
  F_SENT_USER,
  F_SEQ,
  F_SERIAL,
  F_SERIES,
  F_STATE,
  F_STEPS,
  flightAt,
  INFLIGHT,
  KIND_PROBE,
  REFUSED,
  stateOf,
  UNUSED,
} from './flight';
import { TRACE_BYTES, TRACES } from './layout';
import {
  FLOWS_MAX,
  INFLIGHT_MAX,
  OUTBOX_MAX,
  PROBE_PAYLOAD_BYTES_MIN,
  PROBES_MAX,
  TRACES_MAX,
} from './limits';
import { PROTOCOL_UDP, restorePattern, wireOf, writeProbe } from './probe-packet';
import { RESULT_LOST, RESULT_REFUSED, writeResult } from './result';
import { DROP_PROBES, drop } from './ring';

export const T_STATE: u32 = 0;
/** * What TypeScript writes before the first probe is marked by a star. 4 or 6. */
export const T_FAMILY: u32 = 4;
/** * 16 bytes, IPv4 in the first four, the rest zero. */
export const T_ADDRESS: u32 = 8;
export const T_SERIAL: u32 = 24;
/** * 1 ICMP (of either family), 17 UDP, 6 TCP. */
export const T_PROTOCOL: u32 = 28;
/** * 16 bytes; UDP and TCP need it for their checksums. */
export const T_SOURCE: u32 = 32;
/** * Where from and how: 0 leaves it to the kernel. */
export const T_IFINDEX: u32 = 48;
export const T_SCOPE: u32 = 52;
export const T_TOS: u32 = 56;
/** * Destination port of UDP and TCP. */
export const T_PORT: u32 = 60;

const FREE: u32 = 0;
const ACTIVE: u32 = 1;
/** As for echoes: a reply at the very limit is read first. */
const EXPIRY_SLACK_NS: u64 = 20_000_000;

/** The first source port. */
export let portBase: u32 = 0;
export let probeTimeoutNs: u64 = 0;
let serial: u32 = 0;
let head: u32 = 0;
let tail: u32 = 0;
let used: u32 = 0;
export let probesInflight: u32 = 0;

/** `port` is a multiple of FLOWS_MAX. */
export function resetProbes(port: u32, timeout: u64): void {
  assert(port % FLOWS_MAX == 0 && port < 65536 && timeout > 0);
  for (let i: u32 = 0; i < PROBES_MAX; i++) {
    // What was never written is not resident, and shall stay so.
    if (stateOf(probeAt(i)) != UNUSED) store<u8>(probeAt(i) + F_STATE, UNUSED);
  }
  for (let i: u32 = 0; i < TRACES_MAX; i++) {
    if (load<u32>(traceAt(i) + T_STATE) != FREE) closeTrace(i);
  }
  portBase = port;
  probeTimeoutNs = timeout;
  head = 0;
  tail = 0;
  used = 0;
  probesInflight = 0;
}

export function traceAt(trace: u32): u32 {
  return TRACES + trace * TRACE_BYTES;
}

/** The entry of a slot of the ring of probes. */
export function probeAt(place: u32): u32 {
  return flightAt(INFLIGHT_MAX + place);
}

/** A free trace, zeroed, for the caller to fill in; TRACES_MAX when there is none. */
export function openTrace(): u32 {
  for (let i: u32 = 0; i < TRACES_MAX; i++) {
    const block = traceAt(i);
    if (load<u32>(block + T_STATE) != FREE) continue;
    memory.fill(block, 0, TRACE_BYTES);
    store<u32>(block + T_STATE, ACTIVE);
    store<u32>(block + T_SERIAL, ++serial);
    return i;
  }
  return TRACES_MAX;
}

/** What still comes in for its probes is stale from now on: no serial is 0. */
export function closeTrace(trace: u32): void {
  assert(trace < TRACES_MAX);
  store<u32>(traceAt(trace) + T_STATE, FREE);
  store<u32>(traceAt(trace) + T_SERIAL, 0);
}

export function isSameTrace(entry: u32): bool {
  const block = traceAt(load<u32>(entry + F_SERIES));
  return load<u32>(block + T_SERIAL) == load<u32>(entry + F_SERIAL);
}

/**
 * Builds a probe in outbox place `index`: `ttlFlow` is TTL | flow << 8 | DF << 31, `payload` its
 * bytes behind the ICMP or UDP header. False when the ring is full (counted).
 */
export function buildProbe(trace: u32, ttlFlow: u32, payload: u32, tag: u32, index: u32): bool {
  assert(trace < TRACES_MAX && index < OUTBOX_MAX && payload >= PROBE_PAYLOAD_BYTES_MIN);
  const block = traceAt(trace);
  assert(load<u32>(block + T_STATE) == ACTIVE);
  const place = reserve();
  if (place == PROBES_MAX) return false;
  const entry = probeAt(place);
  const ttl = ttlFlow & 0xff;
  const flow = (ttlFlow & 0x7fffffff) >> 8;
  assert(ttl > 0 && flow < FLOWS_MAX);
  store<u32>(entry + F_SERIES, trace);
  store<u32>(entry + F_SERIAL, load<u32>(block + T_SERIAL));
  store<u64>(entry + F_SENT_MONO, monoNow);
  store<u64>(entry + F_SENT_USER, realNow);
  store<i64>(entry + F_OFFSET, offsetNow);
  store<u16>(entry + F_STEPS, <u16>stepCount);
  store<u32>(entry + F_SEQ, ttl | (flow << 16));
  store<u32>(entry + F_ATTEMPT, tag);
  writeProbe(index, block, entry, INFLIGHT_MAX + place, payload, ttlFlow >> 31 != 0);
  return true;
}

function reserve(): u32 {
  if (used == PROBES_MAX) {
    drop(DROP_PROBES);
    return PROBES_MAX;
  }
  const place = head;
  head = (head + 1) % PROBES_MAX;
  used++;
  probesInflight++;
  let generation = load<u32>(probeAt(place) + F_GENERATION) + 1;
  // One's complement has two zeros, and UDP gives one of them a meaning of its own (RFC 768).
  const wire = wireOf(place, generation);
  if (wire == 0 || wire == 0xffff) generation++;
  beginUse(INFLIGHT_MAX + place, KIND_PROBE, generation);
  store<u32>(probeAt(place) + F_EPOCH, wireOf(place, generation));
  return place;
}

/** Ends a probe's time in flight. */
export function finishProbe(entry: u32, state: u32): void {
  store<u8>(entry + F_STATE, <u8>state);
  probesInflight--;
}

export function loseProbe(entry: u32): void {
  finishProbe(entry, EXPIRED);
  if (isSameTrace(entry)) writeResult(RESULT_LOST, entry);
}

/** Takes the transport's verdict. Returns whether the probe was sent. */
export function settleProbe(entry: u32, record: u32): bool {
  restorePattern(record);
  const user = load<u64>(record + 56);
  if (user != 0) store<u64>(entry + F_SENT_USER, user);
  const errno = load<u32>(record + 24);
  if (errno == 0) return true;
  finishProbe(entry, REFUSED);
  const result = writeResult(RESULT_REFUSED, entry);
  if (result != 0) store<f64>(result + 64, <f64>errno);
  return false;
}

/** What has had no answer within its timeout is lost; the ring's old end is freed. */
export function expireProbes(): void {
  while (used > 0) {
    const entry = probeAt(tail);
    if (stateOf(entry) == INFLIGHT) {
      if (monoNow < load<u64>(entry + F_SENT_MONO) + probeTimeoutNs + EXPIRY_SLACK_NS) return;
      loseProbe(entry);
    }
    tail = (tail + 1) % PROBES_MAX;
    used--;
  }
}

/** When the oldest probe in flight expires (raw ns); u64.MAX_VALUE when none is. */
export function nextProbeExpiry(): u64 {
  if (probesInflight == 0) return u64.MAX_VALUE;
  return load<u64>(probeAt(tail) + F_SENT_MONO) + probeTimeoutNs + EXPIRY_SLACK_NS;
}

/** How many places the ring has left. */
export function probeRoom(): u32 {
  return PROBES_MAX - used;
}

/**
 * The oldest probe by UDP in `flowPort` (flow | port << 16) to this address that still waits: for
 * answers that say nothing of the probe they mean. 0 when none is among the oldest SCAN_MAX.
 */
export function oldestUdp(family: u32, flowPort: u32, address0: u64, address1: u64): u32 {
  const most = min<u32>(used, SCAN_MAX);
  for (let i: u32 = 0; i < most; i++) {
    const entry = probeAt((tail + i) % PROBES_MAX);
    const isOfFlow = load<u32>(entry + F_SEQ) >> 16 == (flowPort & 0xffff);
    if (stateOf(entry) != INFLIGHT || !isOfFlow) continue;
    const block = traceAt(load<u32>(entry + F_SERIES));
    // Paths by other protocols may lead to the same address and port.
    const isUdp =
      load<u32>(block + T_PROTOCOL) == PROTOCOL_UDP && load<u32>(block + T_FAMILY) == family;
    const isTo =
      load<u64>(block + T_ADDRESS) == address0 &&
      load<u64>(block + T_ADDRESS + 8) == address1 &&
      load<u32>(block + T_PORT) == flowPort >> 16;
    if (isUdp && isTo && isSameTrace(entry)) return entry;
  }
  return 0;
}

/** A flood of such answers must stay cheap. */
const SCAN_MAX: u32 = 512;

/** Given up with the engine: no outcome is known. */
export function abandonProbes(): void {
  while (used > 0) {
    const entry = probeAt(tail);
    if (stateOf(entry) == INFLIGHT) finishProbe(entry, ANSWERED);
    tail = (tail + 1) % PROBES_MAX;
    used--;
  }
}
