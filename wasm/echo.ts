// Echo requests (RFC 792, RFC 4443) into the outbox, and what the kernel said of them.
//
// Outbox record: 0 u32 socket (4 or 6; +16 for the one that sets DF)  4 u32 packet bytes
//   8 u32 key (slot | generation << 21)  12 u32 TTL (0: the kernel's)  16 u32 TOS
//  20 u32 interface index (0: the route's)  24 u32 errno, written by the transport
//  28 u32 scope id  32 16 bytes destination  48 8 bytes of source (v4: 4)  56 u64 REALTIME at the
//  send, written by the transport; an IPv6 source stands in the last 16 bytes of the record.
//
//   packet:  type code checksum  identifier sequence | slot u32 generation u32 cookie u64 | pattern
import { checksum } from './checksum';
import { monoNow, offsetNow, realNow, stepCount } from './clock';
import {
  F_ATTEMPT,
  F_COOKIE,
  F_EPOCH,
  F_GENERATION,
  F_OFFSET,
  F_SENT_MONO,
  F_SENT_USER,
  F_SEQ,
  F_SERIAL,
  F_SERIES,
  F_STEPS,
  finish,
  flightAt,
  KEY_SLOT_BITS,
  KEY_SLOT_MASK,
  REFUSED,
  reserve,
} from './flight';
import { OUTBOX, RECORD_BYTES } from './layout';
import {
  IDENTIFIERS_MAX,
  INFLIGHT_MAX,
  OUTBOX_MAX,
  PACKET_BYTES,
  RECORD_HEADER_BYTES,
} from './limits';
import { settleProbe } from './probe';
import { DROP_WINDOW, drop, LOG_SEND_ERROR, logLine } from './ring';
import { count, currentEpoch, R_ERRORS, R_SENT, R_SKIPPED, roundAt } from './round';
import {
  add,
  at,
  PENDING,
  S_ADDRESS,
  S_ATTEMPTS,
  S_ERRORS,
  S_FAMILY,
  S_FLAGS,
  S_FRONTIER,
  S_IFINDEX,
  S_LAST_SENT_REAL,
  S_PAYLOAD,
  S_SCOPE,
  S_SENT,
  S_SEQ_NEXT,
  S_SERIAL,
  S_SKIPPED,
  S_SOURCE,
  S_TOS,
  S_TTL,
  S_UNSETTLED,
  S_WINDOW_MASK,
  W_EPOCH,
  W_OUTCOME,
  W_SENT_MONO,
  W_SENT_REAL,
  windowAt,
} from './series';

export const ICMP_HEADER_BYTES: u32 = 8;
const OUTBOX_SOURCE6: u32 = RECORD_HEADER_BYTES + PACKET_BYTES - 16;
const ICMP4_ECHO: u32 = 8;
const ICMP6_ECHO: u32 = 128;
const FLAG_DONT_FRAGMENT: u32 = 1;

/** The first of our identifiers; aligned, so that a mask of the low five bits covers them all. */
export let identifierBase: u32 = 0;

/** The pattern behind the cookie is the same in every packet: it is laid once. */
export function resetOutbox(identifier: u32): void {
  identifierBase = identifier & (0x10000 - 2 * IDENTIFIERS_MAX);
  for (let i: u32 = 0; i < OUTBOX_MAX; i++) {
    const record = OUTBOX + i * RECORD_BYTES;
    memory.fill(record, 0, RECORD_HEADER_BYTES);
    for (let b: u32 = 0; b < PACKET_BYTES - 16; b++) {
      store<u8>(record + RECORD_HEADER_BYTES + b, <u8>b);
    }
  }
}

/** Builds an echo of `series` in outbox place `index`. False when a table is full (counted). */
export function buildEcho(series: u32, index: u32): bool {
  const block = at(series);
  const unresolved = load<u32>(block + S_SEQ_NEXT) - load<u32>(block + S_FRONTIER);
  if (unresolved + load<u32>(block + S_UNSETTLED) > load<u32>(block + S_WINDOW_MASK)) {
    drop(DROP_WINDOW);
    return false;
  }
  const slot = reserve();
  if (slot == INFLIGHT_MAX) return false;
  const entry = flightAt(slot);
  const attempt = load<u32>(block + S_ATTEMPTS);
  store<u32>(block + S_ATTEMPTS, attempt + 1);
  store<u32>(block + S_UNSETTLED, load<u32>(block + S_UNSETTLED) + 1);
  store<u32>(entry + F_SERIES, series);
  store<u32>(entry + F_SERIAL, load<u32>(block + S_SERIAL));
  store<u64>(entry + F_SENT_MONO, monoNow);
  store<i64>(entry + F_OFFSET, offsetNow);
  store<u16>(entry + F_STEPS, <u16>stepCount);
  store<u32>(entry + F_ATTEMPT, attempt);
  store<u32>(entry + F_EPOCH, currentEpoch());
  writeRecord(OUTBOX + index * RECORD_BYTES, block, slot, entry);
  return true;
}

function writeRecord(record: u32, block: u32, slot: u32, entry: u32): void {
  const isV6 = load<u32>(block + S_FAMILY) == 6;
  const bytes = ICMP_HEADER_BYTES + load<u32>(block + S_PAYLOAD);
  const generation = load<u32>(entry + F_GENERATION);
  const wantsDf = (load<u32>(block + S_FLAGS) & FLAG_DONT_FRAGMENT) != 0;
  store<u32>(record, (isV6 ? 6 : 4) + (wantsDf ? 16 : 0));
  store<u32>(record + 4, bytes);
  store<u32>(record + 8, keyOf(slot, generation));
  store<u32>(record + 12, load<u32>(block + S_TTL));
  store<u32>(record + 16, load<u32>(block + S_TOS));
  store<u32>(record + 20, load<u32>(block + S_IFINDEX));
  store<u32>(record + 24, 0);
  store<u32>(record + 28, load<u32>(block + S_SCOPE));
  store<u64>(record + 32, load<u64>(block + S_ADDRESS));
  store<u64>(record + 40, load<u64>(block + S_ADDRESS + 8));
  store<u64>(record + 48, load<u64>(block + S_SOURCE));
  store<u64>(record + OUTBOX_SOURCE6, load<u64>(block + S_SOURCE));
  store<u64>(record + OUTBOX_SOURCE6 + 8, load<u64>(block + S_SOURCE + 8));
  const packet = record + RECORD_HEADER_BYTES;
  store<u32>(packet, isV6 ? ICMP6_ECHO : ICMP4_ECHO);
  store<u16>(packet + 4, bswap<u16>(<u16>(identifierBase + (slot >> 16))));
  store<u16>(packet + 6, bswap<u16>(<u16>slot));
  store<u32>(packet + 8, slot);
  store<u32>(packet + 12, generation);
  store<u64>(packet + 16, load<u64>(entry + F_COOKIE));
  // ICMPv6's checksum covers the source address, which only the kernel knows: it fills it in.
  if (!isV6) store<u16>(packet + 2, checksum(packet, bytes));
}

/** Names a use of a slot in 32 bits: what a transmit stamp carries. */
export function keyOf(slot: u32, generation: u32): u32 {
  return slot | (generation << KEY_SLOT_BITS);
}

/** Reads the transport's verdict on the first `n` outbox records. Returns how many were sent. */
export function settleOutbox(n: u32): u32 {
  assert(n <= OUTBOX_MAX);
  let sent: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const record = OUTBOX + i * RECORD_BYTES;
    const slot = load<u32>(record + 8) & KEY_SLOT_MASK;
    if (slot >= INFLIGHT_MAX) {
      if (settleProbe(flightAt(slot), record)) sent++;
      continue;
    }
    const entry = flightAt(slot);
    const series = load<u32>(entry + F_SERIES);
    const block = at(series);
    store<u32>(block + S_UNSETTLED, load<u32>(block + S_UNSETTLED) - 1);
    const user = load<u64>(record + 56);
    store<u64>(entry + F_SENT_USER, user == 0 ? realNow : user);
    const errno = load<u32>(record + 24);
    if (errno == 0) {
      accept(series, entry);
      sent++;
    } else {
      refuse(series, entry, errno);
    }
  }
  return sent;
}

function accept(series: u32, entry: u32): void {
  const block = at(series);
  const seq = load<u32>(block + S_SEQ_NEXT);
  store<u32>(block + S_SEQ_NEXT, seq + 1);
  store<u32>(entry + F_SEQ, seq);
  const epoch = load<u32>(entry + F_EPOCH);
  const sentReal = load<u64>(entry + F_SENT_USER);
  const window = windowAt(series, seq);
  store<f64>(window + W_OUTCOME, PENDING);
  store<u64>(window + W_SENT_MONO, load<u64>(entry + F_SENT_MONO));
  store<u64>(window + W_SENT_REAL, sentReal);
  store<u32>(window + W_EPOCH, epoch);
  store<u64>(block + S_LAST_SENT_REAL, sentReal);
  add(block + S_SENT, 1);
  const round = roundAt(series, epoch);
  if (round != 0) count(round + R_SENT);
}

function refuse(series: u32, entry: u32, errno: u32): void {
  finish(entry, REFUSED);
  const reason = reasonOf(errno);
  add(at(series) + S_ERRORS + reason * 8, 1);
  const round = roundAt(series, load<u32>(entry + F_EPOCH));
  if (round != 0) count(round + R_ERRORS + reason * 4);
  const sentReal = load<u64>(entry + F_SENT_USER);
  const line = logLine(LOG_SEND_ERROR, series, load<u32>(entry + F_ATTEMPT), sentReal);
  if (line != 0) store<f64>(line + 56, <f64>errno);
}

/** Linux errno → blocked, unreachable, buffer, size, device, invalid, other. */
export function reasonOf(errno: u32): u32 {
  if (errno == 1 || errno == 13) return 0;
  if (errno == 101 || errno == 113) return 1;
  if (errno == 105 || errno == 11 || errno == 12) return 2;
  if (errno == 90) return 3;
  if (errno == 19 || errno == 6 || errno == 100) return 4;
  if (errno == 22 || errno == 99) return 5;
  return 6;
}

/** Counts `n` probes that were due and never left. */
export function countSkipped(series: u32, n: u32): void {
  add(at(series) + S_SKIPPED, <f64>n);
  const round = roundAt(series, currentEpoch());
  if (round != 0) store<u32>(round + R_SKIPPED, load<u32>(round + R_SKIPPED) + n);
}
