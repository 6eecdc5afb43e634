import type { Family } from './round.ts';

// IPv4 and IPv6 addresses as text and as bytes in network order. Accepted is what inet_pton takes:
// dotted decimals without leading zeros (others read them as octal), RFC 4291 §2.2 for IPv6.
// Written is RFC 5952, with the mixed form of its §5 for IPv4-mapped addresses alone, as inet_ntop
// does.

export interface Address {
  family: Family;
  /** 4 or 16 bytes, network order. */
  bytes: Uint8Array;
  /** The interface of a link-local IPv6 address (RFC 4007 §11), without the `%`. */
  zone: string | null;
}

const TEXT_LENGTH_MAX = 64;
const GROUPS = 8;
// An interface name of Linux (IFNAMSIZ 16) in the characters that survive logs and URLs.
const ZONE = /^[0-9A-Za-z._:@-]{1,15}$/;
const GROUP = /^[0-9A-Fa-f]{1,4}$/;
const OCTET = /^(?:0|[1-9][0-9]{0,2})$/;

/** Null when the text is no address; a zone is taken on link-local addresses (fe80::/10) alone. */
export function parseAddress(text: string): Address | null {
  if (text.length > TEXT_LENGTH_MAX) return null;
  if (!text.includes(':')) return toAddress('v4', parseIpv4(text), null);
  const percent = text.indexOf('%');
  if (percent < 0) return toAddress('v6', parseIpv6(text), null);
  const zone = text.slice(percent + 1);
  const bytes = parseIpv6(text.slice(0, percent));
  if (bytes === null || !isLinkLocalIpv6(bytes) || !ZONE.test(zone)) return null;
  return { family: 'v6', bytes, zone };
}

/** The canonical text; throws a RangeError unless there are 4 bytes for v4, 16 for v6. */
export function formatAddress(
  family: Family,
  bytes: Uint8Array,
  zone: string | null = null,
): string {
  if (bytes.length !== (family === 'v4' ? 4 : 16)) {
    throw new RangeError(`${bytes.length} bytes are no ${family} address`);
  }
  if (family === 'v4') return bytes.join('.');
  const text = isIpv4Mapped(bytes) ? `::ffff:${bytes.subarray(12).join('.')}` : formatIpv6(bytes);
  return zone === null ? text : `${text}%${zone}`;
}

/** 127.0.0.0/8, ::1, and the former as IPv4-mapped. */
export function isLoopback(address: Address): boolean {
  const { family, bytes } = address;
  if (family === 'v4') return bytes[0] === 127;
  if (isIpv4Mapped(bytes)) return bytes[12] === 127;
  return bytes.subarray(0, 15).every((byte) => byte === 0) && bytes[15] === 1;
}

/** fe80::/10 (RFC 4291 §2.5.6): such an address means nothing without its interface. */
export function isLinkLocalIpv6(bytes: Uint8Array): boolean {
  return bytes.length === 16 && bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}

/** ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
export function isIpv4Mapped(bytes: Uint8Array): boolean {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return false;
  return bytes.subarray(0, 10).every((byte) => byte === 0);
}

function toAddress(family: Family, bytes: Uint8Array | null, zone: null): Address | null {
  return bytes === null ? null : { family, bytes, zone };
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (const [index, part] of parts.entries()) {
    if (!OCTET.test(part) || Number(part) > 255) return null;
    bytes[index] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = parseGroups(halves[1] ?? '', halves.length === 2);
  if (head === null || tail === null) return null;
  const missing = GROUPS - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const bytes = new Uint8Array(16);
  putGroups(bytes, 0, head);
  putGroups(bytes, GROUPS - tail.length, tail);
  return bytes;
}

// Only the last group of the whole address may be written as IPv4.
function parseGroups(text: string, isLast: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const ipv4 = isLast && index === parts.length - 1 ? parseIpv4(part) : null;
    if (ipv4 === null) return null;
    const [a = 0, b = 0, c = 0, d = 0] = ipv4;
    groups.push((a << 8) | b, (c << 8) | d);
  }
  return groups;
}

function putGroups(bytes: Uint8Array, first: number, groups: readonly number[]): void {
  for (const [index, group] of groups.entries()) {
    bytes[(first + index) * 2] = group >> 8;
    bytes[(first + index) * 2 + 1] = group & 0xff;
  }
}

function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  const { start, length } = longestZeros(groups);
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

// RFC 5952 §4.2.3: of several longest runs the first is shortened.
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let run = { start: 0, length: 0 };
  for (const [index, group] of groups.entries()) {
    if (group !== 0) run = { start: index + 1, length: 0 };
    else run = { start: run.start, length: run.length + 1 };
    if (run.length > best.length) best = run;
  }
  return best;
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}
