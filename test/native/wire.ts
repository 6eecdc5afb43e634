// Packets and records as the tests of the transports write them.
import { parseAddress } from '../../src/core/address.ts';
import type { SeriesSpec } from '../../src/engine/engine.ts';
import { type Hot, packetAt } from '../../src/engine/hot.ts';
import { PACKET_BYTES, RECORD_HEADER_BYTES } from '../../src/engine/limits.ts';
import { withChecksum } from '../fake/transport.ts';
import type { Outgoing, SeriesWish } from './remote.ts';

const SOURCE6 = RECORD_HEADER_BYTES + PACKET_BYTES - 16;

/** What stands behind the ICMP header of an echo that nobody built by hand. */
export const PATTERN = Uint8Array.from({ length: 1576 }, (_, i) => i & 0xff);

/** An echo request; ICMPv6's checksum is the kernel's to fill in. */
export function echo(family: 4 | 6, identifier: number, seq: number, payload: Uint8Array): Buffer {
  const packet = Buffer.concat([Buffer.alloc(8), payload]);
  packet[0] = family === 4 ? 8 : 128;
  packet.writeUInt16BE(identifier, 4);
  packet.writeUInt16BE(seq, 6);
  return family === 4 ? Buffer.from(withChecksum(packet)) : packet;
}

/** The reply to an echo request: the type changes and, for IPv4, the checksum. */
export function reply(family: 4 | 6, request: Uint8Array): Buffer {
  const packet = Buffer.from(request);
  packet[0] = family === 4 ? 0 : 129;
  return family === 4 ? Buffer.from(withChecksum(packet)) : packet;
}

/** Writes an outbox record as wasm/echo.ts would. */
export function toRecord(hot: Hot, record: number, packet: Outgoing): void {
  const { view, bytes } = hot;
  const { family, key = 0, ttl = 0, tos = 0, device = 0, payloadBytes = 56 } = packet;
  bytes.fill(0, record, record + RECORD_HEADER_BYTES + PACKET_BYTES);
  const icmp =
    packet.icmp === undefined
      ? echo(family, packet.identifier ?? 0, key & 0xffff, PATTERN.subarray(0, payloadBytes))
      : Buffer.from(packet.icmp, 'hex');
  const socket = { icmp: 0, udp: 32, tcp: 64 }[packet.protocol ?? 'icmp'];
  view.setUint32(record, family + (packet.dontFragment === true ? 16 : 0) + socket, true);
  view.setUint32(record + 4, icmp.length, true);
  view.setUint32(record + 8, key, true);
  view.setUint32(record + 12, ttl, true);
  view.setUint32(record + 16, tos, true);
  view.setUint32(record + 20, device, true);
  view.setUint32(record + 24, 0xffff, true); // the transport must write it
  view.setUint32(record + 28, packet.scope ?? 0, true);
  bytes.set(bytesOf(packet.to), record + 32);
  if (packet.source !== undefined) {
    bytes.set(bytesOf(packet.source), record + (family === 4 ? 48 : SOURCE6));
  }
  bytes.set(icmp, packetAt(record));
}

export function bytesOf(address: string): Uint8Array {
  const parsed = parseAddress(address);
  if (parsed === null) throw new Error(`${address} is no address`);
  return parsed.bytes;
}

export function toSpec(wish: SeriesWish): SeriesSpec {
  const { to, intervalMs, phaseMs = 0, payloadBytes = 56, dontFragment = false } = wish;
  return {
    family: to.includes(':') ? 'v6' : 'v4',
    address: bytesOf(to),
    source: null,
    interfaceIndex: 0,
    scopeId: 0,
    payloadBytes,
    tos: 0,
    ttl: wish.ttl ?? 0,
    dontFragment,
    intervalMs,
    phaseMs,
  };
}
