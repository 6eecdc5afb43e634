import { canonical } from './tailnet-address.ts';
import type { Tailnet } from './tailnet-machine.ts';
import type { TailscaleStatus } from './tailscale-status.ts';

// Whether the login server still knows this node. A node that was deleted there is not told: its
// status stays as it was, for hours. The other nodes are told at once, so that one that answers
// through the tunnel is a proof.

/**
 * `known`: a peer answered. `doubtful`: none does, and the login server is there to be asked.
 * `unreachable`: it is not, and a node that asks all the same loses the tunnels that it has.
 */
export type Proof = 'known' | 'doubtful' | 'unreachable';

const PEERS_ASKED_MAX = 3;

/** Sends a few packets to peers, and changes nothing. */
export async function prove(
  { client, server, settings, context }: Tailnet,
  status: TailscaleStatus,
): Promise<Proof> {
  for (const address of askedOf(status, settings.readers)) {
    if (context.signal.aborted) return 'unreachable';
    if ((await client.ping(address)).ok) return 'known';
  }
  return status.self.Online || (await server.answers()) ? 'doubtful' : 'unreachable';
}

/** Readers first, which should be there always; then those that were heard last. */
export function askedOf({ peers }: TailscaleStatus, readers: readonly string[]): string[] {
  const heard = [...peers]
    .sort((a, b) => (b.LastHandshake ?? 0) - (a.LastHandshake ?? 0))
    .flatMap(({ TailscaleIPs: [first = ''] }) => first);
  const all = [...readers, ...heard].flatMap((one) => canonical(one) ?? []);
  return [...new Set(all)].slice(0, PEERS_ASKED_MAX);
}
