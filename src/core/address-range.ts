// Ranges of addresses in the notation of RFC 4632 §3.1 and RFC 4291 §2.3: `10.0.0.0/8`, `fc00::/7`.
import { type Address, formatAddress, parseAddress } from './address.ts';
import type { Family } from './round.ts';

export interface AddressRange {
  family: Family;
  /** 4 or 16 bytes, network order; those behind the prefix are 0. */
  bytes: Uint8Array;
  /** Bits of the prefix. */
  length: number;
}

/** Null unless the text is an address, `/` and a length, with no bit set behind the prefix. */
export function parseRange(text: string): AddressRange | null {
  const [address, length, ...more] = text.split('/');
  if (address === undefined || length === undefined || more.length > 0) return null;
  const parsed = parseAddress(address);
  if (parsed === null || parsed.zone !== null || !/^(?:0|[1-9][0-9]{0,2})$/.test(length)) {
    return null;
  }
  if (Number(length) > 8 * parsed.bytes.length) return null;
  const range = rangeAround(parsed, Number(length));
  return range.bytes.every((byte, at) => byte === parsed.bytes[at]) ? range : null;
}

/** The range of this length that an address lies in. */
export function rangeAround(address: Pick<Address, 'family' | 'bytes'>, length: number) {
  const { family } = address;
  const bytes = address.bytes.map((byte, at) => byte & maskAt(at, length));
  return { family, bytes, length } satisfies AddressRange;
}

export function isInRange(range: AddressRange, address: Pick<Address, 'family' | 'bytes'>) {
  if (range.family !== address.family) return false;
  const whole = Math.ceil(range.length / 8);
  for (let at = 0; at < whole; at++) {
    if (((address.bytes[at] ?? 0) & maskAt(at, range.length)) !== range.bytes[at]) return false;
  }
  return true;
}

export function formatRange({ family, bytes, length }: AddressRange): string {
  return `${formatAddress(family, bytes)}/${length}`;
}

/** The bits of byte `at` that belong to a prefix of `length`. */
function maskAt(at: number, length: number): number {
  const bits = Math.min(8, Math.max(0, length - 8 * at));
  return (0xff << (8 - bits)) & 0xff;
}
