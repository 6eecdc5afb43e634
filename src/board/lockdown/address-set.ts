import { type Address, formatAddress, parseAddress } from '../../core/address.ts';
import type { Family } from '../../core/round.ts';

// Sets of addresses as nftables keeps them: intervals that neither overlap nor touch, so that two
// sets are equal when their lists are.

export interface Interval {
  family: Family;
  /** The first and the last address as numbers. */
  first: bigint;
  last: bigint;
}

/** `10.0.0.1`, `10.0.0.0/8`, `10.0.0.1-10.0.0.9`; bits behind a prefix do not matter. Else null. */
export function parseInterval(text: string): Interval | null {
  const [from = '', to, ...more] = text.split('-');
  if (more.length > 0) return null;
  if (to === undefined) return parsePrefixed(from);
  const [a, b] = [parsePlain(from), parsePlain(to)];
  if (a === null || b === null || a.family !== b.family || a.number > b.number) return null;
  return { family: a.family, first: a.number, last: b.number };
}

/** Sorted, without overlaps, neighbours joined. */
export function mergeIntervals(intervals: readonly Interval[]): Interval[] {
  const sorted = [...intervals].sort(byFirst);
  const merged: Interval[] = [];
  for (const one of sorted) {
    const before = merged.at(-1);
    if (before !== undefined && before.family === one.family && one.first <= before.last + 1n) {
      if (one.last > before.last) before.last = one.last;
    } else {
      merged.push({ ...one });
    }
  }
  return merged;
}

/** The canonical texts of what the texts say together, of one family; others are left out. */
export function canonicalAddresses(texts: readonly string[], family: Family): string[] {
  const intervals = texts.flatMap((text) => parseInterval(text) ?? []);
  const own = intervals.filter((one) => one.family === family);
  return mergeIntervals(own).map(formatInterval);
}

export function overlaps(a: Interval, b: Interval): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** As short as nft writes it: an address, a prefix, or first and last. */
export function formatInterval({ family, first, last }: Interval): string {
  const bits = family === 'v4' ? 32 : 128;
  const size = last - first + 1n;
  const text = formatNumber(family, first);
  if (size === 1n) return text;
  const spare = size.toString(2).length - 1;
  const isPrefix = size === 1n << BigInt(spare) && first % size === 0n;
  return isPrefix ? `${text}/${bits - spare}` : `${text}-${formatNumber(family, last)}`;
}

function byFirst(a: Interval, b: Interval): number {
  if (a.family !== b.family) return a.family < b.family ? -1 : 1;
  if (a.first === b.first) return 0;
  return a.first < b.first ? -1 : 1;
}

function parsePrefixed(text: string): Interval | null {
  const [address = '', length, ...more] = text.split('/');
  const plain = parsePlain(address);
  if (plain === null || more.length > 0) return null;
  const bits = plain.family === 'v4' ? 32 : 128;
  if (length !== undefined && !/^(?:0|[1-9][0-9]{0,2})$/.test(length)) return null;
  const spare = bits - Number(length ?? bits);
  if (spare < 0) return null;
  const size = 1n << BigInt(spare);
  const first = plain.number - (plain.number % size);
  return { family: plain.family, first, last: first + size - 1n };
}

/** A zone names the interface, which the rules do not ask for. */
function parsePlain(text: string): { family: Family; number: bigint } | null {
  const address = parseAddress(text);
  return address === null ? null : { family: address.family, number: numberOf(address) };
}

function numberOf({ bytes }: Address): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function formatNumber(family: Family, number: bigint): string {
  const bytes = new Uint8Array(family === 'v4' ? 4 : 16);
  let rest = number;
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return plainText(family, bytes);
}

// nft reads ::ffff:10.0.0.1 as it is meant.
function plainText(family: Family, bytes: Uint8Array): string {
  return formatAddress(family, bytes);
}
