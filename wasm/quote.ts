// ICMP errors: the packet that they quote, and what else they say of it (RFC 792, RFC 4443;
// multi-part messages of RFC 4884 with the MPLS label stack of RFC 4950). Every read lies inside
// the bytes that came.
import { ALIEN_FOREIGN, ALIEN_MALFORMED, alien } from './alien';
import { showsSlot, takeQuotedProbe } from './answer';
import { onesSum } from './checksum';
import { ICMP_HEADER_BYTES, identifierBase } from './echo';
import { IDENTIFIERS_MAX, MPLS_MAX } from './limits';
import { takeQuotedEcho } from './parse';
import { PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP, probeIdentifier } from './probe-packet';

/** What the error in hand says: type << 8 | code, and where the packet that it quotes went. */
export let errorCode: u32 = 0;
export let quotedTo0: u64 = 0;
export let quotedTo1: u64 = 0;
/** TTL that the quoted packet had left, and the MTU of the next link; −1 when not told. */
export let quotedTtl: i32 = -1;
export let errorMtu: i32 = -1;
/** MPLS label stack entries, big endian. */
export let labelsAt: u32 = 0;
export let labels: u32 = 0;
/** Whether addresses are known: an error queue of the kernel shows none, it has matched them. */
export let isMatched: bool = false;

const IP4_HEADER_BYTES: u32 = 20;
const IP6_HEADER_BYTES: u32 = 40;
const NEXT_ICMP6: u32 = 58;
/** Where extensions begin when a router does not tell the length of its quote (RFC 4884 §5.5). */
const QUOTE_BYTES: u32 = 128;
const EXTENSION_BYTES: u32 = 4;
const OBJECT_BYTES: u32 = 4;
const CLASS_MPLS: u32 = 1;
const TYPE_STACK: u32 = 1;
const CODE_FRAGMENTATION4: u32 = (3 << 8) | 4;
const TYPE_UNREACHABLE6: u32 = 1;
const TYPE_TOO_BIG6: u32 = 2;
const TYPE_EXCEEDED6: u32 = 3;

export function parseError4(record: u32, icmp: u32, bytes: u32): void {
  const inner = icmp + ICMP_HEADER_BYTES;
  const told = <u32>load<u8>(icmp + 5) * 4;
  const left = takeExtensions(icmp, bytes, told);
  if (left < IP4_HEADER_BYTES) return alien(ALIEN_MALFORMED);
  const first = <u32>load<u8>(inner);
  const header = (first & 15) * 4;
  const isSane = first >> 4 == 4 && header >= IP4_HEADER_BYTES && left >= header + 8;
  if (!isSane) return alien(ALIEN_MALFORMED);
  quotedTo0 = <u64>load<u32>(inner + 16);
  quotedTo1 = 0;
  quotedTtl = <i32>load<u8>(inner + 8);
  takeCode(icmp);
  // Fragmentation needed and DF set (RFC 1191).
  errorMtu = errorCode == CODE_FRAGMENTATION4 ? knownMtu(be16(icmp + 6)) : -1;
  dispatch(record, inner + header, left - header, <u32>load<u8>(inner + 9), 4);
}

export function parseError6(record: u32, icmp: u32, bytes: u32): void {
  const inner = icmp + ICMP_HEADER_BYTES;
  const told = <u32>load<u8>(icmp + 4) * 8;
  const type = <u32>load<u8>(icmp);
  // The others have an MTU or a pointer there (RFC 4443 §3.2, §3.4).
  const tellsLength = type == TYPE_UNREACHABLE6 || type == TYPE_EXCEEDED6;
  const left = takeExtensions(icmp, bytes, tellsLength ? told : 0);
  if (left < IP6_HEADER_BYTES + 8 || <u32>load<u8>(inner) >> 4 != 6) {
    return alien(ALIEN_MALFORMED);
  }
  quotedTo0 = load<u64>(inner + 24);
  quotedTo1 = load<u64>(inner + 32);
  quotedTtl = <i32>load<u8>(inner + 7);
  takeCode(icmp);
  errorMtu = type == TYPE_TOO_BIG6 ? knownMtu(bswap<u32>(load<u32>(icmp + 4))) : -1;
  const next = <u32>load<u8>(inner + 6);
  const protocol = next == NEXT_ICMP6 ? PROTOCOL_ICMP : next == PROTOCOL_ICMP ? 0 : next;
  dispatch(record, inner + IP6_HEADER_BYTES, left - IP6_HEADER_BYTES, protocol, 6);
}

/** From the error queue of a ping socket: our own packet, from its ICMP header on. */
export function parseQueued(record: u32, icmp: u32, bytes: u32, family: u32): void {
  errorCode = (load<u32>(record + 52) << 8) | (load<u32>(record + 56) & 0xff);
  quotedTtl = -1;
  // Of other errors the kernel hands over whatever stood in their place: a length, a pointer.
  const tellsMtu = family == 6 ? errorCode >> 8 == TYPE_TOO_BIG6 : errorCode == CODE_FRAGMENTATION4;
  errorMtu = tellsMtu ? knownMtu(load<u32>(record + 60)) : -1;
  labels = 0;
  isMatched = true;
  quote(record, icmp, bytes, PROTOCOL_ICMP, family);
}

function dispatch(record: u32, at: u32, bytes: u32, protocol: u32, family: u32): void {
  isMatched = false;
  quote(record, at, bytes, protocol, family);
}

function quote(record: u32, at: u32, bytes: u32, protocol: u32, family: u32): void {
  if (bytes < ICMP_HEADER_BYTES) return alien(ALIEN_MALFORMED);
  if (protocol == PROTOCOL_UDP || protocol == PROTOCOL_TCP) {
    return takeQuotedProbe(record, at, bytes, protocol, family);
  }
  if (protocol != PROTOCOL_ICMP) return alien(ALIEN_FOREIGN);
  if (<u32>load<u8>(at) != (family == 6 ? 128 : 8)) return alien(ALIEN_FOREIGN);
  const identifier = be16(at + 4);
  if (identifier == probeIdentifier()) {
    return takeQuotedProbe(record, at, bytes, protocol, family);
  }
  if (((identifier - identifierBase) & 0xffff) < IDENTIFIERS_MAX) {
    return takeQuotedEcho(record, at, bytes, family);
  }
  // A translator may have changed the identifier and not changed it back.
  if (!showsSlot(at, bytes)) return alien(ALIEN_FOREIGN);
  takeQuotedProbe(record, at, bytes, protocol, family);
}

/** Routers older than RFC 1191 leave it 0. */
function knownMtu(told: u32): i32 {
  return told == 0 ? -1 : <i32>min<u32>(told, 65535);
}

function takeCode(icmp: u32): void {
  errorCode = ((<u32>load<u8>(icmp)) << 8) | <u32>load<u8>(icmp + 1);
}

/** Notes the label stack behind the quote. Returns how many bytes the quote has. */
function takeExtensions(icmp: u32, bytes: u32, told: u32): u32 {
  labels = 0;
  const left = bytes - ICMP_HEADER_BYTES;
  // A length that does not fit is no length: the field was once unused.
  const isTold = told >= 8 && told < left;
  const length = isTold ? told : QUOTE_BYTES;
  if (left < length + EXTENSION_BYTES) return left;
  const extension = icmp + ICMP_HEADER_BYTES + length;
  const room = left - length;
  if (!isExtension(extension, room)) return left;
  findLabels(extension, room);
  return length;
}

/** Version 2, and a checksum that is right; 0 means that none was made (RFC 4884 §7). */
function isExtension(extension: u32, room: u32): bool {
  if (<u32>load<u8>(extension) >> 4 != 2) return false;
  return load<u16>(extension + 2) == 0 || onesSum(extension, room) == 0xffff;
}

function findLabels(extension: u32, room: u32): void {
  let at = extension + EXTENSION_BYTES;
  const end = extension + room;
  // Each turn moves on by a header at least.
  while (at + OBJECT_BYTES <= end) {
    const length = be16(at);
    if (length < OBJECT_BYTES || length > end - at) return;
    const isStack =
      <u32>load<u8>(at + 2) == CLASS_MPLS && <u32>load<u8>(at + 3) == TYPE_STACK && labels == 0;
    if (isStack) {
      labelsAt = at + OBJECT_BYTES;
      labels = min<u32>((length - OBJECT_BYTES) / 4, MPLS_MAX);
    }
    at += length;
  }
}

export function be16(address: u32): u32 {
  return <u32>bswap<u16>(load<u16>(address));
}
