// What a packet is to the TTL-limited probes that are out, said once more from the RFCs and from
// what was sent, by another hand than the parser's. oracle.ts has found the headers.
import type { PathProtocol } from '../../src/core/path.ts';
import type { Hot } from '../../src/engine/hot.ts';
import { FLOWS_MAX, IDENTIFIERS_MAX, INFLIGHT_MAX, PROBES_MAX } from '../../src/engine/limits.ts';
import { IDENTIFIER, PORT, PROBE_IDENTIFIER } from './rig.ts';

export interface OraclePath {
  family: 4 | 6;
  protocol: PathProtocol;
  address: Uint8Array;
  isOpen: boolean;
}

/** A probe as it left: the latest use of its place. */
export interface OracleShot {
  place: number;
  path: OraclePath;
  tag: number;
  ttl: number;
  flow: number;
  bytes: Uint8Array;
  sentMono: number;
  state: 'out' | 'answered' | 'lost' | 'refused';
}

/** Where a message lies in the memory, and for whom. */
export interface Found {
  at: number;
  length: number;
  family: 4 | 6;
  /** Where the address of whoever sent it stands, or of the quoted packet's destination; null where
   * the kernel looked at it. */
  address: number | null;
}

const PROOF_END = 24;

/** Places that are in use, oldest first: what the parser looks through for an answer by UDP. */
export interface ShotRing {
  byPlace: ReadonlyMap<number, OracleShot>;
  oldestFirst(): Iterable<OracleShot>;
}

export class ProbeOracle {
  private readonly hot: Hot;
  private readonly ring: ShotRing;

  constructor(hot: Hot, ring: ShotRing) {
    this.hot = hot;
    this.ring = ring;
  }

  /** The start of one of our own packets inside an error. */
  quoted(found: Found, protocol: PathProtocol): OracleShot | null {
    const { at, length, family, address } = found;
    const { view, bytes } = this.hot;
    if (length < 8) return null;
    if (protocol === 'icmp' && bytes[at] !== (family === 4 ? 8 : 128)) return null;
    const isWhole = protocol !== 'tcp' && length >= PROOF_END && this.hasProof(at);
    // What a translator has changed is no matter where slot, generation and cookie are quoted.
    const isOurs =
      protocol === 'icmp'
        ? view.getUint16(at + 4) === PROBE_IDENTIFIER
        : isOurPort(view.getUint16(at));
    if (!isOurs && (!isWhole || isOfEchoes(protocol, view.getUint16(at + 4)))) return null;
    const shot = isWhole ? this.proven(at) : this.numbered(at, protocol);
    if (shot === null || !isOf(shot, family, protocol)) return null;
    if (isWhole || protocol === 'tcp' || address === null) return shot;
    return this.isAt(address, shot.path.address, family) ? shot : null;
  }

  /** An echo reply with our identifier. */
  echoed({ at, length, family, address }: Found): OracleShot | null {
    const shot = length >= PROOF_END + 4 ? this.proven(at) : null;
    if (shot === null || !isOf(shot, family, 'icmp')) return null;
    return address !== null && this.isAt(address, shot.path.address, family) ? shot : null;
  }

  /** RFC 9293: whatever acknowledges a SYN of ours. */
  segment({ at, length, family, address }: Found): OracleShot | null {
    const { view, bytes } = this.hot;
    if (length < 20 || ((bytes[at + 13] ?? 0) & 0x10) === 0) return null;
    const sequence = (view.getUint32(at + 8) - 1) >>> 0;
    const shot = this.ring.byPlace.get((sequence >>> 16) % PROBES_MAX);
    if (shot === undefined || !isOf(shot, family, 'tcp')) return null;
    const sent = viewOf(shot.bytes);
    const isAnswer =
      sent.getUint32(4) === sequence &&
      sent.getUint16(0) === view.getUint16(at + 2) &&
      sent.getUint16(2) === view.getUint16(at);
    return isAnswer && address !== null && this.isAt(address, shot.path.address, family)
      ? shot
      : null;
  }

  /** The oldest that waits for one from there to here. */
  datagram({ at, length, family, address }: Found): OracleShot | null {
    if (length < 8 || address === null) return null;
    const [from, to] = [this.hot.view.getUint16(at), this.hot.view.getUint16(at + 2)];
    for (const shot of this.ring.oldestFirst()) {
      if (shot.state !== 'out' || !isOf(shot, family, 'udp')) continue;
      const sent = viewOf(shot.bytes);
      const isOfFlow = sent.getUint16(0) === to && sent.getUint16(2) === from;
      if (isOfFlow && this.isAt(address, shot.path.address, family)) return shot;
    }
    return null;
  }

  /** Whether more than zeros, with which some routers fill up what they quote, stands there. */
  private hasProof(at: number): boolean {
    return this.hot.bytes.subarray(at + 8, at + PROOF_END).some((byte) => byte !== 0);
  }

  /** By slot, generation and cookie, which TCP does not carry. */
  private proven(at: number): OracleShot | null {
    const place = this.hot.view.getUint32(at + 8, true) - INFLIGHT_MAX;
    const shot = this.ring.byPlace.get(place);
    if (shot === undefined || shot.path.protocol === 'tcp') return null;
    for (let i = 8; i < PROOF_END; i++) {
      if (this.hot.bytes[at + i] !== shot.bytes[i]) return null;
    }
    return shot;
  }

  /** By what every router quotes. */
  private numbered(at: number, protocol: PathProtocol): OracleShot | null {
    const { view } = this.hot;
    const place = view.getUint16(at + (protocol === 'tcp' ? 4 : 6)) % PROBES_MAX;
    const shot = this.ring.byPlace.get(place);
    if (shot === undefined || shot.path.protocol !== protocol) return null;
    const sent = viewOf(shot.bytes);
    if (protocol === 'tcp') return sent.getUint32(4) === view.getUint32(at + 4) ? shot : null;
    if (sent.getUint16(6) !== view.getUint16(at + 6)) return null;
    const arePorts = protocol === 'icmp' || sent.getUint32(0) === view.getUint32(at);
    return arePorts ? shot : null;
  }

  private isAt(place: number, address: Uint8Array, family: 4 | 6): boolean {
    for (let i = 0; i < (family === 4 ? 4 : 16); i++) {
      if (this.hot.bytes[place + i] !== address[i]) return false;
    }
    return true;
  }
}

function isOf({ path, state }: OracleShot, family: 4 | 6, protocol: PathProtocol): boolean {
  const isUsed = path.isOpen && state !== 'refused';
  return isUsed && path.family === family && path.protocol === protocol;
}

function isOfEchoes(protocol: PathProtocol, identifier: number): boolean {
  const isIdentifier = identifier >= IDENTIFIER && identifier < IDENTIFIER + IDENTIFIERS_MAX;
  return protocol === 'icmp' && isIdentifier;
}

function isOurPort(port: number): boolean {
  return port >= PORT && port < PORT + FLOWS_MAX;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
