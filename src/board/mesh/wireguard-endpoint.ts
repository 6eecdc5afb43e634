import { formatAddress, isLinkLocalIpv6, parseAddress } from '../../core/address.ts';
import { isInRange } from '../../core/address-range.ts';
import type { Resolve } from './resolve.ts';
import type { DumpedPeer } from './wireguard-dump.ts';
import type { PlannedPeer } from './wireguard-plan.ts';

// Where a peer is to be found. WireGuard follows one that moves while they talk; a name is looked
// up once, by `wg`, and never again. Here it is looked up again when a peer has fallen silent, and
// of several addresses another one is tried each time: the first may be of a family that has no way
// out.

export interface Endpoints {
  /**
   * Endpoints to set now, by public key; the others stay as they are. One may be that which is set:
   * to set it again makes WireGuard choose anew from where it sends.
   */
  choose(peers: readonly SeenPeer[]): Promise<ReadonlyMap<string, string>>;
  /** Why a peer has no endpoint to go to; null when none lacks one. */
  trouble(): string | null;
}

export interface SeenPeer {
  peer: PlannedPeer;
  /** As the interface has it; null where it does not know the peer yet. */
  found: DumpedPeer | null;
  isSilent: boolean;
  /** The board itself has other addresses than before: what it sends may come from a former one. */
  isMoved: boolean;
}

export interface EndpointOptions {
  /** All addresses of a name, best first; rejects with a reason. */
  resolve: Resolve;
  monoMs: () => number;
}

/** Three tries of a handshake (5 s each). */
export const RETRY_MS = 15_000;

interface Try {
  atMs: number;
  reason: string | null;
}

export function openEndpoints({ resolve, monoMs }: EndpointOptions): Endpoints {
  const tries = new Map<string, Try>();

  function isDue({ peer, found, isSilent, isMoved }: SeenPeer): boolean {
    const last = tries.get(peer.publicKey);
    // The first time always: the settings may say another one than the interface was left with.
    if (last === undefined || isMoved) return true;
    const isBare = (found?.endpoint ?? null) === null;
    // It was set, and is gone: the interface is a new one.
    if (isBare && last.reason === null) return true;
    return (isSilent || isBare) && monoMs() - last.atMs >= RETRY_MS;
  }

  async function chooseOne(seen: SeenPeer, all: readonly SeenPeer[]): Promise<string | null> {
    const { publicKey, name, endpoint } = seen.peer;
    if (endpoint === null || !isDue(seen)) return null;
    const isFirst = !tries.has(publicKey);
    tries.set(publicKey, { atMs: monoMs(), reason: null });
    try {
      const usable = usableOf(await addressesOf(endpoint.host, resolve), all);
      const list = usable.map((address) => endpointText(address, endpoint.port));
      if (list.length === 0) throw new Error(`${endpoint.host} has no address outside of the mesh`);
      return choiceOf(list, seen, isFirst);
    } catch (error) {
      const reason = `peer ${name}: ${error instanceof Error ? error.message : String(error)}`;
      tries.set(publicKey, { atMs: monoMs(), reason });
      return null;
    }
  }

  return {
    async choose(peers) {
      const chosen = await Promise.all(
        peers.map(async (seen) => [seen.peer.publicKey, await chooseOne(seen, peers)] as const),
      );
      return new Map(chosen.flatMap(([key, text]) => (text === null ? [] : [[key, text]])));
    },
    trouble: () => [...tries.values()].find(({ reason }) => reason !== null)?.reason ?? null,
  };
}

/** Null to leave it as it is. */
function choiceOf(list: readonly string[], seen: SeenPeer, isFirst: boolean): string | null {
  const { found, isSilent, isMoved } = seen;
  const now = found?.endpoint ?? null;
  if (isMoved) return firstOf(list, now);
  // The present one had its chance.
  if (isSilent && !isFirst) return nextOf(list, now);
  const chosen = firstOf(list, now);
  return chosen === now && !isSilent ? null : chosen;
}

/** The present one where it is among them. */
function firstOf(list: readonly string[], now: string | null): string | null {
  return now !== null && list.includes(now) ? now : (list[0] ?? null);
}

function nextOf(list: readonly string[], now: string | null): string | null {
  const at = now === null ? -1 : list.indexOf(now);
  return list[(at + 1) % list.length] ?? null;
}

async function addressesOf(host: string, resolve: Resolve): Promise<readonly string[]> {
  return parseAddress(host) === null ? await resolve(host) : [host];
}

/** Packets to an endpoint that is itself behind the mesh would go round in circles. */
function usableOf(addresses: readonly string[], all: readonly SeenPeer[]): string[] {
  const ranges = all.flatMap(({ peer }) => peer.allowed);
  return addresses.flatMap((text) => {
    const parsed = parseAddress(text);
    if (parsed === null || isLinkLocalIpv6(parsed.bytes)) return [];
    if (ranges.some((range) => isInRange(range, parsed))) return [];
    return [formatAddress(parsed.family, parsed.bytes)];
  });
}

function endpointText(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
