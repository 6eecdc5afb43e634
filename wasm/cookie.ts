// The cookie in every payload: SipHash-2-4 (Aumasson, Bernstein 2012) of the 8 bytes
// `slot ‖ generation` under a key made at start. Who cannot read our packets cannot make a reply
// that we count, and a reply to an older use of a slot is told from a forged one.
import { COOKIE_KEY } from './layout';

export function cookieOf(slot: u32, generation: u32): u64 {
  const k0 = load<u64>(COOKIE_KEY);
  const k1 = load<u64>(COOKIE_KEY + 8);
  const message = <u64>slot | ((<u64>generation) << 32);
  return sipHash(k0, k1, message);
}

/** SipHash-2-4 of one 8-byte little-endian word, its state in locals: they stay in registers. */
export function sipHash(k0: u64, k1: u64, message: u64): u64 {
  // The last word carries the length (8) in its top byte.
  const last: u64 = (<u64>8) << 56;
  let v0: u64 = k0 ^ 0x736f6d6570736575;
  let v1: u64 = k1 ^ 0x646f72616e646f6d;
  let v2: u64 = k0 ^ 0x6c7967656e657261;
  let v3: u64 = k1 ^ 0x7465646279746573 ^ message;
  // Two rounds for the message, two for the last word, four to finish.
  for (let round: u32 = 0; round < 8; round++) {
    if (round == 2) {
      v0 ^= message;
      v3 ^= last;
    } else if (round == 4) {
      v0 ^= last;
      v2 ^= 0xff;
    }
    v0 += v1;
    v1 = rotl<u64>(v1, 13) ^ v0;
    v0 = rotl<u64>(v0, 32);
    v2 += v3;
    v3 = rotl<u64>(v3, 16) ^ v2;
    v0 += v3;
    v3 = rotl<u64>(v3, 21) ^ v0;
    v2 += v1;
    v1 = rotl<u64>(v1, 17) ^ v2;
    v2 = rotl<u64>(v2, 32);
  }
  return v0 ^ v1 ^ v2 ^ v3;
}
