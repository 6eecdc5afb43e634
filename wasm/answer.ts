// Answers to TTL-limited probes: errors that quote them, and what the target itself says. A probe
// is meant when its cookie is quoted; where a router quotes eight bytes only, when these and the
// destination fit. What a translator on the way changed in the quote (addresses, ports, TTL,
// length, checksums) is not looked at, as far as that leaves a proof.
import {
  ALIEN_ADDRESS,
  ALIEN_COOKIE,
  ALIEN_FOREIGN,
  ALIEN_MALFORMED,
  ALIEN_STALE,
  alien,
} from './alien';
import { cookieOf } from './cookie';
import {
  ANSWERED,
  EXPIRED,
  F_COOKIE,
  F_EPOCH,
  F_GENERATION,
  F_SEQ,
  F_SERIES,
  F_STATE,
  flightAt,
  INFLIGHT,
  REFUSED,
  stateOf,
  UNUSED,
} from './flight';
import { hasStep, lateRtt, qualityOf, rttOf } from './fold';
import {
  FLOWS_MAX,
  INFLIGHT_MAX,
  LATE_MS_MAX,
  PROBE_PAYLOAD_BYTES_MIN,
  PROBES_MAX,
  TIMEOUT_MS_MAX,
} from './limits';
import {
  finishProbe,
  isSameTrace,
  loseProbe,
  oldestUdp,
  portBase,
  probeAt,
  probeTimeoutNs,
  T_ADDRESS,
  T_FAMILY,
  T_PORT,
  T_PROTOCOL,
  traceAt,
} from './probe';
import { PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from './probe-packet';
import {
  be16,
  errorCode,
  errorMtu,
  isMatched,
  labels,
  labelsAt,
  quotedTo0,
  quotedTo1,
  quotedTtl,
} from './quote';
import {
  RESULT_DISCARDED,
  RESULT_ECHO,
  RESULT_ERROR,
  RESULT_LATE,
  RESULT_TCP,
  RESULT_UDP,
  writeResult,
} from './result';

const HEADER_BYTES: u32 = 8;
const TCP_HEADER_BYTES: u32 = 20;
const TCP_ACK: u32 = 16;
/** The longest timeout and what counts as late behind it. */
const PROBE_LATE_NS_MAX: u64 = <u64>(TIMEOUT_MS_MAX + LATE_MS_MAX) * 1_000_000;
/** Slot, generation and cookie. */
const PROOF_BYTES: u32 = 16;

/** An ICMP error about a probe; `at` is the quoted ICMP, UDP or TCP header, at least 8 bytes. */
export function takeQuotedProbe(
  record: u32,
  at: u32,
  bytes: u32,
  protocol: u32,
  family: u32,
): void {
  const isTcp = protocol == PROTOCOL_TCP;
  const isOurs = protocol == PROTOCOL_ICMP || flowOf(be16(at)) < FLOWS_MAX;
  if (!isOurs && (isTcp || !showsSlot(at, bytes))) return alien(ALIEN_FOREIGN);
  const hasProof = !isTcp && bytes >= HEADER_BYTES + PROOF_BYTES && !isPadding(at + HEADER_BYTES);
  const entry = hasProof ? proven(at + HEADER_BYTES) : named(at, protocol);
  if (entry == 0) return;
  const block = traceAt(load<u32>(entry + F_SERIES));
  const isOfTrace =
    load<u32>(block + T_FAMILY) == family && load<u32>(block + T_PROTOCOL) == protocol;
  if (!isOfTrace) return alien(ALIEN_ADDRESS);
  // 16 bits of the cookie stand in what is quoted of TCP.
  const isTo =
    quotedTo0 == load<u64>(block + T_ADDRESS) && quotedTo1 == load<u64>(block + T_ADDRESS + 8);
  if (!hasProof && !isTcp && !isMatched && !isTo) return alien(ALIEN_ADDRESS);
  conclude(RESULT_ERROR, entry, record, errorCode);
}

/** Whether the payload names one of our slots, whatever a translator made of the header. */
export function showsSlot(at: u32, bytes: u32): bool {
  if (bytes < HEADER_BYTES + PROOF_BYTES) return false;
  return load<u32>(at + HEADER_BYTES) - INFLIGHT_MAX < PROBES_MAX;
}

/** Some routers fill a short quote up with zeros, as RFC 4884 §5.1 wants for its length. */
function isPadding(proof: u32): bool {
  return (load<u64>(proof) | load<u64>(proof + 8)) == 0;
}

/** The entry that slot, generation and cookie prove, else 0 (counted). */
function proven(proof: u32): u32 {
  const slot = load<u32>(proof);
  const generation = load<u32>(proof + 4);
  const cookie = load<u64>(proof + 8);
  if (slot - INFLIGHT_MAX >= PROBES_MAX) return none(ALIEN_COOKIE);
  const entry = flightAt(slot);
  if (load<u64>(entry + F_COOKIE) == cookie && load<u32>(entry + F_GENERATION) == generation) {
    return living(entry);
  }
  return none(cookieOf(slot, generation) == cookie ? ALIEN_STALE : ALIEN_COOKIE);
}

/** The entry that the first eight bytes name. */
function named(at: u32, protocol: u32): u32 {
  if (protocol == PROTOCOL_TCP) return numbered(bswap<u32>(load<u32>(at + 4)));
  const wire = be16(at + 6);
  const entry = probeAt(wire % PROBES_MAX);
  if (load<u32>(entry + F_EPOCH) != wire) return none(ALIEN_STALE);
  if (protocol == PROTOCOL_UDP && !isOfFlow(entry, be16(at), be16(at + 2))) {
    return none(ALIEN_ADDRESS);
  }
  return living(entry);
}

/** The entry of a TCP sequence number. */
function numbered(sequence: u32): u32 {
  const entry = probeAt((sequence >> 16) % PROBES_MAX);
  if (load<u32>(entry + F_EPOCH) != sequence) return none(ALIEN_COOKIE);
  return living(entry);
}

function living(entry: u32): u32 {
  const state = stateOf(entry);
  const isUsed = state != UNUSED && state != REFUSED;
  return isUsed && isSameTrace(entry) ? entry : none(ALIEN_STALE);
}

function none(reason: u32): u32 {
  alien(reason);
  return 0;
}

function flowOf(port: u32): u32 {
  return (port - portBase) & 0xffff;
}

function isOfFlow(entry: u32, ours: u32, theirs: u32): bool {
  const block = traceAt(load<u32>(entry + F_SERIES));
  return flowOf(ours) == load<u32>(entry + F_SEQ) >> 16 && theirs == load<u32>(block + T_PORT);
}

/** The target's echo reply, at least 8 bytes. */
export function takeEchoReply(record: u32, icmp: u32, bytes: u32, family: u32): void {
  if (bytes < HEADER_BYTES + PROBE_PAYLOAD_BYTES_MIN) return alien(ALIEN_MALFORMED);
  const entry = proven(icmp + HEADER_BYTES);
  if (entry == 0) return;
  const block = traceAt(load<u32>(entry + F_SERIES));
  const isOfTrace =
    load<u32>(block + T_FAMILY) == family && load<u32>(block + T_PROTOCOL) == PROTOCOL_ICMP;
  if (!isOfTrace || !isFrom(record, block)) return alien(ALIEN_ADDRESS);
  conclude(RESULT_ECHO, entry, record, family == 6 ? 129 << 8 : 0);
}

/** What came to one of our ports: an answer of the target's (RFC 9293 §3.10.7). */
export function takeTcp(record: u32, tcp: u32, bytes: u32, family: u32): void {
  if (bytes < TCP_HEADER_BYTES) return alien(ALIEN_MALFORMED);
  // Checksums say nothing here: between machines of one host they are never made. Whoever answers
  // a SYN acknowledges it, with SYN, with RST, or alone when it takes it for a second one.
  const flags = <u32>load<u8>(tcp + 13);
  if ((flags & TCP_ACK) == 0) return alien(ALIEN_FOREIGN);
  // A SYN takes one number, so its answer acknowledges the next.
  const entry = numbered(bswap<u32>(load<u32>(tcp + 8)) - 1);
  if (entry == 0) return;
  const block = traceAt(load<u32>(entry + F_SERIES));
  const isOfTrace =
    load<u32>(block + T_FAMILY) == family && load<u32>(block + T_PROTOCOL) == PROTOCOL_TCP;
  const isOurs = isOfTrace && isOfFlow(entry, be16(tcp + 2), be16(tcp)) && isFrom(record, block);
  if (!isOurs) return alien(ALIEN_ADDRESS);
  conclude(RESULT_TCP, entry, record, flags);
}

/** A datagram to one of our ports says nothing of the probe that it answers: the oldest it is. */
export function takeUdp(record: u32, udp: u32, bytes: u32, family: u32): void {
  if (bytes < HEADER_BYTES) return alien(ALIEN_MALFORMED);
  const flow = flowOf(be16(udp + 2));
  if (flow >= FLOWS_MAX) return alien(ALIEN_FOREIGN);
  const flowPort = flow | (be16(udp) << 16);
  const entry = oldestUdp(family, flowPort, load<u64>(record + 32), load<u64>(record + 40));
  if (entry == 0) return alien(ALIEN_ADDRESS);
  conclude(RESULT_UDP, entry, record, 0);
}

function isFrom(record: u32, block: u32): bool {
  return (
    load<u64>(record + 32) == load<u64>(block + T_ADDRESS) &&
    load<u64>(record + 40) == load<u64>(block + T_ADDRESS + 8)
  );
}

/** Notes an answer; a second one to the same probe changes nothing. */
function conclude(kind: u32, entry: u32, record: u32, info: u32): void {
  const state = stateOf(entry);
  if (state == EXPIRED) return concludeLate(entry, record, info);
  if (state != INFLIGHT) return;
  const rtt = rttOf(entry, record);
  const isTimed = !hasStep(entry) && rtt >= 0;
  // However long the answer lay unread: its stamp says whether it came in time.
  if (isTimed && <u64>rtt > probeTimeoutNs) {
    loseProbe(entry);
    return concludeLate(entry, record, info);
  }
  finishProbe(entry, ANSWERED);
  const result = writeResult(isTimed ? kind : RESULT_DISCARDED, entry);
  if (result == 0) return;
  writeAnswer(result, kind, record, info);
  if (!isTimed) return;
  store<f64>(result + 40, <f64>rtt);
  store<f64>(result + 48, <f64>qualityOf(entry, record));
}

function concludeLate(entry: u32, record: u32, info: u32): void {
  const rtt = lateRtt(entry, record);
  if (rtt > <i64>PROBE_LATE_NS_MAX) return alien(ALIEN_STALE);
  store<u8>(entry + F_STATE, <u8>ANSWERED);
  const result = writeResult(RESULT_LATE, entry);
  if (result == 0) return;
  writeAnswer(result, RESULT_LATE, record, info);
  store<f64>(result + 40, <f64>max<i64>(0, rtt));
}

function writeAnswer(result: u32, kind: u32, record: u32, info: u32): void {
  const ttl = load<u32>(record + 48);
  store<f64>(result + 64, <f64>info);
  store<f64>(result + 72, ttl > 255 ? -1 : <f64>ttl);
  store<u64>(result + 104, load<u64>(record + 32));
  store<u64>(result + 112, load<u64>(record + 40));
  if (kind != RESULT_ERROR) return;
  store<f64>(result + 80, <f64>quotedTtl);
  store<f64>(result + 88, <f64>errorMtu);
  store<f64>(result + 96, <f64>labels);
  for (let i: u32 = 0; i < labels; i++) {
    store<u32>(result + 128 + i * 4, bswap<u32>(load<u32>(labelsAt + i * 4)));
  }
}
