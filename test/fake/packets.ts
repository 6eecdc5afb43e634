// Packets that are not honest echo replies: ICMP errors that quote ours, and damaged replies.
import type { Random } from './random.ts';
import { PROTOCOLS, type SentPacket, withChecksum } from './transport.ts';

/** The start of an IP packet that carried `packet`, as a router quotes it. */
export function quoteOf(packet: SentPacket, quotedBytes: number): Uint8Array {
  const start = packet.bytes.subarray(0, quotedBytes);
  const length = packet.bytes.length + (packet.family === 4 ? 20 : 0);
  const size = [length >> 8, length & 0xff];
  const header = new Uint8Array(packet.family === 4 ? 20 : 40);
  if (packet.family === 4) {
    header.set([0x45, 0, ...size, 0, 0, 0, 0, 1, PROTOCOLS[packet.protocol]]);
    header.set(sourceOf(packet).subarray(0, 4), 12);
    header.set(packet.destination.subarray(0, 4), 16);
  } else {
    const next = packet.protocol === 'icmp' ? 58 : PROTOCOLS[packet.protocol];
    header.set([0x60, 0, 0, 0, ...size, next, 1]);
    header.set(sourceOf(packet), 8);
    header.set(packet.destination, 24);
  }
  return Uint8Array.from([...header, ...start]);
}

function sourceOf({ family, source }: SentPacket): Uint8Array {
  if (source.some((byte) => byte !== 0)) return source;
  return Uint8Array.from(family === 4 ? [198, 18, 255, 1] : [0x20, 1, 0xd, 0xb8, 255, 255]);
}

/** An ICMP error about one of our packets; `quotedBytes` of its ICMP part come back. */
export function errorAbout(
  packet: SentPacket,
  type: number,
  code: number,
  quotedBytes = packet.bytes.length,
): Uint8Array {
  const message = Uint8Array.from([type, code, 0, 0, 0, 0, 0, 0, ...quoteOf(packet, quotedBytes)]);
  return packet.family === 4 ? withChecksum(message) : message;
}

/**
 * A reply with one bit turned where that must be noticed: anywhere in IPv4 (the checksum), in
 * ICMPv6 (whose checksum the kernel has looked at) in what says whose reply it is.
 */
export function damaged(reply: Uint8Array, family: 4 | 6, random: Random): Uint8Array {
  const bytes = reply.slice();
  // Code and checksum of ICMPv6 are the kernel's to judge; what names the probe ends at byte 24.
  const place6 = random.chance(0.1) ? 0 : random.between(4, 23);
  const place = family === 4 ? random.below(bytes.length) : place6;
  bytes[place] = (bytes[place] ?? 0) ^ (1 << random.below(8));
  return bytes;
}
