import type { Path, PathStep } from './path.ts';

// The identity of a path as sixteen hexadecimal digits, the same on every probe. It is FNV-1a of 64
// bits over the ASCII text of the hops, each `TTL ADDRESS` and a line feed, in the order of TTLs,
// `*` for a hop that never answered; then `reached` or `open`. Addresses are written as RFC 5952
// says. Unknown hops after the last address are left out. Such as:
//   "1 192.0.2.1\n2 *\n3 203.0.113.9\nreached"

// 0xcbf29ce484222325 and 2^40 + 0x1b3, in halves: a product of 64 bits needs no BigInt then.
const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
const PRIME_LOW = 0x1b3;

/** The path with its hash; hops that are not known at the end are cut off. */
export function toPath(hops: readonly PathStep[], reached: boolean): Path {
  const last = hops.findLastIndex(({ ip }) => ip !== null);
  const known = hops.slice(0, last + 1);
  return { hash: hashHops(known, reached), reached, hops: known };
}

function hashHops(hops: readonly PathStep[], reached: boolean): string {
  const lines = hops.map(({ ttl, ip }) => `${ttl} ${ip ?? '*'}\n`);
  return fnv1a64(`${lines.join('')}${reached ? 'reached' : 'open'}`);
}

/** FNV-1a, 64 bits, of a text of ASCII characters; hexadecimal, sixteen digits. */
export function fnv1a64(text: string): string {
  let high = OFFSET_HIGH;
  let low = OFFSET_LOW;
  for (let i = 0; i < text.length; i++) {
    low = (low ^ text.charCodeAt(i)) >>> 0;
    const product = low * PRIME_LOW;
    const carry = Math.floor(product / 4294967296);
    high = (Math.imul(high, PRIME_LOW) + carry + (low << 8)) >>> 0;
    low = product >>> 0;
  }
  return hex(high) + hex(low);
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
