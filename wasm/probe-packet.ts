// The packets of TTL-limited probes. Within a flow they never differ in the first four bytes behind
// the IP header, nor in addresses, TOS or protocol: what routers hash. A probe is told by what
// every router quotes (RFC 792: the eight bytes behind the IP header):
//
//   ICMP  sequence number; the payload keeps the checksum, which routers hash, at the flow's value
//   UDP   checksum; the payload brings it about
//   TCP   sequence number: the same 16 bits, then 16 of the cookie
//
//   payload of ICMP and UDP: slot u32 generation u32 cookie u64 | u16 filler | pattern
//
// These 16 bits are the slot's place in its ring and, above that, the low bits of its generation:
// an answer that comes after the slot was used again is told from the new one's.
import { checksum, onesSum } from './checksum';
import { identifierBase, keyOf } from './echo';
import { F_COOKIE, F_EPOCH, F_GENERATION, F_SEQ } from './flight';
import { OUTBOX, RECORD_BYTES } from './layout';
import { IDENTIFIERS_MAX, PACKET_BYTES, PROBES_MAX, RECORD_HEADER_BYTES } from './limits';
import {
  portBase,
  T_ADDRESS,
  T_FAMILY,
  T_IFINDEX,
  T_PORT,
  T_PROTOCOL,
  T_SCOPE,
  T_SOURCE,
  T_TOS,
} from './probe';

export const PROTOCOL_ICMP: u32 = 1;
export const PROTOCOL_TCP: u32 = 6;
export const PROTOCOL_UDP: u32 = 17;

const HEADER_BYTES: u32 = 8;
/** Header and one option, the maximum segment size: some firewalls drop a SYN without it. */
const SYN_BYTES: u32 = 24;
const FILLER: u32 = HEADER_BYTES + 16;
const OUTBOX_SOURCE6: u32 = RECORD_HEADER_BYTES + PACKET_BYTES - 16;
const SOCKET_DONT_FRAGMENT: u32 = 16;
const SOCKET_UDP: u32 = 32;
const SOCKET_TCP: u32 = 64;
/** Of flow 0; any value would do. */
const ICMP_CHECKSUM: u32 = 0x464c;

/** What the wire shows of a use of a slot. */
export function wireOf(place: u32, generation: u32): u32 {
  return (place + generation * PROBES_MAX) & 0xffff;
}

/** What stands in F_EPOCH of a TCP probe: its sequence number. */
export function tcpSequence(wire: u32, cookie: u64): u32 {
  return (wire << 16) | (<u32>cookie & 0xffff);
}

export function probeIdentifier(): u32 {
  return identifierBase + IDENTIFIERS_MAX;
}

export function writeProbe(
  index: u32,
  block: u32,
  entry: u32,
  slot: u32,
  payload: u32,
  wantsDf: bool,
): void {
  const record = OUTBOX + index * RECORD_BYTES;
  const packet = record + RECORD_HEADER_BYTES;
  const protocol = load<u32>(block + T_PROTOCOL);
  const isTcp = protocol == PROTOCOL_TCP;
  const bytes = isTcp ? SYN_BYTES : HEADER_BYTES + payload;
  assert(bytes <= PACKET_BYTES - 16);
  writeHeader(record, block, entry, slot);
  store<u32>(record + 4, bytes);
  const socket = load<u32>(record) + (wantsDf ? SOCKET_DONT_FRAGMENT : 0);
  store<u32>(record, socket + socketOf(protocol));
  if (isTcp) return writeSyn(packet, block, entry);
  store<u32>(packet + HEADER_BYTES, slot);
  store<u32>(packet + HEADER_BYTES + 4, load<u32>(entry + F_GENERATION));
  store<u64>(packet + HEADER_BYTES + 8, load<u64>(entry + F_COOKIE));
  store<u16>(packet + FILLER, 0);
  if (protocol == PROTOCOL_UDP) writeUdp(packet, block, entry, bytes);
  else writeEcho(packet, block, entry, bytes);
}

function socketOf(protocol: u32): u32 {
  if (protocol == PROTOCOL_UDP) return SOCKET_UDP;
  return protocol == PROTOCOL_TCP ? SOCKET_TCP : 0;
}

/** The record's header (echo.ts has its fields). */
function writeHeader(record: u32, block: u32, entry: u32, slot: u32): void {
  store<u32>(record, load<u32>(block + T_FAMILY));
  store<u32>(record + 8, keyOf(slot, load<u32>(entry + F_GENERATION)));
  store<u32>(record + 12, load<u32>(entry + F_SEQ) & 0xffff);
  store<u32>(record + 16, load<u32>(block + T_TOS));
  store<u32>(record + 20, load<u32>(block + T_IFINDEX));
  store<u32>(record + 24, 0);
  store<u32>(record + 28, load<u32>(block + T_SCOPE));
  store<u64>(record + 32, load<u64>(block + T_ADDRESS));
  store<u64>(record + 40, load<u64>(block + T_ADDRESS + 8));
  store<u64>(record + 48, load<u64>(block + T_SOURCE));
  store<u64>(record + OUTBOX_SOURCE6, load<u64>(block + T_SOURCE));
  store<u64>(record + OUTBOX_SOURCE6 + 8, load<u64>(block + T_SOURCE + 8));
}

function writeEcho(packet: u32, block: u32, entry: u32, bytes: u32): void {
  const isV6 = load<u32>(block + T_FAMILY) == 6;
  const flow = load<u32>(entry + F_SEQ) >> 16;
  store<u16>(packet, isV6 ? 128 : 8);
  store<u16>(packet + 2, network16(ICMP_CHECKSUM + flow));
  store<u16>(packet + 4, network16(probeIdentifier()));
  store<u16>(packet + 6, network16(load<u32>(entry + F_EPOCH)));
  store<u16>(packet + FILLER, checksum(packet, bytes));
  // The kernel adds the addresses to ICMPv6's checksum; they never differ within a flow.
  if (isV6) store<u16>(packet + 2, 0);
}

function writeUdp(packet: u32, block: u32, entry: u32, bytes: u32): void {
  writePorts(packet, block, entry);
  store<u16>(packet + 4, network16(bytes));
  store<u16>(packet + 6, network16(load<u32>(entry + F_EPOCH)));
  const sum = onesSum(packet, bytes) + pseudoSum(block, PROTOCOL_UDP, bytes);
  store<u16>(packet + FILLER, <u16>(fold16(sum) ^ 0xffff));
}

function writeSyn(packet: u32, block: u32, entry: u32): void {
  writePorts(packet, block, entry);
  const sequence = tcpSequence(load<u32>(entry + F_EPOCH), load<u64>(entry + F_COOKIE));
  store<u32>(entry + F_EPOCH, sequence);
  store<u32>(packet + 4, bswap<u32>(sequence));
  store<u32>(packet + 8, 0);
  store<u16>(packet + 12, network16(((SYN_BYTES / 4) << 12) | 2));
  store<u16>(packet + 14, network16(64240));
  store<u32>(packet + 16, 0);
  // Option 2, 4 bytes long: segments of 1 440 bytes fit both families on Ethernet.
  store<u32>(packet + 20, bswap<u32>(0x02040000 | 1440));
  const sum = onesSum(packet, SYN_BYTES) + pseudoSum(block, PROTOCOL_TCP, SYN_BYTES);
  store<u16>(packet + 16, <u16>(fold16(sum) ^ 0xffff));
}

function writePorts(packet: u32, block: u32, entry: u32): void {
  store<u16>(packet, network16(portBase + (load<u32>(entry + F_SEQ) >> 16)));
  store<u16>(packet + 2, network16(load<u32>(block + T_PORT)));
}

/** RFC 768, RFC 9293 §3.1, RFC 8200 §8.1: both families' pseudo-headers have the same sum. */
function pseudoSum(block: u32, protocol: u32, bytes: u32): u32 {
  const addresses = onesSum(block + T_SOURCE, 16) + onesSum(block + T_ADDRESS, 16);
  return addresses + <u32>network16(protocol) + <u32>network16(bytes);
}

function fold16(sum: u32): u32 {
  const once = (sum & 0xffff) + (sum >> 16);
  return (once & 0xffff) + (once >> 16);
}

export function network16(value: u32): u16 {
  return bswap<u16>(<u16>value);
}

/** Echoes rely on the pattern, which lies behind what they write (see resetOutbox). */
export function restorePattern(record: u32): void {
  store<u16>(record + RECORD_HEADER_BYTES + FILLER, <u16>(FILLER | ((FILLER + 1) << 8)));
}
