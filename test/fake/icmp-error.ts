// ICMP errors about one of our packets, as routers make them: with as much of it as they care to
// quote, as a translator left it, with what RFC 4884 lets them add.
import { quoteOf } from './packets.ts';
import { type SentPacket, withChecksum } from './transport.ts';

export interface ErrorWish {
  /** TTL exceeded in transit, unless told. */
  type?: number;
  code?: number;
  /** Of what stands behind the IP header; all of it, unless told. */
  quotedBytes?: number;
  /** Changes the quoted packet, IP header first. */
  translate?: (quote: Uint8Array) => void;
  /** Zeros up to so many bytes, IP header included. */
  paddedTo?: number;
  /** What the length field says, in bytes; the truth with extensions, 0 without. */
  told?: number;
  /** Extension objects; the quote is then filled up to 128 bytes at least. */
  objects?: readonly Uint8Array[];
  /** Of the extensions: right, 0 for none, or wrong. */
  sum?: 'right' | 'none' | 'wrong';
  /** Version of the extension structure, 2. */
  version?: number;
  /** The MTU of the next link, or a pointer: 32 bits from the fifth byte. */
  word?: number;
}

export function errorOf(packet: SentPacket, wish: ErrorWish = {}): Uint8Array {
  const isV4 = packet.family === 4;
  const quote = quoteOf(packet, wish.quotedBytes ?? packet.bytes.length);
  wish.translate?.(quote);
  const unit = isV4 ? 4 : 8;
  const least = wish.objects === undefined ? 0 : 128;
  const whole = Math.max(wish.paddedTo ?? 0, least, quote.length);
  const padded = new Uint8Array(least === 0 ? whole : Math.ceil(whole / unit) * unit);
  padded.set(quote);
  const extension = wish.objects === undefined ? new Uint8Array(0) : extend(wish.objects, wish);
  const message = Uint8Array.from([
    ...headerOf(packet, wish, padded.length),
    ...padded,
    ...extension,
  ]);
  return isV4 ? withChecksum(message) : message;
}

function headerOf({ family }: SentPacket, wish: ErrorWish, length: number): Uint8Array {
  const header = new Uint8Array(8);
  header.set([wish.type ?? (family === 4 ? 11 : 3), wish.code ?? 0]);
  new DataView(header.buffer).setUint32(4, wish.word ?? 0);
  const told = wish.told ?? (wish.objects === undefined ? 0 : length);
  if (told > 0) header[family === 4 ? 5 : 4] = told / (family === 4 ? 4 : 8);
  return header;
}

function extend(objects: readonly Uint8Array[], wish: ErrorWish): Uint8Array {
  const start = [(wish.version ?? 2) << 4, 0, 0, 0];
  const plain = Uint8Array.from([...start, ...objects.flatMap((one) => [...one])]);
  if (wish.sum === 'none') return plain;
  // The checksum has the place that it has in an ICMP message.
  const summed = withChecksum(plain);
  if (wish.sum === 'wrong') summed[3] = (summed[3] ?? 0) ^ 1;
  return summed;
}

/** An extension object; `length` is what it says of itself, in bytes. */
export function objectOf(
  kind: number,
  type: number,
  data: Uint8Array,
  length?: number,
): Uint8Array {
  const told = length ?? 4 + data.length;
  return Uint8Array.from([told >> 8, told & 0xff, kind, type, ...data]);
}

/** A stack of labels 100, 101 … (RFC 4950): class 1, type 1. */
export function stackOf(count: number, first = 100): Uint8Array {
  const entries = Array.from({ length: count }, (_, i) => {
    const bottom = i === count - 1 ? 1 : 0;
    return ((first + i) * 4096 + (i % 8) * 512 + bottom * 256 + (i + 1)) >>> 0;
  });
  const data = new DataView(new ArrayBuffer(4 * count));
  entries.forEach((entry, i) => {
    data.setUint32(4 * i, entry);
  });
  return objectOf(1, 1, new Uint8Array(data.buffer));
}

/** What the target says to a SYN. */
export interface TcpAnswer {
  flags: number;
  /** Beyond the number of the SYN; 1 is right. */
  acknowledged?: number;
  ports?: [from: number, to: number];
}

export const SYN_ACK = 0x12;
export const RST_ACK = 0x14;
export const ACK = 0x10;
export const RST = 0x04;

export function tcpAnswer(packet: SentPacket, answer: TcpAnswer): Uint8Array {
  const asked = new DataView(packet.bytes.buffer, packet.bytes.byteOffset);
  const [from, to] = answer.ports ?? [asked.getUint16(2), asked.getUint16(0)];
  const segment = new DataView(new ArrayBuffer(20));
  segment.setUint16(0, from);
  segment.setUint16(2, to);
  segment.setUint32(4, 0x1234_5678);
  segment.setUint32(8, (asked.getUint32(4) + (answer.acknowledged ?? 1)) >>> 0);
  segment.setUint8(12, 0x50);
  segment.setUint8(13, answer.flags);
  return new Uint8Array(segment.buffer);
}

export function udpAnswer(packet: SentPacket, data = 'hello'): Uint8Array {
  const [a = 0, b = 0, c = 0, d = 0] = packet.bytes;
  const text = new TextEncoder().encode(data);
  return Uint8Array.from([c, d, a, b, 0, 8 + text.length, 0, 0, ...text]);
}
