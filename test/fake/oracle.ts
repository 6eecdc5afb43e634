// What a packet in the inbox is, said once more from the RFCs, by another hand than the parser's:
// an answer to one of our probes, an error about one, or nothing of ours.
import type { Hot } from '../../src/engine/hot.ts';
import { PACKET_BYTES, RECORD_HEADER_BYTES } from '../../src/engine/limits.ts';

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

export type Verdict =
  | { what: 'reply'; probe: OracleProbe }
  | { what: 'error'; probe: OracleProbe }
  | { what: 'alien' };

const ALIEN: Verdict = { what: 'alien' };
const KIND_IP4 = 4;
const KIND_ICMP4 = 44;
const KIND_ICMP6 = 6;
const KIND_QUOTED4 = 54;
const KIND_QUOTED6 = 56;
const COOKIE_END = 24;

export class Oracle {
  private readonly hot: Hot;
  private readonly identifier: number;
  private readonly bySlot: ReadonlyMap<number, OracleProbe>;

  constructor(hot: Hot, identifier: number, bySlot: ReadonlyMap<number, OracleProbe>) {
    this.hot = hot;
    this.identifier = identifier;
    this.bySlot = bySlot;
  }

  judge(record: number): Verdict {
    const { view, bytes } = this.hot;
    const kind = view.getUint32(record, true);
    const stored = view.getUint32(record + 4, true);
    if (stored > PACKET_BYTES || (view.getUint32(record + 24, true) & 1) !== 0) return ALIEN;
    const at = record + RECORD_HEADER_BYTES;
    if (kind === KIND_QUOTED4) return this.quoted(at, stored, 4, null);
    if (kind === KIND_QUOTED6) return this.quoted(at, stored, 6, null);
    if (kind === KIND_ICMP6) return this.icmp6(at, stored, record + 32);
    if (kind === KIND_ICMP4) return this.icmp4(at, stored, record + 32);
    if (kind !== KIND_IP4 || stored < 20) return ALIEN;
    const header = ((bytes[at] ?? 0) & 15) * 4;
    const total = view.getUint16(at + 2, false);
    const isIp4 = (bytes[at] ?? 0) >> 4 === 4 && bytes[at + 9] === 1;
    if (!isIp4 || header < 20 || header > total || total > stored) return ALIEN;
    return this.icmp4(at + header, total - header, at + 12);
  }

  private icmp4(at: number, length: number, source: number): Verdict {
    const { bytes } = this.hot;
    if (length < 8 || !isSummed(bytes, at, length)) return ALIEN;
    const type = bytes[at] ?? 0;
    if (type === 0) return this.reply({ at, length, source, family: 4 });
    if (type !== 3 && type !== 11 && type !== 12) return ALIEN;
    const inner = at + 8;
    const left = length - 8;
    const header = ((bytes[inner] ?? 0) & 15) * 4;
    const isIp4 = left >= 20 && (bytes[inner] ?? 0) >> 4 === 4 && bytes[inner + 9] === 1;
    if (!isIp4 || header < 20 || left < header + 8) return ALIEN;
    return this.quoted(inner + header, left - header, 4, inner + 16);
  }

  private icmp6(at: number, length: number, source: number): Verdict {
    const { bytes } = this.hot;
    if (length < 8) return ALIEN;
    const type = bytes[at] ?? 0;
    if (type === 129) return this.reply({ at, length, source, family: 6 });
    const inner = at + 8;
    const left = length - 8;
    if (type < 1 || type > 4 || left < 48) return ALIEN;
    if ((bytes[inner] ?? 0) >> 4 !== 6 || bytes[inner + 6] !== 58) return ALIEN;
    return this.quoted(inner + 40, left - 40, 6, inner + 24);
  }

  private reply(part: { at: number; length: number; source: number; family: 4 | 6 }): Verdict {
    const { at, length, source, family } = part;
    const probe = this.named(at);
    if (probe === undefined || probe.family !== family || probe.state === 'refused') return ALIEN;
    const isWhole = length === probe.reply.length && this.same(at + 8, probe.reply, 8, COOKIE_END);
    if (!isWhole) return ALIEN;
    const addressBytes = family === 4 ? 4 : 16;
    for (let i = 0; i < addressBytes; i++) {
      if (this.hot.bytes[source + i] !== probe.address[i]) return ALIEN;
    }
    return { what: 'reply', probe };
  }

  /** Our own packet inside an error; `to` is where its destination stands, null when we know it. */
  private quoted(at: number, length: number, family: 4 | 6, to: number | null): Verdict {
    const { bytes } = this.hot;
    if (length < 8 || bytes[at] !== (family === 4 ? 8 : 128)) return ALIEN;
    const probe = this.named(at);
    if (probe === undefined || probe.family !== family || probe.state !== 'out') return ALIEN;
    if (length >= COOKIE_END && !this.same(at + 8, probe.echo, 8, COOKIE_END)) return ALIEN;
    const addressBytes = family === 4 ? 4 : 16;
    for (let i = 0; to !== null && i < addressBytes; i++) {
      if (bytes[to + i] !== probe.address[i]) return ALIEN;
    }
    return { what: 'error', probe };
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

function isSummed(bytes: Uint8Array, at: number, length: number): boolean {
  return onesSum16(bytes, at, length) === 0xffff;
}
