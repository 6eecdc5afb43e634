// Networks of kernels: a prober, routers and a target in namespaces of their own, joined by veth
// pairs as plan.ts lays them out. Forwarding, TTLs, errors and equal-cost paths are the kernel's;
// nothing is simulated but what a test asks of a router (controls.ts).
import { FAMILIES, type Family } from '../../src/core/round.ts';
import { type Controls, controlNodes } from './controls.ts';
import { type Namespace, openNamespace } from './namespace.ts';
import {
  addressOf,
  forwardLine,
  linkLines,
  nodeLines,
  type Plan,
  planLayers,
  targetAddress,
  targetLines,
} from './plan.ts';
import { runProcess } from './process.ts';

export interface TopologyOptions {
  /** Both unless told. */
  families?: readonly Family[];
  /** Addresses of the target; one unless told. All others of its prefix answer as well. */
  targets?: number;
  /** Varies how flows are spread over equal paths. */
  seed?: number;
  /** How a router chooses among equal paths (fib_multipath_hash_policy). 1, unless told: by
   * addresses and ports; but packets of a UDP or TCP socket carry a hash of the socket's through
   * veth pairs, and Linux then takes that, the same at every router. Those of raw sockets do not.
   * 3: by addresses, protocol and ports, always. */
  hashPolicy?: 1 | 3;
}

export interface Topology extends Controls {
  readonly prober: Namespace;
  /** By TTL - 1, then from left to right. */
  readonly routers: readonly (readonly Namespace[])[];
  readonly target: Namespace;
  /** Of the family: what may answer at each TTL, by TTL - 1; the last are the targets. */
  readonly hops: Readonly<Record<Family, readonly (readonly string[])[]>>;
  /** The target's addresses. */
  readonly targets: Readonly<Record<Family, readonly string[]>>;
  /** Sends what reaches the router on to these of its successors, numbered from 0 (all: no list).
   * Each family changes at one stroke, IPv4 first. */
  setRoute(at: RouterPlace, successors?: readonly number[]): Promise<void>;
  close(): Promise<void>;
}

/** A router by its TTL, and where a TTL has several, by its number from 0. */
export interface RouterPlace {
  ttl: number;
  index?: number;
}

export interface Chain extends Topology {
  /** What a trace sees by TTL - 1; the last is the target. */
  readonly path: Readonly<Record<Family, readonly string[]>>;
}

export interface DiamondOptions extends TopologyOptions {
  /** How many routers the flows are spread over. */
  width: number;
  /** Routers before the one that splits, and behind the one that joins; 1 and 1 unless told. */
  before?: number;
  after?: number;
  /** Widths in between instead of the one: [2, 4, 2] splits twice, [4, 4] is two routers long. */
  widths?: readonly number[];
}

export interface Switch extends Topology {
  /** The two paths, by number. */
  readonly paths: readonly Readonly<Record<Family, readonly string[]>>[];
  /** The TTL at which they differ. */
  readonly ttl: number;
  switchRoute(to: 0 | 1): Promise<void>;
}

/** Routers in a row; the target is the hop behind the last. */
export async function openChain(options: TopologyOptions & { routers?: number } = {}) {
  const topology = await openLayers(ones(options.routers ?? 8), options);
  return { ...topology, path: pathThrough(topology, () => 0) } satisfies Chain;
}

/** A router that spreads flows over others by address and port, and one where they join again. */
export function openDiamond(options: DiamondOptions): Promise<Topology> {
  const { width, before = 1, after = 1, widths = [width] } = options;
  return openLayers([...ones(before), 1, ...widths, 1, ...ones(after)], options);
}

/** Two paths that differ in one router; the first is in use until told. */
export async function openSwitch(
  options: TopologyOptions & { before?: number; after?: number } = {},
): Promise<Switch> {
  const { before = 1, after = 1 } = options;
  const topology = await openDiamond({ ...options, width: 2, before, after });
  const place = { ttl: before + 1 };
  await topology.setRoute(place, [0]);
  const ttl = before + 2;
  return {
    ...topology,
    ttl,
    paths: [0, 1].map((to) => pathThrough(topology, (hop) => (hop === ttl ? to : 0))),
    switchRoute: (to) => topology.setRoute(place, [to]),
  };
}

/** Many targets behind one chain, each `hops` hops away. */
export function openStar(options: TopologyOptions & { hops?: number } = {}): Promise<Chain> {
  const { targets = 100, hops = 9 } = options;
  return openChain({ ...options, targets, routers: hops - 1 });
}

/** Layers of routers of these widths, each router of one joined to those of the next. */
export async function openLayers(
  widths: readonly number[],
  options: TopologyOptions = {},
): Promise<Topology> {
  const { families = FAMILIES, targets = 1, seed = 1, hashPolicy = 1 } = options;
  const plan = planLayers(widths);
  const ofTargets = byFamily((family) =>
    Array.from({ length: targets }, (_, i) => targetAddress(i, family)),
  );
  const opening = plan.nodes.map((_, i) => openNamespace({ isRouter: i > 0 }));
  const opened = await Promise.allSettled(opening);
  const nodes = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const close = async () => {
    await Promise.all(nodes.map((node) => node.close()));
  };
  try {
    for (const one of opened) if (one.status === 'rejected') throw one.reason;
    await join(plan, nodes);
    const own = families.flatMap((family) => targetLines(ofTargets[family], family));
    const lines = nodes.map((_, i) => nodeLines(plan, i, families));
    lines.at(-1)?.push(...own);
    // Routers with one seed would agree on each flow: a second split would not split again.
    const words = (i: number) => [String(seed * 1_000 + i), String(hashPolicy)];
    await Promise.all(nodes.map((node, i) => furnish(node, words(i), lines[i] ?? [])));
    return describe(plan, nodes, { families, targets: ofTargets, close });
  } catch (error) {
    await close();
    throw error;
  }
}

async function join(plan: Plan, nodes: readonly Namespace[]): Promise<void> {
  const names = nodes.map(({ name }) => name);
  const input = linkLines(plan, names).join('\n');
  const { code, stderr } = await runProcess('ip', ['-batch', '-'], { input });
  if (code !== 0) throw new Error(`the links could not be made: ${stderr}`);
}

// The files are not everywhere: before Linux 6.10 one hash serves all, and ICMP has one limit for
// all namespaces.
const SCRIPT = `
set -e
cd /proc/sys/net
for family in ipv4 ipv6; do echo "$2" > $family/fib_multipath_hash_policy; done
if [ "$2" = 3 ]; then
  for family in ipv4 ipv6; do echo 0x37 > $family/fib_multipath_hash_fields; done
fi
if [ -e ipv4/fib_multipath_hash_seed ]; then echo "$1" > ipv4/fib_multipath_hash_seed; fi
if [ -e ipv4/icmp_msgs_per_sec ]; then
  echo 1000000 > ipv4/icmp_msgs_per_sec
  echo 100000 > ipv4/icmp_msgs_burst
fi
exec ip -batch -
`;

async function furnish(
  node: Namespace,
  words: readonly string[],
  lines: readonly string[],
): Promise<void> {
  await node.run('sh', ['-c', SCRIPT, 'sh', ...words], { input: lines.join('\n') });
}

function describe(
  plan: Plan,
  nodes: readonly Namespace[],
  options: Pick<Topology, 'targets' | 'close'> & { families: readonly Family[] },
): Topology {
  const { families, targets, close } = options;
  const routerLayers = plan.layers.slice(1, -1);
  const indexOf = ({ ttl, index = 0 }: RouterPlace): number => {
    const node = routerLayers[ttl - 1]?.[index];
    if (node === undefined) throw new Error(`there is no router ${index} at TTL ${ttl}`);
    return node;
  };
  const at = (index: number): Namespace => {
    const node = nodes[index];
    if (node === undefined) throw new Error(`there is no node ${index}`);
    return node;
  };
  return {
    ...controlNodes(plan, { at, indexOf }),
    prober: at(0),
    routers: routerLayers.map((layer) => layer.map(at)),
    target: at(nodes.length - 1),
    hops: byFamily((family) => [
      ...routerLayers.map((layer) => layer.map((node) => addressOf(plan, node, family))),
      targets[family],
    ]),
    targets,
    async setRoute(place, successors) {
      const node = indexOf(place);
      const down = plan.nodes[node]?.down ?? [];
      const links = successors?.map((successor) => down[successor] ?? -1) ?? down;
      for (const family of families) await at(node).ip(forwardLine(plan, links, family));
    },
    close,
  };
}

function byFamily<T>(give: (family: Family) => T): Record<Family, T> {
  return { v4: give('v4'), v6: give('v6') };
}

function pathThrough(topology: Topology, choose: (ttl: number) => number) {
  return byFamily((family) => topology.hops[family].map((hop, i) => hop[choose(i + 1)] ?? ''));
}

function ones(count: number): number[] {
  return Array.from({ length: count }, () => 1);
}
