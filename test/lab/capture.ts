// What was on the wire: tcpdump writes nanosecond stamps of the kernel, and the file is read here.
import { readFileSync, rmSync } from 'node:fs';
import type { Family } from '../../src/core/round.ts';
import { type Namespace, scratchFile } from './namespace.ts';
import { sleep } from './process.ts';

/** An ICMP or ICMPv6 message as it passed the device. */
export interface Packet {
  /** CLOCK_REALTIME, from the kernel. */
  timeNs: bigint;
  family: Family;
  source: string;
  destination: string;
  ttl: number;
  /** Echo request, echo reply, or anything else (then id and seq mean nothing). */
  kind: 'request' | 'reply' | 'other';
  type: number;
  code: number;
  id: number;
  seq: number;
  /** Whether its checksum is right. */
  isIntact: boolean;
  /** What follows the 8 bytes of the ICMP header; of an error, the quoted packet. */
  payload: Buffer;
}

/** One echo request with the first answer that came to it. */
export interface WireTrip {
  family: Family;
  address: string;
  id: number;
  seq: number;
  sentNs: bigint;
  /** Null when no reply came. */
  rttNs: number | null;
  /** Replies beyond the first. */
  copies: number;
}

export interface Capture {
  /** Ends the capture and gives all packets in order; fails when the kernel dropped any. */
  stop(): Promise<Packet[]>;
}

// Headers and payload of any echo the tests send; a slot of the kernel's ring is this large.
const SNAP_BYTES = 2048;
const RING_KIB = 65_536;
const SETTLE_MS = 100;
const HEADER_BYTES = 24;
const RECORD_BYTES = 16;

/** Where the IP header begins, by link type: raw, ethernet, cooked (two versions). */
const LINK_BYTES: Record<number, number> = { 1: 14, 12: 0, 101: 0, 113: 16, 276: 20 };

/** Captures ICMP of both families on a device (or 'any', where a forwarded packet shows twice).
 * Resolves when the capture is on. */
export async function capture(namespace: Namespace, device: string): Promise<Capture> {
  const file = scratchFile('pcap');
  const words = `-i ${device} -n -p -U --immediate-mode --time-stamp-precision=nano -Z root`;
  const tcpdump = namespace.spawn('tcpdump', [
    ...words.split(' '),
    ...['-B', `${RING_KIB}`, '-s', `${SNAP_BYTES}`, '-w', file, 'icmp or icmp6'],
  ]);
  await tcpdump.waitFor('listening on');
  return {
    async stop() {
      await sleep(SETTLE_MS);
      await tcpdump.stop('SIGINT');
      const { stderr } = tcpdump.output();
      const bytes = readFileSync(file);
      rmSync(file);
      if (!/^0 packets dropped by kernel$/m.test(stderr)) {
        throw new Error(`the capture is not whole: ${stderr}`);
      }
      return parseCapture(bytes);
    },
  };
}

/** Pairs requests and replies by family, address, identifier and sequence (as the reply names
 * them). When a sequence is used again, a reply belongs to the newest request. */
export function wireTrips(packets: readonly Packet[]): WireTrip[] {
  const trips: WireTrip[] = [];
  const newest = new Map<string, WireTrip>();
  for (const { kind, family, source, destination, id, seq, timeNs } of packets) {
    const address = kind === 'request' ? destination : source;
    const key = `${address} ${id} ${seq}`;
    const trip = newest.get(key);
    if (kind === 'request') {
      const sent = { family, address, id, seq, sentNs: timeNs, rttNs: null, copies: 0 };
      trips.push(sent);
      newest.set(key, sent);
    } else if (kind === 'reply' && trip !== undefined) {
      if (trip.rttNs === null) trip.rttNs = Number(timeNs - trip.sentNs);
      else trip.copies++;
    }
  }
  return trips;
}

/** A pcap file with nanosecond stamps, in this machine's (little-endian) order. */
function parseCapture(bytes: Buffer): Packet[] {
  if (bytes.readUInt32LE(0) !== 0xa1b23c4d) throw new Error('not a capture with nanoseconds');
  const linkType = bytes.readUInt32LE(20) & 0xffff;
  const linkBytes = LINK_BYTES[linkType];
  if (linkBytes === undefined) throw new Error(`link type ${linkType} is not known here`);
  const packets: Packet[] = [];
  for (let at = HEADER_BYTES; at + RECORD_BYTES <= bytes.length; ) {
    const seconds = BigInt(bytes.readUInt32LE(at));
    const timeNs = seconds * 1_000_000_000n + BigInt(bytes.readUInt32LE(at + 4));
    const captured = bytes.readUInt32LE(at + 8);
    const start = at + RECORD_BYTES;
    const packet = parsePacket(timeNs, bytes.subarray(start + linkBytes, start + captured));
    if (packet !== null) packets.push(packet);
    at = start + captured;
  }
  return packets;
}

function parsePacket(timeNs: bigint, ip: Buffer): Packet | null {
  const isV6 = ip.length >= 40 && ip.readUInt8(0) >> 4 === 6;
  if (ip.length < 20 || (isV6 && ip.readUInt8(6) !== 58)) return null;
  const headerBytes = isV6 ? 40 : (ip.readUInt8(0) & 15) * 4;
  const icmp = ip.subarray(
    headerBytes,
    isV6 ? headerBytes + ip.readUInt16BE(4) : ip.readUInt16BE(2),
  );
  const padded = icmp.length >= 8 ? icmp : Buffer.concat([icmp], 8); // cut off: zeros
  const type = padded.readUInt8(0);
  return {
    timeNs,
    family: isV6 ? 'v6' : 'v4',
    source: formatAddress(isV6 ? ip.subarray(8, 24) : ip.subarray(12, 16)),
    destination: formatAddress(isV6 ? ip.subarray(24, 40) : ip.subarray(16, 20)),
    ttl: ip.readUInt8(isV6 ? 7 : 8),
    kind: kindOf(type, isV6),
    type,
    code: padded.readUInt8(1),
    id: padded.readUInt16BE(4),
    seq: padded.readUInt16BE(6),
    isIntact:
      (sumOf(icmp) + (isV6 ? sumOf(ip.subarray(8, 40)) + icmp.length + 58 : 0)) % 65_535 === 0,
    payload: icmp.subarray(8),
  };
}

/** Of 16-bit words: with a right checksum among them a multiple of 65535 (RFC 1071). */
function sumOf(bytes: Buffer): number {
  let sum = 0;
  for (const [i, byte] of bytes.entries()) sum += i % 2 === 0 ? byte << 8 : byte;
  return sum;
}

function kindOf(type: number, isV6: boolean): Packet['kind'] {
  if (type === (isV6 ? 128 : 8)) return 'request';
  return type === (isV6 ? 129 : 0) ? 'reply' : 'other';
}

const addresses = new Map<string, string>();

function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const hex = bytes.toString('hex');
  const known = addresses.get(hex);
  if (known !== undefined) return known;
  const groups = hex.match(/.{4}/g) ?? [];
  const address = new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
  addresses.set(hex, address);
  return address;
}
