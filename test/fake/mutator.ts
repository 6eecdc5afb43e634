// Writes packets into the inbox: honest replies, replies that were tampered with, errors, noise.
// Quick rather than pretty: ten million of them are looked at in one run.
import type { PathProtocol } from '../../src/core/path.ts';
import { type Hot, inboxAt } from '../../src/engine/hot.ts';
import { PACKET_BYTES, RECORD_HEADER_BYTES } from '../../src/engine/limits.ts';
import { type OracleProbe, onesSum16 } from './oracle.ts';
import type { Random } from './random.ts';
import { PROTOCOLS } from './transport.ts';

const KINDS = [4, 44, 6, 54, 56, 16, 17, 0, 5, 0x104, 0xffffffff] as const;
/** The first of them are known. */
const KNOWN_KINDS = 7;
/** Inbox kinds of what IPv6 sockets bring. */
const KINDS6 = { icmp: 6, tcp: 16, udp: 17 } as const;
/** Field by field, where a reply says whose it is: type, code, checksum, identifier … cookie. */
const FIELDS = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 19, 23] as const;
const LENGTHS = [
  0, 1, 7, 8, 19, 20, 21, 27, 28, 47, 48, 1599, 1600, 1601, 65_535, 0xffffffff,
] as const;
const IP4_BYTES = 20;
const IP6_BYTES = 40;

/** A message as it came in, from its ICMP, UDP or TCP header on. */
export interface Message {
  family: 4 | 6;
  protocol: PathProtocol;
  bytes: Uint8Array;
  source: Uint8Array;
}

export class Mutator {
  private readonly hot: Hot;
  private readonly random: Random;
  /** The record in work: where it begins, where the ICMP message does, and how long that is. */
  private record = 0;
  private icmp = 0;
  private length = 0;
  /** Checksums of UDP and TCP are nobody's to look at. */
  private isIcmp = true;

  constructor(hot: Hot, random: Random) {
    this.hot = hot;
    this.random = random;
  }

  /** Writes the reply to `probe` into record `index`, arrived at `stampNs`. */
  honest(index: number, probe: OracleProbe, stampNs: bigint): void {
    this.begin(index, probe.family, probe.address, stampNs);
    this.put(probe.family, probe.reply, probe.address);
  }

  /** Writes any message into record `index`. */
  message(index: number, message: Message, stampNs: bigint): void {
    this.begin(index, message.family, message.source, stampNs);
    this.put(message.family, message.bytes, message.source, message.protocol);
  }

  /** Spoils what was written last, in one of eleven ways. */
  damage(how: number): void {
    if (how <= 1) this.flipBits();
    else if (how <= 4) this.forgeField();
    else if (how === 5) this.lieAboutLength();
    else if (how === 6) this.lieInHeader();
    else if (how === 7) this.lieAboutKind();
    else if (how === 8) this.cut();
    else if (how === 9) this.otherSource();
    else this.forgeBytes();
  }

  /** Something else, made from `probe` or from nothing. */
  hostile(index: number, probe: OracleProbe, stampNs: bigint): void {
    const { random } = this;
    const kind = random.below(16);
    if (kind === 0) {
      this.noise(index, stampNs);
      return;
    }
    if (kind <= 4) {
      this.error(index, probe, stampNs);
      if (kind > 1) this.damage(random.below(8));
      return;
    }
    this.honest(index, probe, stampNs);
    this.damage(kind - 5);
  }

  private begin(index: number, family: number, source: Uint8Array, stampNs: bigint): void {
    const { view, bytes } = this.hot;
    this.record = inboxAt(this.hot, index);
    view.setUint32(this.record, family, true);
    view.setBigUint64(this.record + 8, stampNs, true);
    view.setBigUint64(this.record + 16, 0n, true);
    view.setUint32(this.record + 24, 0, true);
    view.setUint32(this.record + 28, 2, true);
    bytes.set(source, this.record + 32);
    view.setUint32(this.record + 48, 60, true);
    view.setUint32(this.record + 52, 3, true);
    view.setUint32(this.record + 56, 1, true);
    view.setUint32(this.record + 60, 0, true);
  }

  /** An ICMP message as the socket of its family hands it over. */
  private put(
    family: number,
    message: Uint8Array,
    source: Uint8Array,
    protocol: PathProtocol = 'icmp',
  ): void {
    const { bytes, view } = this.hot;
    this.isIcmp = protocol === 'icmp';
    const packet = this.record + RECORD_HEADER_BYTES;
    this.icmp = family === 4 ? packet + IP4_BYTES : packet;
    this.length = message.length;
    bytes.set(message, this.icmp);
    const total = this.icmp - packet + message.length;
    if (family === 4) {
      this.ip4(packet, total, source);
      bytes[packet + 9] = PROTOCOLS[protocol];
    } else view.setUint32(this.record, KINDS6[protocol], true);
    view.setUint32(this.record + 4, total, true);
  }

  private ip4(at: number, total: number, source: Uint8Array): void {
    const { bytes } = this.hot;
    bytes.fill(0, at, at + IP4_BYTES);
    bytes[at] = 0x45;
    bytes[at + 2] = total >> 8;
    bytes[at + 3] = total & 0xff;
    bytes[at + 8] = 60;
    for (let i = 0; i < 4; i++) bytes[at + 12 + i] = source[i] ?? 0;
  }

  private flipBits(): void {
    const { random } = this;
    for (let n = random.between(1, 4); n > 0; n--) {
      this.flip(this.icmp + random.below(this.length));
    }
  }

  private flip(at: number): void {
    this.hot.bytes[at] = (this.hot.bytes[at] ?? 0) ^ (1 << this.random.below(8));
  }

  /** Changes what names the probe and makes the checksum right again. */
  private forgeField(): void {
    const { bytes } = this.hot;
    const at = this.icmp + (FIELDS[this.random.below(FIELDS.length)] ?? 0);
    bytes[at] = this.random.chance(0.5) ? this.random.below(256) : (bytes[at] ?? 0) ^ 1;
    this.resum();
  }

  private forgeBytes(): void {
    const { bytes } = this.hot;
    const from = this.icmp + this.random.below(Math.min(60, this.length));
    const to = Math.min(from + this.random.between(1, 16), this.icmp + this.length);
    for (let at = from; at < to; at++) bytes[at] = this.random.below(256);
    this.resum();
  }

  private resum(): void {
    const { bytes } = this.hot;
    if (!this.isIcmp) return;
    bytes[this.icmp + 2] = 0;
    bytes[this.icmp + 3] = 0;
    const sum = ~onesSum16(bytes, this.icmp, this.length) & 0xffff;
    bytes[this.icmp + 2] = sum >> 8;
    bytes[this.icmp + 3] = sum & 0xff;
  }

  /** What lies behind the end that is told stays whole: who reads on finds a valid packet. */
  private lieAboutLength(): void {
    const { view } = this.hot;
    const told = view.getUint32(this.record + 4, true);
    const near = told + this.random.between(-40, 40);
    const length = this.random.chance(0.5) ? near : LENGTHS[this.random.below(LENGTHS.length)];
    view.setUint32(this.record + 4, (length ?? 0) >>> 0, true);
  }

  /** Version, header length, total length, protocol, addresses: the outer header or the quoted. */
  private lieInHeader(): void {
    const packet = this.record + RECORD_HEADER_BYTES;
    const header = this.random.chance(0.5) ? packet : this.icmp + 8;
    const at = header + this.random.below(IP6_BYTES);
    if (this.random.chance(0.5)) this.hot.bytes[at] = this.random.below(256);
    else this.flip(at);
    if (this.random.chance(0.7)) this.resum();
  }

  private lieAboutKind(): void {
    const { view } = this.hot;
    view.setUint32(this.record, KINDS[this.random.below(KINDS.length)] ?? 0, true);
    if (this.random.chance(0.2)) view.setUint32(this.record + 24, 1, true);
  }

  /** A packet that really is shorter, with lengths and checksum to match. */
  private cut(): void {
    const { view, bytes } = this.hot;
    this.length = this.random.below(this.length + 1);
    const packet = this.record + RECORD_HEADER_BYTES;
    const total = this.icmp - packet + this.length;
    view.setUint32(this.record + 4, total, true);
    if (this.icmp !== packet) {
      bytes[packet + 2] = total >> 8;
      bytes[packet + 3] = total & 0xff;
    }
    if (this.length >= 4) this.resum();
  }

  private otherSource(): void {
    const isIp4 = this.icmp !== this.record + RECORD_HEADER_BYTES;
    const at = isIp4 ? this.icmp - 8 : this.record + 32;
    this.flip(at + this.random.below(isIp4 ? 4 : 16));
  }

  noise(index: number, stampNs: bigint): void {
    const { bytes, view } = this.hot;
    const { random } = this;
    const length = random.chance(0.1) ? PACKET_BYTES : random.below(120);
    this.begin(index, KINDS[random.below(KNOWN_KINDS)] ?? 0, new Uint8Array(16), stampNs);
    view.setUint32(this.record + 4, length, true);
    const at = this.record + RECORD_HEADER_BYTES;
    for (let i = 0; i < Math.min(length, 120); i++) bytes[at + i] = random.below(256);
    this.icmp = at;
    this.length = length;
    this.isIcmp = true;
    // Otherwise hardly any would come past the first byte.
    if (random.chance(0.7))
      bytes[at] = [0, 3, 8, 11, 0x45, 0x60, 1, 128, 129][random.below(9)] ?? 0;
    if (random.chance(0.5) && length >= 8) this.resum();
  }

  /** An ICMP error about `probe`, with as much of it as a router quotes. */
  private error(index: number, probe: OracleProbe, stampNs: bigint): void {
    const { random } = this;
    const { family, address, echo } = probe;
    const quoted = Math.min(echo.length, [8, 16, 24, 28, 1500][random.below(5)] ?? 8);
    const ip = family === 4 ? IP4_BYTES : IP6_BYTES;
    const message = new Uint8Array(8 + ip + quoted);
    message[0] = family === 4 ? ([3, 11, 12][random.below(3)] ?? 3) : random.between(1, 4);
    message[1] = random.below(4);
    message[8] = family === 4 ? 0x45 : 0x60;
    message[8 + (family === 4 ? 9 : 6)] = family === 4 ? 1 : 58;
    message.set(address.subarray(0, family === 4 ? 4 : 16), 8 + (family === 4 ? 16 : 24));
    message.set(echo.subarray(0, quoted), 8 + ip);
    const router = address.slice();
    router[3] = 254;
    this.begin(index, family, router, stampNs);
    this.put(family, message, router);
    this.resum();
    if (!random.chance(0.1)) return;
    // As the error queue of a ping socket hands it over: our packet alone.
    this.hot.view.setUint32(this.record, family === 4 ? 54 : 56, true);
    this.hot.view.setUint32(this.record + 4, quoted, true);
    this.hot.bytes.set(echo.subarray(0, quoted), this.record + RECORD_HEADER_BYTES);
  }
}
