// What came in: echo replies and ICMP errors that quote one of our echoes (RFC 792, RFC 4443).
// Nothing here trusts a length, an offset or a field: every read lies inside the bytes that the
// kernel says it stored, and those inside the record.
//
// Inbox record: 0 u32 kind  4 u32 bytes stored  8 u64 receive stamp (REALTIME ns, 0 none)
//  16 u64 hardware stamp (reserved)  24 u32 flags (1 truncated)  28 u32 stamp source
//  32 16 bytes source address  48 u32 TTL (0xffffffff unknown)  52 u32, 56 u32 ICMP type and code
//  of a quoted error, 60 u32 the MTU that it tells; the packet follows at RECORD_HEADER_BYTES.
import { lookAhead } from './ahead';
import {
  ALIEN_ADDRESS,
  ALIEN_CHECKSUM,
  ALIEN_COOKIE,
  ALIEN_FOREIGN,
  ALIEN_MALFORMED,
  ALIEN_STALE,
  alien,
} from './alien';
import { takeEchoReply, takeTcp, takeUdp } from './answer';
import { onesSum } from './checksum';
import { cookieOf } from './cookie';
import { ICMP_HEADER_BYTES, identifierBase } from './echo';
import {
  F_ATTEMPT,
  F_COOKIE,
  F_GENERATION,
  F_ICMP_ERROR,
  F_SENT_USER,
  F_SERIES,
  flightAt,
  INFLIGHT,
  REFUSED,
  stateOf,
  UNUSED,
} from './flight';
import { inboxRecord, isSameSeries, takeReply } from './fold';
import {
  IDENTIFIERS_MAX,
  INBOX_MAX,
  PACKET_BYTES,
  PAYLOAD_BYTES_MIN,
  RECORD_HEADER_BYTES,
} from './limits';
import { PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP, probeIdentifier } from './probe-packet';
import {
  be16,
  errorCode,
  isMatched,
  parseError4,
  parseError6,
  parseQueued,
  quotedTo0,
  quotedTo1,
} from './quote';
import { LOG_ICMP_ERROR, logLine } from './ring';
import { add, at, S_ADDRESS, S_FAMILY, S_ICMP_ERRORS, S_PAYLOAD } from './series';

/** Inbox kinds. A raw IPv4 socket delivers the IP header, ping and ICMPv6 sockets do not. */
export const KIND_IP4: u32 = 4;
export const KIND_ICMP6: u32 = 6;
export const KIND_ICMP4: u32 = 44;
/** From raw sockets, which deliver no IPv6 header. */
export const KIND_TCP6: u32 = 16;
export const KIND_UDP6: u32 = 17;
/** Our own packet, quoted by the error queue of a ping socket. */
export const KIND_QUOTED4: u32 = 54;
export const KIND_QUOTED6: u32 = 56;

const FLAG_TRUNCATED: u32 = 1;
export const IP4_HEADER_BYTES: u32 = 20;

export function foldPackets(n: u32): void {
  assert(n <= INBOX_MAX);
  lookAhead(n);
  for (let i: u32 = 0; i < n; i++) parseRecord(inboxRecord(i));
}

function parseRecord(record: u32): void {
  const bytes = load<u32>(record + 4);
  const packet = record + RECORD_HEADER_BYTES;
  if (bytes > PACKET_BYTES || (load<u32>(record + 24) & FLAG_TRUNCATED) != 0) {
    return alien(ALIEN_MALFORMED);
  }
  const kind = load<u32>(record);
  if (kind == KIND_IP4) return parseIp4(record, packet, bytes);
  if (kind == KIND_ICMP4) return parseIcmp4(record, packet, bytes);
  if (kind == KIND_ICMP6) return parseIcmp6(record, packet, bytes);
  if (kind == KIND_UDP6) return takeUdp(record, packet, bytes, 6);
  if (kind == KIND_TCP6) return takeTcp(record, packet, bytes, 6);
  const isQuoted = kind == KIND_QUOTED4 || kind == KIND_QUOTED6;
  if (!isQuoted) return alien(ALIEN_MALFORMED);
  parseQueued(record, packet, bytes, kind == KIND_QUOTED6 ? 6 : 4);
}

function parseIp4(record: u32, packet: u32, bytes: u32): void {
  if (bytes < IP4_HEADER_BYTES) return alien(ALIEN_MALFORMED);
  const first = <u32>load<u8>(packet);
  const header = (first & 15) * 4;
  const total = be16(packet + 2);
  const isSane = first >> 4 == 4 && header >= IP4_HEADER_BYTES && header <= total && total <= bytes;
  if (!isSane) return alien(ALIEN_MALFORMED);
  store<u32>(record + 48, <u32>load<u8>(packet + 8));
  store<u64>(record + 32, <u64>load<u32>(packet + 12));
  store<u64>(record + 40, 0);
  const protocol = <u32>load<u8>(packet + 9);
  const left = total - header;
  if (protocol == PROTOCOL_ICMP) return parseIcmp4(record, packet + header, left);
  if (protocol == PROTOCOL_UDP) return takeUdp(record, packet + header, left, 4);
  if (protocol == PROTOCOL_TCP) return takeTcp(record, packet + header, left, 4);
  alien(ALIEN_MALFORMED);
}

function parseIcmp4(record: u32, icmp: u32, bytes: u32): void {
  if (bytes < ICMP_HEADER_BYTES) return alien(ALIEN_MALFORMED);
  // A raw IPv4 socket is handed packets before the kernel looks at the ICMP checksum.
  if (onesSum(icmp, bytes) != 0xffff) return alien(ALIEN_CHECKSUM);
  const type = <u32>load<u8>(icmp);
  if (type == 0) return parseReply(record, icmp, bytes, 4);
  if (type != 3 && type != 11 && type != 12) return alien(ALIEN_FOREIGN);
  parseError4(record, icmp, bytes);
}

function parseIcmp6(record: u32, icmp: u32, bytes: u32): void {
  if (bytes < ICMP_HEADER_BYTES) return alien(ALIEN_MALFORMED);
  const type = <u32>load<u8>(icmp);
  if (type == 129) return parseReply(record, icmp, bytes, 6);
  if (type < 1 || type > 4) return alien(ALIEN_FOREIGN);
  parseError6(record, icmp, bytes);
}

/** The slot that identifier and sequence number name, or 0xffffffff for an identifier not ours. */
function slotOf(icmp: u32): u32 {
  const index = (be16(icmp + 4) - identifierBase) & 0xffff;
  if (index >= IDENTIFIERS_MAX) return 0xffffffff;
  return (index << 16) | be16(icmp + 6);
}

function parseReply(record: u32, icmp: u32, bytes: u32, family: u32): void {
  if (be16(icmp + 4) == probeIdentifier()) return takeEchoReply(record, icmp, bytes, family);
  const slot = slotOf(icmp);
  if (slot == 0xffffffff) return alien(ALIEN_FOREIGN);
  if (bytes < ICMP_HEADER_BYTES + PAYLOAD_BYTES_MIN) return alien(ALIEN_MALFORMED);
  const entry = matchCookie(slot, icmp);
  if (entry == 0) return;
  const block = at(load<u32>(entry + F_SERIES));
  if (load<u32>(block + S_FAMILY) != family) return alien(ALIEN_ADDRESS);
  if (!isFrom(record, block)) return alien(ALIEN_ADDRESS);
  // RFC 792: the data of the echo must come back whole.
  if (bytes != ICMP_HEADER_BYTES + load<u32>(block + S_PAYLOAD)) return alien(ALIEN_MALFORMED);
  if (!takeReply(entry, record)) alien(ALIEN_STALE);
}

/** The entry that slot, generation and cookie behind `icmp` prove, else 0 (counted). */
function matchCookie(slot: u32, icmp: u32): u32 {
  const generation = load<u32>(icmp + 12);
  const cookie = load<u64>(icmp + 16);
  const entry = flightAt(slot);
  const isCurrent =
    load<u32>(entry + F_GENERATION) == generation &&
    stateOf(entry) != UNUSED &&
    stateOf(entry) != REFUSED &&
    load<u64>(entry + F_COOKIE) == cookie;
  if (load<u32>(icmp + 8) == slot && isCurrent && isSameSeries(entry)) return entry;
  const isOurs = load<u32>(icmp + 8) == slot && cookieOf(slot, generation) == cookie;
  alien(isOurs ? ALIEN_STALE : ALIEN_COOKIE);
  return 0;
}

function isFrom(record: u32, block: u32): bool {
  return (
    load<u64>(record + 32) == load<u64>(block + S_ADDRESS) &&
    load<u64>(record + 40) == load<u64>(block + S_ADDRESS + 8)
  );
}

/**
 * The start of one of our own echoes inside an error. Routers may quote eight bytes only (RFC 792):
 * then slot and destination must do, and an error never decides an echo's fate by itself.
 */
export function takeQuotedEcho(record: u32, icmp: u32, bytes: u32, family: u32): void {
  const slot = slotOf(icmp);
  let entry = flightAt(slot);
  if (bytes >= ICMP_HEADER_BYTES + PAYLOAD_BYTES_MIN) {
    entry = matchCookie(slot, icmp);
    if (entry == 0) return;
  }
  if (stateOf(entry) != INFLIGHT || !isSameSeries(entry)) return alien(ALIEN_STALE);
  const block = at(load<u32>(entry + F_SERIES));
  if (load<u32>(block + S_FAMILY) != family) return alien(ALIEN_ADDRESS);
  const isTo =
    quotedTo0 == load<u64>(block + S_ADDRESS) && quotedTo1 == load<u64>(block + S_ADDRESS + 8);
  if (!isMatched && !isTo) return alien(ALIEN_ADDRESS);
  noteError(entry, record, errorCode);
}

function noteError(entry: u32, record: u32, error: u32): void {
  const series = load<u32>(entry + F_SERIES);
  add(at(series) + S_ICMP_ERRORS, 1);
  // One line a probe: a second copy says nothing new.
  if (load<u32>(entry + F_ICMP_ERROR) != 0) return;
  store<u32>(entry + F_ICMP_ERROR, error);
  const sent = load<u64>(entry + F_SENT_USER);
  const line = logLine(LOG_ICMP_ERROR, series, load<u32>(entry + F_ATTEMPT), sent);
  if (line == 0) return;
  store<f64>(line + 56, <f64>error);
  store<u64>(line + 64, load<u64>(record + 32));
  store<u64>(line + 72, load<u64>(record + 40));
}
