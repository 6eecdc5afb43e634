import { missProbability } from './mda-stop.ts';

// What the probes of a multipath trace have shown so far: for each TTL and flow who answered. Nodes
// are the addresses at one TTL; a link is known because one flow was seen at both of its ends. A
// router that does not answer is a node as well, with the address null, once two flows (or all)
// came to nothing at its TTL: one alone may have been lost.

/** What became of the probes of one flow at one TTL. */
export interface MdaCell {
  attempts: number;
  inFlight: boolean;
  /** Undefined while it is not decided, null when all attempts were lost. */
  ip: string | null | undefined;
  /** The flow goes no further: the target, or an error that ends the way. */
  ends: boolean;
}

export interface MdaNode {
  ttl: number;
  ip: string | null;
  /** Flows that were seen here. */
  flows: number;
  /** All of these flows end here. */
  ends: boolean;
}

export interface MdaLink {
  /** Of the nearer end; the other is one further. */
  ttl: number;
  from: string | null;
  to: string | null;
}

/** All cells, by TTL, then flow; and what follows from them. */
export interface MdaCells {
  rows: Map<number, Map<number, MdaCell>>;
  /** By TTL; forgotten when a cell there is decided. */
  nodes: Map<number, MdaNode[]>;
  /** The nearest TTL at which a flow ended. */
  ends: Map<number, number>;
}

export function cellAt(cells: MdaCells, ttl: number, flow: number): MdaCell | undefined {
  return cells.rows.get(ttl)?.get(flow);
}

/** Nodes at a TTL in the order of the first flow that saw them. */
export function nodesAt(cells: MdaCells, ttl: number): MdaNode[] {
  const known = cells.nodes.get(ttl);
  if (known !== undefined) return known;
  const nodes = findNodes(cells, ttl);
  cells.nodes.set(ttl, nodes);
  return nodes;
}

/** The flows that reached `ttl` through the node one nearer. */
export interface MdaFan {
  /** Decided flows, with where they came out. */
  seen: Map<number, string | null>;
  successors: Set<string | null>;
}

/**
 * What is known of the next hops of `node`. Where it is the only node at its TTL every flow passes
 * it, also those that were not probed there.
 */
export function fanOf(cells: MdaCells, node: MdaNode | null, ttl: number, isSole: boolean): MdaFan {
  const silent = nodesAt(cells, ttl).some(({ ip }) => ip === null);
  const fan: MdaFan = { seen: new Map(), successors: new Set() };
  for (const [flow, { ip }] of decided(cells, ttl)) {
    if (!passes(cells, node, flow, isSole)) continue;
    fan.seen.set(flow, ip);
    if (ip !== null || silent) fan.successors.add(ip);
  }
  return fan;
}

/** Whether a flow is known to pass a node (null: the source). */
export function passes(
  cells: MdaCells,
  node: MdaNode | null,
  flow: number,
  isSole: boolean,
): boolean {
  if (node === null) return true;
  const cell = cellAt(cells, node.ttl, flow);
  if (cell === undefined || cell.ip === undefined) return isSole;
  return cell.ip === node.ip || (isSole && cell.ip === null);
}

/** Links between `ttl` and the next, each once. */
export function linksAt(cells: MdaCells, ttl: number): MdaLink[] {
  const nodes = nodesAt(cells, ttl);
  return nodes.flatMap((node) => {
    if (node.ends) return [];
    const { successors } = fanOf(cells, node, ttl + 1, nodes.length === 1);
    return [...successors].map((to) => ({ ttl, from: node.ip, to }));
  });
}

/**
 * Had this node one successor more than is known, with equal shares for all: the chance that the
 * flows that passed it did not show it.
 */
export function missOf({ seen, successors }: MdaFan): number {
  return missProbability(successors.size + 1, seen.size);
}

type Decided = MdaCell & { ip: string | null };

export function decided(cells: MdaCells, ttl: number): Map<number, Decided> {
  const found = new Map<number, Decided>();
  for (const [flow, cell] of cells.rows.get(ttl) ?? []) {
    if (cell.ip !== undefined) found.set(flow, cell as Decided);
  }
  return found;
}

function findNodes(cells: MdaCells, ttl: number): MdaNode[] {
  const nodes = new Map<string | null, MdaNode>();
  for (const { ip, ends } of decided(cells, ttl).values()) {
    const known = nodes.get(ip);
    if (known === undefined) nodes.set(ip, { ttl, ip, flows: 1, ends });
    else nodes.set(ip, { ...known, flows: known.flows + 1, ends: known.ends && ends });
  }
  const silent = nodes.get(null);
  if (silent?.flows === 1 && nodes.size > 1) nodes.delete(null);
  return [...nodes.values()];
}
