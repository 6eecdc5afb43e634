import { configText, type Dump, driftOf } from './wireguard-dump.ts';
import type { Endpoints } from './wireguard-endpoint.ts';
import { withConfig } from './wireguard-kept.ts';
import type { WireguardKey } from './wireguard-key.ts';
import { linkWork, type Machine } from './wireguard-link.ts';
import { foundOf, type Liveness } from './wireguard-live.ts';
import type { WireguardPlan } from './wireguard-plan.ts';
import { complaint, type Tools } from './wireguard-tools.ts';

// What brings an interface that is there to where it should be: its peers, and its place in the
// kernel's network. What is right already is not touched.

export interface Mending {
  tools: Tools;
  key: WireguardKey;
  plan: WireguardPlan;
  /** The board has other addresses than it had. */
  isMoved: boolean;
  endpoints: Endpoints;
  liveness: Liveness;
  stateDirectory: string;
  warn: (message: string) => void;
}

/** Whether anything was changed. Throws with a reason. */
export async function mendPeers(mending: Mending, dump: Dump): Promise<boolean> {
  const { tools, key, plan, isMoved, liveness } = mending;
  const endpoints = await mending.endpoints.choose(
    plan.peers.map((peer) => {
      const found = foundOf(peer, dump);
      return { peer, found, isSilent: liveness.isSilent(peer, found), isMoved };
    }),
  );
  const drift = driftOf(plan, dump, key.publicKey);
  if (drift.length === 0) return await seekPeers(mending, endpoints);
  const { privateKey } = key;
  const text = configText({ plan, privateKey, listenPort: dump.listenPort, endpoints });
  await withConfig(mending.stateDirectory, text, async (file) => {
    const result = await tools.wg(['syncconf', plan.interface, file]);
    if (result.code !== 0) throw new Error(`wg syncconf: ${complaint(result)}`);
  });
  if (dump.publicKey !== null) {
    mending.warn(`${plan.interface} was not as it should be: ${drift.join(', ')}`);
  }
  return true;
}

/**
 * Whether anybody was sought. It may be done each quarter of a minute for days: it writes no file,
 * and what is public may stand in the words of a command.
 */
async function seekPeers({ tools, plan }: Mending, endpoints: ReadonlyMap<string, string>) {
  for (const [key, endpoint] of endpoints) {
    const { keepaliveS = 0 } = plan.peers.find(({ publicKey }) => publicKey === key) ?? {};
    const words = ['set', plan.interface, 'peer', key, 'persistent-keepalive'];
    // A keepalive that begins is sent at once, and with it a handshake: else it waits its time.
    const result = await tools.wg([...words, 'off', 'endpoint', endpoint]);
    if (result.code !== 0) throw new Error(`wg set: ${complaint(result)}`);
    await tools.wg([...words, keepaliveS === 0 ? 'off' : String(keepaliveS)]);
  }
  return endpoints.size > 0;
}

/** What could not be routed. Throws with a reason. */
export async function mendLink(tools: Tools, plan: WireguardPlan, machine: Machine) {
  const { commands, conflicts } = linkWork(plan, machine);
  for (const words of commands) {
    const result = await tools.ip(words);
    // A kernel without IPv6 has no such mode, and needs none.
    if (result.code === 0 || words.includes('addrgenmode')) continue;
    throw new Error(`ip ${words.join(' ')}: ${complaint(result)}`);
  }
  return conflicts;
}
