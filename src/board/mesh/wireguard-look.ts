import { formatRange } from '../../core/address-range.ts';
import type { MeshState } from '../../core/board-state.ts';
import { readSecret } from '../../host/secret.ts';
import { reasonOf } from '../places.ts';
import type { WireguardOptions } from './wireguard.ts';
import type { Dump } from './wireguard-dump.ts';
import { readKept } from './wireguard-kept.ts';
import { readKey } from './wireguard-key.ts';
import {
  clipped,
  introduction,
  type Liveness,
  noMesh,
  openLiveness,
  peersOf,
} from './wireguard-live.ts';
import { planWireguard, type WireguardPlan } from './wireguard-plan.ts';
import { findTools, readDump, readMachine } from './wireguard-tools.ts';

// How the mesh stands, for the report and for those who ask: of an interface that is there.

export interface Seen {
  plan: WireguardPlan;
  publicKey: string;
  dump: Dump | null;
  liveness: Liveness;
  version: string | null;
  /** Whether the board's address is on the interface. */
  isAddressed: boolean;
  /** Why a peer is not looked for; null when all are. */
  lost: string | null;
  conflicts: readonly string[];
}

export function stateOf(seen: Seen): MeshState {
  const { plan, publicKey, dump, liveness, version, isAddressed, lost, conflicts } = seen;
  const peers = peersOf(plan, dump, liveness);
  const isJoined = isAddressed && peers.some(({ via }) => via === 'direct');
  const troubles = [
    ...(isJoined ? [] : [lost ?? introduction(plan, publicKey)]),
    ...conflicts,
    ...plan.strangers.map((reader) => `${reader} may not read: it is behind no peer`),
  ];
  const address = isAddressed ? plan.address.text : null;
  return {
    ...noMesh(isJoined ? 'joined' : 'joining', null),
    ...{ version, peers, address },
    reason: troubles.length === 0 ? null : clipped(troubles.join('; ')),
    interface: plan.interface,
    addresses: address === null ? [] : [address],
    readers: [...plan.readers],
  };
}

/** How it stands now; changes nothing. */
export async function readOnce({
  settings,
  context,
  places,
}: WireguardOptions): Promise<MeshState> {
  const { env, signal } = context;
  const tools = findTools(env, signal);
  if (typeof tools === 'string') return noMesh('absent', tools);
  try {
    const publicKey = readKey(places.state)?.publicKey ?? null;
    if (publicKey === null) {
      return noMesh('needs-key', '`flint wireguard key` or the agent makes one');
    }
    const planned = planWireguard(settings, publicKey, (name) =>
      readSecret(name, { env, configDirectory: places.configDirectory }),
    );
    if (!planned.ok) return noMesh('stopped', planned.reason);
    const { plan } = planned;
    const dump = await readDump(tools, plan.interface);
    if (dump === null) return noMesh('stopped', absence(places.state, plan.interface));
    const { link } = await readMachine(tools, plan.interface);
    const wanted = formatRange(plan.address.range);
    const isAddressed = link?.addresses.some((one) => formatRange(one) === wanted) === true;
    const liveness = openLiveness({ nowMs: Date.now, monoMs: () => performance.now() });
    const rest = { version: null, lost: null, conflicts: [] };
    return stateOf({ plan, publicKey, dump, liveness, isAddressed, ...rest });
  } catch (error) {
    return noMesh('stopped', reasonOf(error));
  }
}

function absence(stateDirectory: string, device: string): string {
  if (readKept(stateDirectory).isDown) {
    return 'it was taken down by hand: `flint wireguard up` brings it back';
  }
  return `there is no interface ${device}: the agent makes it, or \`flint wireguard up\``;
}
