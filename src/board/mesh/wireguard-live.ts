import { formatAddress } from '../../core/address.ts';
import { formatRange } from '../../core/address-range.ts';
import type { MeshPeer, MeshState } from '../../core/board-state.ts';
import type { Dump, DumpedPeer } from './wireguard-dump.ts';
import type { PlannedPeer, WireguardPlan } from './wireguard-plan.ts';

// Which peers are there. WireGuard has no connections: a peer is there while its last handshake is
// young. Its time is of the wall clock, which may be set: a handshake that was seen to come is
// young by the other clock, too.

/**
 * After so long a key is thrown away, and there is a newer one where anything goes
 * (REJECT_AFTER_TIME).
 */
const LIVE_MS = 180_000;
/** A handshake comes each two minutes where anything goes; beyond this a peer is looked for. */
const SOUGHT_MS = 135_000;
const SLACK_MS = 5000;

export interface Liveness {
  /** Call with each dump. */
  see(dump: Dump): void;
  /** There, as far as can be known. */
  isLive(peer: PlannedPeer, found: DumpedPeer | null): boolean;
  /** Worth looking for. */
  isSilent(peer: PlannedPeer, found: DumpedPeer | null): boolean;
}

export function openLiveness(clocks: { nowMs: () => number; monoMs: () => number }): Liveness {
  const seen = new Map<string, { handshakeS: number; atMs: number }>();

  function ageMs({ publicKey, handshakeS }: DumpedPeer): number {
    if (handshakeS === 0) return Number.POSITIVE_INFINITY;
    const wallMs = clocks.nowMs() - 1000 * handshakeS;
    const cameMs = clocks.monoMs() - (seen.get(publicKey)?.atMs ?? Number.NEGATIVE_INFINITY);
    // A time to come is one of before the clock was set back.
    return Math.min(wallMs < -SLACK_MS ? Number.POSITIVE_INFINITY : wallMs, cameMs);
  }

  return {
    see({ peers }) {
      for (const { publicKey, handshakeS } of peers) {
        const last = seen.get(publicKey);
        if (last?.handshakeS === handshakeS) continue;
        // What was there when we came may be of any age.
        const atMs = last === undefined ? Number.NEGATIVE_INFINITY : clocks.monoMs();
        seen.set(publicKey, { handshakeS, atMs });
      }
    },
    isLive: ({ keepaliveS }, found) =>
      found !== null && ageMs(found) < LIVE_MS + 1000 * keepaliveS + SLACK_MS,
    isSilent({ keepaliveS }, found) {
      if (found === null) return true;
      return ageMs(found) > (keepaliveS > 0 ? SOUGHT_MS : LIVE_MS);
    },
  };
}

/** The peers for those who look, in the order of the settings. */
export function peersOf(plan: WireguardPlan, dump: Dump | null, liveness: Liveness): MeshPeer[] {
  return plan.peers.map((peer) => {
    const found = foundOf(peer, dump);
    return {
      name: peer.name,
      address: addressOf(peer),
      via: liveness.isLive(peer, found) ? 'direct' : 'idle',
      relay: null,
      handshakeMs: found === null || found.handshakeS === 0 ? null : 1000 * found.handshakeS,
      receivedBytes: found?.receivedBytes ?? 0,
      sentBytes: found?.sentBytes ?? 0,
    };
  });
}

export function foundOf(peer: PlannedPeer, dump: Dump | null): DumpedPeer | null {
  return dump?.peers.find(({ publicKey }) => publicKey === peer.publicKey) ?? null;
}

/** What holds while there is nothing to tell. */
export function noMesh(state: MeshState['state'], reason: string | null): MeshState {
  return {
    ...{ kind: 'wireguard', state, reason: reason === null ? null : clipped(reason) },
    ...{ interface: null, addresses: [], address: null, readers: [] },
    ...{ version: null, versionMin: null, isVersionOld: false },
    ...{ peers: [], joinedMs: null },
  };
}

/** What the other side must know, for the peer that says nothing. */
export function introduction(plan: WireguardPlan, publicKey: string): string {
  const names = plan.peers.map(({ name }) => name).join(', ');
  return (
    `no handshake with ${names} yet; there, this board must be a peer with the public key ` +
    `${publicKey} and the address ${formatRange(plan.address.range)}`
  );
}

export function clipped(reason: string): string {
  // What the schema of a line takes.
  const line = reason.replace(/[^ -~]/g, '?');
  return line.length <= 500 ? line : `${line.slice(0, 497)}...`;
}

function addressOf({ allowed }: PlannedPeer): string | null {
  const [first] = allowed;
  if (first === undefined || first.length !== 8 * first.bytes.length) return null;
  return formatAddress(first.family, first.bytes);
}
