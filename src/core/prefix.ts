// Addresses by their number within a prefix. Number 0 is the prefix itself. Which ones a host may
// have: in IPv4 neither the first nor the last (RFC 1122 §3.2.1.3), but both of a /31 (RFC 3021)
// and the one of a /32; in IPv6 not the first, which is any router's (RFC 4291 §2.6.1), but both of
// a /127 (RFC 6164) and the one of a /128.
import { formatAddress, parseAddress } from './address.ts';
import { parseRange } from './address-range.ts';
import type { Family } from './round.ts';

export interface Prefix {
  family: Family;
  /** The address of number 0, as a number. */
  base: bigint;
  /** Numbers of the first and of the last address that a host may have. */
  first: bigint;
  last: bigint;
}

/** Null unless the text is an address, `/` and a length, with no bit set behind the prefix. */
export function parsePrefix(text: string): Prefix | null {
  const range = parseRange(text);
  if (range === null) return null;
  const { family, bytes, length } = range;
  const spare = 8 * bytes.length - length;
  const top = (1n << BigInt(spare)) - 1n;
  const isWhole = spare <= 1;
  const first = isWhole ? 0n : 1n;
  const last = isWhole || family === 'v6' ? top : top - 1n;
  return { family, base: toNumber(bytes), first, last };
}

/** How many hosts the prefix has addresses for. */
export function capacityOf({ first, last }: Prefix): bigint {
  return last - first + 1n;
}

/** The address of a number from `first` to `last`; null beyond. */
export function addressAt(prefix: Prefix, number: bigint): string | null {
  if (number < prefix.first || number > prefix.last) return null;
  return toText(prefix.family, prefix.base + number);
}

/** The number of an address of the prefix that a host may have; null for every other text. */
export function numberOf(prefix: Prefix, address: string): bigint | null {
  const parsed = parseAddress(address);
  if (parsed === null || parsed.family !== prefix.family || parsed.zone !== null) return null;
  const number = toNumber(parsed.bytes) - prefix.base;
  return number < prefix.first || number > prefix.last ? null : number;
}

/**
 * A text that sorts as the addresses do: 32 hexadecimal digits; IPv4 as IPv6 writes it
 * (::ffff:0:0/96). Null when the text is no address.
 */
export function addressKey(address: string): string | null {
  const parsed = parseAddress(address);
  if (parsed === null || parsed.zone !== null) return null;
  const mapped = parsed.family === 'v4' ? 0xffffn << 32n : 0n;
  return (mapped + toNumber(parsed.bytes)).toString(16).padStart(32, '0');
}

function toNumber(bytes: Uint8Array): bigint {
  let number = 0n;
  for (const byte of bytes) number = (number << 8n) | BigInt(byte);
  return number;
}

function toText(family: Family, number: bigint): string {
  const bytes = new Uint8Array(family === 'v4' ? 4 : 16);
  let rest = number;
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return formatAddress(family, bytes);
}
