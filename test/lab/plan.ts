// Router networks on paper: layers of routers between a prober and a target, the links between
// them, and who routes where. A layer is one TTL. Between layers of m and n routers each router has
// n / m successors or shares one with m / n - 1 others, so that widths 1 4 1 are a diamond and
// 1 2 4 2 1 a nested one. Each router leads back by its first predecessor and answers from that
// link: a router has one address of each family, whichever way it was reached.
import type { Family } from '../../src/core/round.ts';

export interface Plan {
  nodes: readonly Node[];
  links: readonly Link[];
  /** Indexes of nodes by TTL: the prober, the layers, the target. */
  layers: readonly (readonly number[])[];
}

export interface Node {
  layer: number;
  /** Links to the layer before, and to the one behind. */
  up: number[];
  down: number[];
}

export interface Link {
  near: number;
  far: number;
}

/** Where the targets live; every address of theirs answers. */
export const TARGET_PREFIX: Record<Family, string> = { v4: '10.90.0.0/16', v6: 'fd90::/64' };

const PROBER_PREFIX: Record<Family, string> = { v4: '10.80.0.0/24', v6: 'fd80::/64' };
const LINKS_MAX = 250;

/** Fails where neighbouring widths do not divide, or the first is not 1. */
export function planLayers(widths: readonly number[]): Plan {
  if (widths[0] !== 1) throw new Error('the first layer is one router: the prober has one link');
  const nodes: Node[] = [];
  const links: Link[] = [];
  const layers = [1, ...widths, 1].map((width, layer) =>
    Array.from({ length: width }, () => nodes.push({ layer, up: [], down: [] }) - 1),
  );
  for (const [layer, far] of layers.slice(1).entries()) {
    for (const [from, to] of pairs(layers[layer] ?? [], far)) {
      nodes[from]?.down.push(links.length);
      nodes[to]?.up.push(links.length);
      links.push({ near: from, far: to });
    }
  }
  if (links.length > LINKS_MAX) throw new Error(`${links.length} links: at most ${LINKS_MAX}`);
  return { nodes, links, layers };
}

/** The address that a router answers from, which is also the far end of its first link. */
export function addressOf(plan: Plan, node: number, family: Family): string {
  return linkAddress(plan.nodes[node]?.up[0] ?? 0, 'far', family);
}

export function targetAddress(index: number, family: Family): string {
  return family === 'v4' ? `10.90.0.${index + 1}` : `fd90::${(index + 1).toString(16)}`;
}

export function deviceOf(link: number, end: keyof Link): string {
  return `${end}${link}`;
}

/** Lines of `ip -batch` that make all links, up from the start. Their ends have fixed hardware
 * addresses: neighbours are then written down, and no packet is lost to the search for them. */
export function linkLines(plan: Plan, names: readonly string[]): string[] {
  return plan.links.map(({ near, far }, link) => {
    const ends = [near, far].map((node, i) => {
      const end = i === 0 ? 'near' : 'far';
      return `name ${deviceOf(link, end)} netns ${names[node]} address ${hardware(link, end)}`;
    });
    return `link add ${ends[0]} type veth peer ${ends[1]}`;
  });
}

/** Lines of `ip -batch` for the inside of one namespace. */
export function nodeLines(plan: Plan, node: number, families: readonly Family[]): string[] {
  const { up = [], down = [] } = plan.nodes[node] ?? {};
  const devices = [
    ...down.map((link) => ({ link, end: 'near', other: 'far' }) as const),
    ...up.map((link) => ({ link, end: 'far', other: 'near' }) as const),
  ];
  const raised = devices.map(({ link, end }) => {
    const device = deviceOf(link, end);
    return [`link set ${device} addrgenmode none`, `link set ${device} up`];
  });
  const addressed = families.flatMap((family) =>
    devices.flatMap(({ link, end, other }) => {
      const device = deviceOf(link, end);
      const [bits, flag] = family === 'v4' ? [24, ''] : [64, ' nodad'];
      return [
        `address add ${linkAddress(link, end, family)}/${bits} dev ${device}${flag}`,
        `neigh replace ${linkAddress(link, other, family)} dev ${device} ` +
          `lladdr ${hardware(link, other)}`,
      ];
    }),
  );
  const routed = families.flatMap((family) => [
    ...(node === plan.nodes.length - 1 ? [] : [forwardLine(plan, down, family)]),
    ...(up[0] === undefined || plan.nodes[node]?.layer === 1
      ? []
      : [
          `route add ${PROBER_PREFIX[family]} via ${linkAddress(up[0], 'near', family)} ` +
            `src ${linkAddress(up[0], 'far', family)}`,
        ]),
  ]);
  return [...raised.flat(), ...addressed, ...routed];
}

/** Lines for the target: the addresses are its own, since Linux answers for the rest of a local
 * IPv6 prefix, but says that a port is closed from elsewhere. */
export function targetLines(addresses: readonly string[], family: Family): string[] {
  const bits = family === 'v4' ? 32 : 128;
  return [
    `route add local ${TARGET_PREFIX[family]} dev lo`,
    ...addresses.map((address) => `address add ${address}/${bits} dev lo`),
  ];
}

/** The route to the targets over these links, in equal parts. */
export function forwardLine(plan: Plan, links: readonly number[], family: Family): string {
  const hops = links.map((link) => {
    if (plan.links[link] === undefined) throw new Error(`there is no link ${link}`);
    return `via ${linkAddress(link, 'far', family)} dev ${deviceOf(link, 'near')}`;
  });
  const ways = hops.length === 1 ? hops : hops.map((hop) => `nexthop ${hop}`);
  return `route replace ${TARGET_PREFIX[family]} ${ways.join(' ')}`;
}

function linkAddress(link: number, end: keyof Link, family: Family): string {
  const host = end === 'near' ? 1 : 2;
  if (family === 'v4') return `10.80.${link}.${host}`;
  return link === 0 ? `fd80::${host}` : `fd80:0:0:${link.toString(16)}::${host}`;
}

function hardware(link: number, end: keyof Link): string {
  return `02:00:00:00:${end === 'near' ? '01' : '02'}:${link.toString(16).padStart(2, '0')}`;
}

function pairs(near: readonly number[], far: readonly number[]): [number, number][] {
  const [more, fewer] = far.length > near.length ? [far, near] : [near, far];
  const share = more.length / fewer.length;
  if (!Number.isInteger(share)) {
    throw new Error(`a layer of ${near.length} cannot lead to one of ${far.length}`);
  }
  return more.map((node, i) => {
    const other = fewer[Math.floor(i / share)] ?? 0;
    return more === far ? [other, node] : [node, other];
  });
}
