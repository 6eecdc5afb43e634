// What a packet in the inbox is, said once more from the RFCs, by another hand than the parser's:
// an answer to one of our probes, an error about one, or nothing of ours.
import type { PathProtocol } from '../../src/core/path.ts';
import type { Hot } from '../../src/engine/hot.ts';
import { PACKET_BYTES, RECORD_HEADER_BYTES } from '../../src/engine/limits.ts';
import { type Found, type OracleShot, ProbeOracle, type ShotRing } from './probe-oracle.ts';

/** A probe as it left: the latest use of its slot. */
export interface OracleProbe {
  slot: number;
  generation: number;
  series: number;
  family: 4 | 6;
  /** The ICMP message that was sent, and the honest reply to it. */
  echo: Uint8Array;
  reply: Uint8Array;
  address: Uint8Array;
  sentMono: number;
  state: 'out' | 'answered' | 'lost' | 'refused';
}

/** What an error says beside whom it is about. */
export interface Said {
  /** Type × 256 + code. */
  info: number;
  quotedTtl: number | null;
  mtu: number | null;
  /** Entries of the first label stack, 32 bits each. */
  labels: readonly number[];
}

export type ShotKind = 'error' | 'echo' | 'tcp' | 'udp';

export type Verdict =
  | { what: 'reply'; probe: OracleProbe }
  | { what: 'error'; probe: OracleProbe }
  /** An answer to a TTL-limited probe; `info` as its outcome tells it. */
  | { what: 'shot'; shot: OracleShot; kind: ShotKind; said: Said; from: number }
  | { what: 'alien' };

const ALIEN: Verdict = { what: 'alien' };
const KIND_IP4 = 4;
const KIND_ICMP4 = 44;
const KIND_ICMP6 = 6;
const KIND_UDP6 = 17;
const KIND_TCP6 = 16;
const KIND_QUOTED4 = 54;
const KIND_QUOTED6 = 56;
const COOKIE_END = 24;
const NAMES4: Readonly<Record<number, PathProtocol>> = { 1: 'icmp', 6: 'tcp', 17: 'udp' };
const NAMES6: Readonly<Record<number, PathProtocol>> = { 58: 'icmp', 6: 'tcp', 17: 'udp' };
const NOTHING_SAID: Said = { info: 0, quotedTtl: null, mtu: null, labels: [] };
const LABELS_MAX = 8;
const NO_SHOTS: ShotRing = { byPlace: new Map(), oldestFirst: () => [] };

/** What an error quotes, and where its sender's address stands. */
interface Quote extends Found {
  protocol: PathProtocol | undefined;
  said: Said;
  from: number;
}

export class Oracle {
  private readonly hot: Hot;
  private readonly identifier: number;
  private readonly bySlot: ReadonlyMap<number, OracleProbe>;
  private readonly shots: ProbeOracle;

  constructor(
    hot: Hot,
    identifier: number,
    bySlot: ReadonlyMap<number, OracleProbe>,
    ring = NO_SHOTS,
  ) {
    this.hot = hot;
    this.identifier = identifier;
    this.bySlot = bySlot;
    this.shots = new ProbeOracle(hot, ring);
  }

  judge(record: number): Verdict {
    const { view } = this.hot;
    const kind = view.getUint32(record, true);
    const length = view.getUint32(record + 4, true);
    if (length > PACKET_BYTES || (view.getUint32(record + 24, true) & 1) !== 0) return ALIEN;
    const at = record + RECORD_HEADER_BYTES;
    const from = record + 32;
    if (kind === KIND_QUOTED4) return this.queued(record, 4);
    if (kind === KIND_QUOTED6) return this.queued(record, 6);
    if (kind === KIND_ICMP6) return this.icmp6(at, length, from);
    if (kind === KIND_ICMP4) return this.icmp4(at, length, from);
    if (kind === KIND_UDP6) return this.udp({ at, length, family: 6, address: from }, from);
    if (kind === KIND_TCP6) return this.tcp({ at, length, family: 6, address: from }, from);
    return kind === KIND_IP4 ? this.ip4(at, length) : ALIEN;
  }

  private ip4(at: number, stored: number): Verdict {
    const { view, bytes } = this.hot;
    if (stored < 20) return ALIEN;
    const header = ((bytes[at] ?? 0) & 15) * 4;
    const total = view.getUint16(at + 2, false);
    const isSane = (bytes[at] ?? 0) >> 4 === 4 && header >= 20;
    if (!isSane || header > total || total > stored) return ALIEN;
    const found = { at: at + header, length: total - header, family: 4, address: at + 12 } as const;
    const protocol = NAMES4[bytes[at + 9] ?? 0];
    if (protocol === 'udp') return this.udp(found, at + 12);
    if (protocol === 'tcp') return this.tcp(found, at + 12);
    return protocol === 'icmp' ? this.icmp4(found.at, found.length, at + 12) : ALIEN;
  }

  private udp(found: Found, from: number): Verdict {
    return toVerdict(this.shots.datagram(found), 'udp', NOTHING_SAID, from);
  }

  private tcp(found: Found, from: number): Verdict {
    const info = this.hot.bytes[found.at + 13] ?? 0;
    return toVerdict(this.shots.segment(found), 'tcp', { ...NOTHING_SAID, info }, from);
  }

  private icmp4(at: number, length: number, from: number): Verdict {
    const { bytes, view } = this.hot;
    if (length < 8 || onesSum16(bytes, at, length) !== 0xffff) return ALIEN;
    const type = bytes[at] ?? 0;
    if (type === 0) return this.reply({ at, length, address: from, family: 4 }, from);
    if (type !== 3 && type !== 11 && type !== 12) return ALIEN;
    const { labels, quotedBytes: left } = this.extensions(at, length, (bytes[at + 5] ?? 0) * 4);
    const inner = at + 8;
    const header = ((bytes[inner] ?? 0) & 15) * 4;
    const isIp4 = left >= 20 && (bytes[inner] ?? 0) >> 4 === 4;
    if (!isIp4 || header < 20 || left < header + 8) return ALIEN;
    const info = view.getUint16(at);
    const mtu = info === 0x304 ? view.getUint16(at + 6) || null : null;
    const said = { info, quotedTtl: bytes[inner + 8] ?? 0, mtu, labels };
    const found = { at: inner + header, length: left - header, family: 4, address: inner + 16 };
    const protocol = NAMES4[bytes[inner + 9] ?? 0];
    return this.quoted({ ...found, family: 4, protocol, said, from });
  }

  private icmp6(at: number, length: number, from: number): Verdict {
    const { bytes, view } = this.hot;
    if (length < 8) return ALIEN;
    const type = bytes[at] ?? 0;
    if (type === 129) return this.reply({ at, length, address: from, family: 6 }, from);
    if (type < 1 || type > 4) return ALIEN;
    // RFC 4884 §4.4, §4.5: only those two tell how much they quote.
    const told = type === 1 || type === 3 ? (bytes[at + 4] ?? 0) * 8 : 0;
    const { labels, quotedBytes: left } = this.extensions(at, length, told);
    const inner = at + 8;
    if (left < 48 || (bytes[inner] ?? 0) >> 4 !== 6) return ALIEN;
    const mtu = type === 2 ? Math.min(view.getUint32(at + 4), 65_535) || null : null;
    const said = { info: view.getUint16(at), quotedTtl: bytes[inner + 7] ?? 0, mtu, labels };
    const found = { at: inner + 40, length: left - 40, address: inner + 24 };
    const protocol = NAMES6[bytes[inner + 6] ?? 0];
    return this.quoted({ ...found, family: 6, protocol, said, from });
  }

  /** As the error queue of a ping socket hands it over: our packet from its ICMP header on. */
  private queued(record: number, family: 4 | 6): Verdict {
    const { view } = this.hot;
    const [type, code] = [view.getUint32(record + 52, true), view.getUint32(record + 56, true)];
    const info = ((type << 8) >>> 0) + (code & 255);
    const tellsMtu = family === 4 ? info === 0x304 : type === 2;
    const mtu = tellsMtu ? Math.min(view.getUint32(record + 60, true), 65_535) || null : null;
    return this.quoted({
      at: record + RECORD_HEADER_BYTES,
      length: view.getUint32(record + 4, true),
      family,
      address: null,
      protocol: 'icmp',
      said: { info, quotedTtl: null, mtu, labels: [] },
      from: record + 32,
    });
  }

  /** RFC 4884 §5: how much of what follows is quoted, and RFC 4950: the labels behind that. */
  private extensions(
    at: number,
    length: number,
    told: number,
  ): { labels: number[]; quotedBytes: number } {
    const { bytes, view } = this.hot;
    const left = length - 8;
    const quotedBytes = told >= 8 && told < left ? told : 128;
    const start = at + 8 + quotedBytes;
    const room = left - quotedBytes;
    const isExtension =
      room >= 4 &&
      (bytes[start] ?? 0) >> 4 === 2 &&
      (view.getUint16(start + 2) === 0 || onesSum16(bytes, start, room) === 0xffff);
    if (!isExtension) return { labels: [], quotedBytes: left };
    const labels: number[] = [];
    let rest = bytes.slice(start + 4, start + room);
    while (rest.length >= 4 && labels.length === 0) {
      const head = new DataView(rest.buffer, rest.byteOffset, rest.length);
      const size = head.getUint16(0);
      if (size < 4 || size > rest.length) break;
      const isStack = head.getUint16(2) === 0x0101;
      const count = isStack ? Math.min(Math.floor((size - 4) / 4), LABELS_MAX) : 0;
      for (let i = 0; i < count; i++) labels.push(head.getUint32(4 + 4 * i));
      rest = rest.slice(size);
    }
    return { labels, quotedBytes };
  }

  private reply(part: Found, from: number): Verdict {
    const { at, length, family } = part;
    if (this.hot.view.getUint16(at + 4) === this.identifier + 16) {
      const said = { ...NOTHING_SAID, info: family === 4 ? 0 : 129 * 256 };
      return toVerdict(this.shots.echoed(part), 'echo', said, from);
    }
    const probe = this.named(at);
    if (probe === undefined || probe.family !== family || probe.state === 'refused') return ALIEN;
    const isWhole = length === probe.reply.length && this.same(at + 8, probe.reply, 8, COOKIE_END);
    return isWhole && this.isAt(from, probe) ? { what: 'reply', probe } : ALIEN;
  }

  private quoted(quote: Quote): Verdict {
    const { at, length, family, address, protocol, said, from } = quote;
    if (length < 8 || protocol === undefined) return ALIEN;
    const index = this.hot.view.getUint16(at + 4) - this.identifier;
    const isEcho = protocol === 'icmp' && index >= 0 && index < 16;
    if (!isEcho) return toVerdict(this.shots.quoted(quote, protocol), 'error', said, from);
    if (this.hot.bytes[at] !== (family === 4 ? 8 : 128)) return ALIEN;
    const probe = this.named(at);
    if (probe === undefined || probe.family !== family || probe.state !== 'out') return ALIEN;
    if (length >= COOKIE_END && !this.same(at + 8, probe.echo, 8, COOKIE_END)) return ALIEN;
    return address === null || this.isAt(address, probe) ? { what: 'error', probe } : ALIEN;
  }

  private isAt(place: number, { family, address }: OracleProbe): boolean {
    for (let i = 0; i < (family === 4 ? 4 : 16); i++) {
      if (this.hot.bytes[place + i] !== address[i]) return false;
    }
    return true;
  }

  /** The probe that identifier and sequence number speak of. */
  private named(at: number): OracleProbe | undefined {
    const { view } = this.hot;
    const index = view.getUint16(at + 4, false) - this.identifier;
    if (index < 0 || index > 15) return undefined;
    return this.bySlot.get(index * 65536 + view.getUint16(at + 6, false));
  }

  private same(at: number, expected: Uint8Array, from: number, to: number): boolean {
    for (let i = from; i < to; i++) {
      if (this.hot.bytes[at - from + i] !== expected[i]) return false;
    }
    return true;
  }
}

/** RFC 1071, sixteen bits at a time. */
export function onesSum16(bytes: Uint8Array, at: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i += 2) {
    const low = i + 1 < length ? (bytes[at + i + 1] ?? 0) : 0;
    sum += (bytes[at + i] ?? 0) * 256 + low;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65536);
  return sum;
}

function toVerdict(shot: OracleShot | null, kind: ShotKind, said: Said, from: number): Verdict {
  return shot === null ? ALIEN : { what: 'shot', shot, kind, said, from };
}
