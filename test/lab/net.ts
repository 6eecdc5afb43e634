// The lab as tests and bench see it: namespaces, links between them, a reflector that answers as a
// scenario says, and captures to hold the answers against.
import type { Family } from '../../src/core/round.ts';
import type { Namespace } from './namespace.ts';

export { type Capture, capture, type Packet, type WireTrip, wireTrips } from './capture.ts';
export { type Namespace, type NamespaceOptions, openNamespace, requireLab } from './namespace.ts';
export {
  type NetworkCounters,
  type NetworkLogEntry,
  openNetwork,
  type RoutedNetwork,
  scenarioNames,
} from './network.ts';
export {
  type Exit,
  type LabProcess,
  type Result,
  type RunOptions,
  sleep,
  type Thread,
  threads,
} from './process.ts';
export {
  type LogEntry,
  openReflector,
  type Reflector,
  type ReflectorCounters,
  type ReflectorOptions,
} from './reflector.ts';
export {
  type Chain,
  openChain,
  openDiamond,
  openLayers,
  openStar,
  openSwitch,
  type RouterPlace,
  type Switch,
  type Topology,
} from './topology.ts';

export interface VethAddresses {
  /** With prefix length: '10.77.0.1/24', 'fd77::1/64'. */
  near: readonly string[];
  far: readonly string[];
  /** Prefixes that the far end answers for and the near end routes to it. */
  prefixes: readonly string[];
}

export interface VethEnd {
  device: string;
  /** The first address of each family, without prefix length. */
  v4: string | null;
  v6: string | null;
}

export const VETH_ADDRESSES: VethAddresses = {
  near: ['10.77.0.1/24', 'fd77::1/64'],
  far: ['10.77.0.2/24', 'fd77::2/64'],
  prefixes: ['10.78.0.0/16', 'fd78::/64'],
};

let links = 0;

/** A veth pair between two namespaces; the kernel of the far one answers every address of the
 * prefixes. */
export async function openVeth(
  near: Namespace,
  far: Namespace,
  addresses: VethAddresses = VETH_ADDRESSES,
): Promise<{ near: VethEnd; far: VethEnd }> {
  const nearDevice = `veth${++links}n`;
  const farDevice = `veth${links}f`;
  await near.ip(`link add ${nearDevice} type veth peer name ${farDevice} netns ${far.name}`);
  const nearEnd = await raise(near, nearDevice, addresses.near);
  const farEnd = await raise(far, farDevice, addresses.far);
  for (const prefix of addresses.prefixes) {
    const via = farEnd[familyOf(prefix)];
    if (via === null) throw new Error(`no address of the far end's leads to ${prefix}`);
    await far.ip(`route add local ${prefix} dev lo`);
    await near.ip(`route add ${prefix} via ${via}`);
  }
  return { near: nearEnd, far: farEnd };
}

async function raise(
  namespace: Namespace,
  device: string,
  addresses: readonly string[],
): Promise<VethEnd> {
  const end: VethEnd = { device, v4: null, v6: null };
  await namespace.ip(`link set ${device} up`);
  for (const address of addresses) {
    const family = familyOf(address);
    end[family] ??= address.replace(/\/.*/, '');
    await namespace.ip(`address add ${address} dev ${device}${family === 'v6' ? ' nodad' : ''}`);
  }
  return end;
}

function familyOf(address: string): Family {
  return address.includes(':') ? 'v6' : 'v4';
}
