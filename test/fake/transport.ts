// A transport without a kernel: what is sent goes to a function that says what the network does
// with it, and comes back when the fake clock has moved far enough. Records in the hot memory are
// written as the native transport writes them.

import type { PathProtocol } from '../../src/core/path.ts';
import { type Hot, inboxAt, outboxAt, packetAt } from '../../src/engine/hot.ts';
import {
  INBOX_MAX,
  PACKET_BYTES,
  RECORD_HEADER_BYTES,
  STAMP_BYTES,
  STAMPS_MAX,
} from '../../src/engine/limits.ts';
import type { Transport } from '../../src/engine/transport.ts';
import type { FakeClock } from './clock.ts';

/** A packet as it was handed over. */
export interface SentPacket {
  family: 4 | 6;
  protocol: PathProtocol;
  key: number;
  /** From the ICMP, UDP or TCP header on. */
  bytes: Uint8Array;
  destination: Uint8Array;
  /** 16 bytes; zeros where the kernel would choose. */
  source: Uint8Array;
  ttl: number;
  tos: number;
  dontFragment: boolean;
  sentMono: bigint;
}

/** Something that arrives. Everything left out is what an honest echo responder would do. */
export interface Arrival {
  delayNs: bigint;
  /** Bytes from the ICMP header on; for IPv4 an IP header is put before them. */
  bytes?: Uint8Array;
  /** As what `bytes` came in: ICMP, unless told. */
  protocol?: PathProtocol;
  /** The whole inbox packet, instead of `bytes`. */
  raw?: Uint8Array;
  kind?: number;
  source?: Uint8Array;
  ttl?: number;
  /** Without a receive stamp, or with one that only the transport took. */
  unstamped?: boolean;
  userStamped?: boolean;
  truncated?: boolean;
  errorType?: number;
  errorCode?: number;
  errorMtu?: number;
}

export interface Verdict {
  /** errno of a refused send. */
  refused?: number;
  /** Delay of the transmit stamp; null for none. 0 by default. */
  stampDelayNs?: bigint | null;
  /** How long the stamp lies in the error queue before it can be read. */
  stampHeldNs?: bigint;
  /** Between scheduler and wire: makes a second stamp. */
  queuedNs?: bigint;
  arrivals: Arrival[];
}

export type Network = (packet: SentPacket) => Verdict;

interface Waiting {
  atMono: bigint;
  family: 4 | 6;
  arrival: Arrival;
  reply: Uint8Array;
  destination: Uint8Array;
}

export const PROTOCOLS = { icmp: 1, tcp: 6, udp: 17 } as const;
/** Inbox kinds of what raw IPv6 sockets bring. */
const KINDS6: Readonly<Record<PathProtocol, number>> = { icmp: 6, tcp: 16, udp: 17 };
const SOCKET_UDP = 32;
const SOCKET_TCP = 64;
const SOURCE6 = RECORD_HEADER_BYTES + PACKET_BYTES - 16;

interface Stamp {
  /** When it can be read, and which moment it names. */
  atMono: bigint;
  stampMono: bigint;
  key: number;
  kind: number;
}

export class FakeTransport implements Transport {
  readonly name = 'fake';
  readonly stamps = 'kernel';
  readonly isPrivileged = true;
  readonly protocols = ['icmp', 'udp', 'tcp'] as const;
  readonly sent: SentPacket[] = [];
  isSynced = true;
  /** How wide the reading of the two clocks is, and how wrong. */
  anchorWidthNs = 100n;
  anchorErrorNs = 0n;
  private waiting: Waiting[] = [];
  private stamping: Stamp[] = [];

  network: Network;
  private readonly hot: Hot;
  private readonly clock: FakeClock;

  constructor(hot: Hot, clock: FakeClock, network: Network) {
    this.hot = hot;
    this.clock = clock;
    this.network = network;
  }

  send(n: number): void {
    for (let i = 0; i < n; i++) this.sendOne(outboxAt(this.hot, i));
  }

  /** Something that nobody asked for, `delayNs` from now. */
  inject(family: 4 | 6, arrival: Arrival): void {
    const none = new Uint8Array(16);
    this.wait({ family, arrival, reply: new Uint8Array(0), destination: none });
  }

  drain(): number {
    const now = this.clock.monoNs;
    const packets = takeDue(this.waiting, now, INBOX_MAX);
    packets.forEach((waiting, i) => {
      this.deliver(waiting, inboxAt(this.hot, i));
    });
    const stamps = takeDue(this.stamping, now, STAMPS_MAX);
    stamps.forEach((stamp, i) => {
      this.stamp(stamp, i);
    });
    this.anchor();
    return packets.length + stamps.length * 65536;
  }

  sourceOf({ family }: { family: 'v4' | 'v6' }): Uint8Array {
    const source = new Uint8Array(16);
    source.set(
      family === 'v4' ? [192, 0, 2, 1] : [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), 1],
    );
    return source;
  }

  setScheduled(): boolean {
    return true;
  }

  close(): void {
    this.waiting = [];
    this.stamping = [];
  }

  private sendOne(record: number): void {
    const { view, bytes } = this.hot;
    const length = view.getUint32(record + 4, true);
    const socket = view.getUint32(record, true);
    const family = (socket & 15) === 4 ? 4 : 6;
    const packet: SentPacket = {
      family,
      protocol: protocolOf(socket),
      key: view.getUint32(record + 8, true),
      bytes: bytes.slice(packetAt(record), packetAt(record) + length),
      destination: bytes.slice(record + 32, record + 48),
      source: new Uint8Array(16),
      ttl: view.getUint32(record + 12, true),
      tos: view.getUint32(record + 16, true),
      dontFragment: (socket & 16) !== 0,
      sentMono: this.clock.monoNs,
    };
    const [from, length4] = family === 4 ? [record + 48, 4] : [record + SOURCE6, 16];
    packet.source.set(bytes.subarray(from, from + length4));
    const verdict = this.network(packet);
    view.setUint32(record + 24, verdict.refused ?? 0, true);
    view.setBigUint64(record + 56, this.clock.realNow(), true);
    if (verdict.refused !== undefined && verdict.refused !== 0) return;
    this.sent.push(packet);
    const queuedNs = verdict.queuedNs ?? 0n;
    const heldNs = verdict.stampHeldNs ?? 0n;
    if (verdict.queuedNs !== undefined) this.stampLater(packet.key, 1, 0n, heldNs);
    if (verdict.stampDelayNs !== null) {
      this.stampLater(packet.key, 0, queuedNs + (verdict.stampDelayNs ?? 0n), heldNs);
    }
    const reply = packet.protocol === 'icmp' ? replyTo(packet) : new Uint8Array(0);
    const { destination } = packet;
    for (const arrival of verdict.arrivals) this.wait({ family, arrival, reply, destination });
  }

  private stampLater(key: number, kind: number, delayNs: bigint, heldNs: bigint): void {
    const stampMono = this.clock.monoNs + delayNs;
    insert(this.stamping, { atMono: stampMono + heldNs, stampMono, key, kind });
  }

  private wait(waiting: Omit<Waiting, 'atMono'>): void {
    const atMono = this.clock.monoNs + waiting.arrival.delayNs;
    insert(this.waiting, { ...waiting, atMono });
  }

  private deliver(waiting: Waiting, record: number): void {
    const { view, bytes } = this.hot;
    const { arrival, family } = waiting;
    const source = arrival.source ?? waiting.destination;
    const ttl = arrival.ttl ?? 57;
    const icmp = arrival.bytes ?? waiting.reply;
    const protocol = arrival.protocol ?? 'icmp';
    const packet =
      arrival.raw ?? (family === 4 ? withIp4(icmp, source, ttl, PROTOCOLS[protocol]) : icmp);
    const kind = arrival.kind ?? (family === 4 ? family : KINDS6[protocol]);
    bytes.fill(0, record, record + RECORD_HEADER_BYTES);
    view.setUint32(record, kind, true);
    view.setUint32(record + 4, packet.length, true);
    const stamp = arrival.unstamped === true ? 0n : this.clock.realAt(waiting.atMono);
    view.setBigUint64(record + 8, stamp, true);
    view.setUint32(record + 24, arrival.truncated === true ? 1 : 0, true);
    const isKernel = stamp !== 0n && arrival.userStamped !== true;
    view.setUint32(record + 28, isKernel ? 2 : 0, true);
    bytes.set(source, record + 32);
    view.setUint32(record + 48, ttl, true);
    view.setUint32(record + 52, arrival.errorType ?? 0, true);
    view.setUint32(record + 56, arrival.errorCode ?? 0, true);
    view.setUint32(record + 60, arrival.errorMtu ?? 0, true);
    bytes.set(packet, packetAt(record));
  }

  private stamp(stamp: Stamp, index: number): void {
    const { view, layout } = this.hot;
    const at = layout.STAMPS + index * STAMP_BYTES;
    view.setUint32(at, stamp.key, true);
    view.setUint32(at + 4, stamp.kind, true);
    view.setBigUint64(at + 8, this.clock.realAt(stamp.stampMono), true);
    view.setBigUint64(at + 16, 0n, true);
  }

  private anchor(): void {
    const { view, layout } = this.hot;
    view.setBigUint64(layout.CONTROL, this.clock.monoNs, true);
    view.setBigUint64(layout.CONTROL + 8, this.clock.realNow() + this.anchorErrorNs, true);
    view.setBigUint64(layout.CONTROL + 16, this.anchorWidthNs, true);
    view.setUint32(layout.CONTROL + 28, this.isSynced ? 1 : 0, true);
  }
}

function protocolOf(socket: number): PathProtocol {
  if ((socket & SOCKET_UDP) !== 0) return 'udp';
  return (socket & SOCKET_TCP) !== 0 ? 'tcp' : 'icmp';
}

/** Behind everything that comes no later; most things come last. */
function insert<T extends { atMono: bigint }>(list: T[], item: T): void {
  let place = list.length;
  while (place > 0 && (list[place - 1] as T).atMono > item.atMono) place--;
  list.splice(place, 0, item);
}

/** Takes at most `most` items whose time has come out of a list in the order of time. */
function takeDue<T extends { atMono: bigint }>(list: T[], now: bigint, most: number): T[] {
  const limit = Math.min(list.length, most);
  let n = 0;
  while (n < limit && (list[n] as T).atMono <= now) n++;
  return list.splice(0, n);
}

/** The echo reply to an echo: the type changes and, for IPv4, the checksum. */
export function replyTo(packet: SentPacket): Uint8Array {
  const reply = packet.bytes.slice();
  reply[0] = packet.family === 4 ? 0 : 129;
  return packet.family === 4 ? withChecksum(reply) : reply;
}

/** RFC 1071 over an ICMP message, put in its place. */
export function withChecksum(icmp: Uint8Array): Uint8Array {
  const message = icmp.slice();
  message[2] = 0;
  message[3] = 0;
  let sum = 0;
  for (let i = 0; i < message.length; i += 2) {
    sum += ((message[i] ?? 0) << 8) | (message[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  const checksum = ~sum & 0xffff;
  message[2] = checksum >> 8;
  message[3] = checksum & 0xff;
  return message;
}

/** A plain IPv4 header before a message; the kernel does not check ours, so neither do we. */
export function withIp4(
  icmp: Uint8Array,
  source: Uint8Array,
  ttl: number,
  protocol = 1,
): Uint8Array {
  const packet = new Uint8Array(20 + icmp.length);
  packet.set([0x45, 0, packet.length >> 8, packet.length & 0xff, 0, 0, 0, 0, ttl, protocol]);
  packet.set(source.subarray(0, 4), 12);
  packet.set(icmp, 20);
  return packet;
}
