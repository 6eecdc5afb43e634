// The flight table: a ring of slots. A slot is reserved at the head, in order, and freed at the
// tail once it is answered or expired; its entry stays readable until the head comes round again,
// so that duplicates and late replies are recognised. The wire's identifier and sequence number
// *are* the slot (identifier = base + slot / 65536), its generation says which use of the slot a
// reply means.
//
//   0 u32 generation   4 u8 state, u8 kind, u16 clock steps before   8 u32 series   12 u32 serial
//  16 u64 cookie      24 u64 sent (raw)     32 u64 sent (user, REALTIME)
//  40 u64 software transmit stamp           48 u64 scheduled stamp
//  56 i64 REALTIME − raw when sent          64 u32 seq   68 u32 attempt   72 u32 epoch
//  76 u32 the ICMP error that quoted it (type << 8 | code), 0 for none
//
// Behind the ring lie the slots of TTL-limited probes (probe.ts), with the same entries, in which
// series is the number of the trace, seq is TTL | flow << 16, attempt the caller's tag, and epoch
// what the wire shows of the slot.
import { cookieOf } from './cookie';
import { FLIGHT, FLIGHT_BYTES } from './layout';
import { INFLIGHT_MAX } from './limits';
import { DROP_FLIGHT, drop } from './ring';

export const F_GENERATION: u32 = 0;
export const F_STATE: u32 = 4;
/** What kind of probe holds the slot; TTL-limited ones will be the next kinds. */
export const F_KIND: u32 = 5;
/** How often the clock had stepped when it was sent; more of them than are told apart in 16 bits do
 * not fit into a probe's life. */
export const F_STEPS: u32 = 6;
export const F_SERIES: u32 = 8;
export const F_SERIAL: u32 = 12;
export const F_COOKIE: u32 = 16;
export const F_SENT_MONO: u32 = 24;
export const F_SENT_USER: u32 = 32;
export const F_STAMP: u32 = 40;
export const F_SCHEDULED: u32 = 48;
export const F_OFFSET: u32 = 56;
export const F_SEQ: u32 = 64;
export const F_ATTEMPT: u32 = 68;
export const F_EPOCH: u32 = 72;
export const F_ICMP_ERROR: u32 = 76;

export const UNUSED: u32 = 0;
export const INFLIGHT: u32 = 1;
export const ANSWERED: u32 = 2;
export const EXPIRED: u32 = 3;
export const REFUSED: u32 = 4;

export const KIND_ECHO: u32 = 0;
export const KIND_PROBE: u32 = 1;

/** A key names a use of a slot in 32 bits: 21 of the slot, 11 of its generation. */
export const KEY_SLOT_BITS: u32 = 21;
export const KEY_SLOT_MASK: u32 = (1 << KEY_SLOT_BITS) - 1;
export const KEY_GENERATION_MASK: u32 = (1 << (32 - KEY_SLOT_BITS)) - 1;

/** Slots in use as a ring: a power of two, less than INFLIGHT_MAX to spare memory. */
let limit: u32 = 0;
let wantedLimit: u32 = 0;
let head: u32 = 0;
let tail: u32 = 0;
let used: u32 = 0;
/** Probes that are neither answered nor expired. */
export let inflight: u32 = 0;

export function resetFlight(slots: u32): void {
  assert(slots >= 64 && slots <= INFLIGHT_MAX && popcnt<u32>(slots) == 1);
  // Entries keep their generation: a reply from before the reset must not match after it.
  for (let slot: u32 = 0; slot < limit; slot++) store<u8>(flightAt(slot) + F_STATE, UNUSED);
  limit = slots;
  wantedLimit = slots;
  head = 0;
  tail = 0;
  used = 0;
  inflight = 0;
}

/** Lets the ring grow (never shrink) when its head next comes to the end. */
export function growFlight(slots: u32): void {
  assert(slots <= INFLIGHT_MAX && popcnt<u32>(slots) == 1);
  wantedLimit = max<u32>(wantedLimit, slots);
}

export function flightSlots(): u32 {
  return limit;
}

export function flightAt(slot: u32): u32 {
  return FLIGHT + slot * FLIGHT_BYTES;
}

export function stateOf(entry: u32): u32 {
  return <u32>load<u8>(entry + F_STATE);
}

/** Reserves the next slot for a probe and gives it a new cookie; returns INFLIGHT_MAX when full. */
export function reserve(): u32 {
  // At the end of a lap everything live lies between tail and head, so the ring may be made longer.
  if (head == limit) {
    if (used > 0 && tail == limit) tail = 0;
    if (wantedLimit > limit && tail <= head) limit = wantedLimit;
    else head = 0;
  }
  if (used == limit) {
    drop(DROP_FLIGHT);
    return INFLIGHT_MAX;
  }
  const slot = head;
  head++;
  used++;
  inflight++;
  beginUse(slot, KIND_ECHO, load<u32>(flightAt(slot) + F_GENERATION) + 1);
  return slot;
}

/** A new use of a slot, with a new cookie. */
export function beginUse(slot: u32, kind: u32, generation: u32): void {
  const entry = flightAt(slot);
  store<u32>(entry + F_GENERATION, generation);
  store<u8>(entry + F_STATE, <u8>INFLIGHT);
  store<u8>(entry + F_KIND, <u8>kind);
  store<u64>(entry + F_COOKIE, cookieOf(slot, generation));
  store<u64>(entry + F_STAMP, 0);
  store<u64>(entry + F_SCHEDULED, 0);
  store<u32>(entry + F_ICMP_ERROR, 0);
}

export function finish(entry: u32, state: u32): void {
  store<u8>(entry + F_STATE, <u8>state);
  inflight--;
}

/** The oldest entry of the ring, or 0 when it is empty. */
export function oldest(): u32 {
  if (used == 0) return 0;
  if (tail == limit) tail = 0;
  return flightAt(tail);
}

/** Frees the oldest slot. */
export function free(): void {
  assert(used > 0);
  tail++;
  used--;
}
