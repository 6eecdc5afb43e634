import type { MdaOptions } from './mda.ts';
import {
  cellAt,
  decided,
  fanOf,
  linksAt,
  type MdaCells,
  type MdaNode,
  nodesAt,
  passes,
} from './mda-graph.ts';
import { stoppingPoint } from './mda-stop.ts';

// What a multipath trace has still to ask (the rules are told in mda.ts), from what it knows.

export interface Want {
  ttl: number;
  flow: number;
}

export interface Wanted {
  /** The nearest TTL first, each question once. */
  wants: Want[];
  /** A node lacks flows and there are no more. */
  isStarved: boolean;
}

/** The open questions of one TTL: flows that are known to serve, and how many new ones it takes. */
interface Demand {
  wants: Want[];
  newFlows: number;
}

interface Search {
  cells: MdaCells;
  options: MdaOptions;
}

export function findWanted(cells: MdaCells, options: MdaOptions): Wanted {
  const search = { cells, options };
  const wants = new Map<string, Want>();
  const add = (found: readonly Want[]): void => {
    for (const want of found) wants.set(`${want.ttl} ${want.flow}`, want);
  };
  add(opening(search));
  let isSettled = true;
  let isStarved = false;
  for (let ttl = options.firstTtl - 1; ttl < options.maxTtl; ttl++) {
    if (ttl >= options.firstTtl && isEnd(search, ttl)) break;
    const demand = demandAt(search, ttl);
    add(demand.wants);
    isSettled &&= demand.wants.length + inFlightAt(cells, ttl) + inFlightAt(cells, ttl + 1) === 0;
    if (!isSettled || demand.newFlows === 0) continue;
    const fresh = newFlowsAt(search, ttl, demand.newFlows);
    add(fresh);
    isSettled = fresh.length === 0;
    isStarved ||= fresh.length === 0;
  }
  return { wants: [...wants.values()], isStarved };
}

function opening({ cells, options }: Search): Want[] {
  const { firstTtl, maxTtl, horizonTtl, flowsMax, alpha } = options;
  const flows = Math.min(stoppingPoint(1, alpha), flowsMax);
  const wants: Want[] = [];
  for (let ttl = firstTtl; ttl <= Math.min(horizonTtl ?? 0, maxTtl); ttl++) {
    for (let flow = 0; flow < flows; flow++) {
      if (canAsk({ cells, options }, { ttl, flow })) wants.push({ ttl, flow });
    }
  }
  return wants;
}

/** All flows end here, or nobody was asked further on, or too many TTLs were silent. */
function isEnd({ cells, options }: Search, ttl: number): boolean {
  const nodes = nodesAt(cells, ttl);
  if (nodes.length === 0) return cells.rows.get(ttl + 1) === undefined;
  if (nodes.every(({ ends }) => ends)) return true;
  for (let i = 0; i < options.silentTtlsMax; i++) {
    const [node, other] = nodesAt(cells, ttl - i);
    if (node === undefined || node.ip !== null || other !== undefined) return false;
  }
  return true;
}

function demandAt(search: Search, ttl: number): Demand {
  const { cells, options } = search;
  const nodes = ttl < options.firstTtl ? [null] : nodesAt(cells, ttl);
  const isSole = nodes.length === 1;
  const demand: Demand = { wants: retries(cells, ttl + 1), newFlows: 0 };
  for (const node of nodes) {
    if (node?.ends === true) continue;
    const missing = missingFlows(search, node, { ttl, isSole });
    demand.newFlows += missing - addFlows(search, demand.wants, { node, ttl, isSole, missing });
  }
  demand.wants.push(...orphans(search, ttl));
  return demand;
}

/** Adds up to `missing` flows that pass the node and were not asked yet; returns how many. */
function addFlows(
  search: Search,
  wants: Want[],
  from: { node: MdaNode | null; ttl: number; isSole: boolean; missing: number },
): number {
  const { node, ttl, isSole, missing } = from;
  let added = 0;
  if (missing === 0) return added;
  const taken = new Set(wants.map(({ flow }) => flow));
  for (const flow of isSole ? allFlows(search.options) : flowsAt(search.cells, ttl)) {
    if (added >= missing) break;
    const want = { ttl: ttl + 1, flow };
    if (taken.has(flow) || !passes(search.cells, node, flow, isSole)) continue;
    if (!canAsk(search, want)) continue;
    wants.push(want);
    added++;
  }
  return added;
}

/** Flows that had no answer yet, and may be asked again. */
function retries(cells: MdaCells, ttl: number): Want[] {
  const open = [...(cells.rows.get(ttl) ?? [])].filter(
    ([, cell]) => cell.ip === undefined && !cell.inFlight,
  );
  return open.map(([flow]) => ({ ttl, flow }));
}

function* allFlows({ flowsMax }: MdaOptions): Generator<number> {
  for (let flow = 0; flow < flowsMax; flow++) yield flow;
}

function flowsAt(cells: MdaCells, ttl: number): number[] {
  return [...(cells.rows.get(ttl)?.keys() ?? [])].sort((a, b) => a - b);
}

function missingFlows(
  { cells, options }: Search,
  node: MdaNode | null,
  { ttl, isSole }: { ttl: number; isSole: boolean },
): number {
  const { seen, successors } = fanOf(cells, node, ttl + 1, isSole);
  const needed = stoppingPoint(Math.max(1, successors.size), options.alpha);
  let coming = 0;
  for (const [flow, cell] of cells.rows.get(ttl + 1) ?? []) {
    if (cell.ip === undefined && passes(cells, node, flow, isSole)) coming++;
  }
  return Math.max(0, needed - seen.size - coming);
}

/** A node without a known predecessor: the flow that found it is asked one hop nearer. */
function orphans(search: Search, ttl: number): Want[] {
  const { cells, options } = search;
  if (ttl <= options.firstTtl || nodesAt(cells, ttl - 1).length < 2) return [];
  const parents = new Set(linksAt(cells, ttl - 1).map(({ to }) => to));
  return nodesAt(cells, ttl).flatMap(({ ip }) => {
    if (parents.has(ip)) return [];
    const flows = [...decided(cells, ttl)].filter(([, cell]) => cell.ip === ip);
    const wants = flows.map(([flow]) => ({ ttl: ttl - 1, flow }));
    return wants.filter((want) => canAsk(search, want)).slice(0, 1);
  });
}

function canAsk({ cells }: Search, { ttl, flow }: Want): boolean {
  const cell = cellAt(cells, ttl, flow);
  if (cell !== undefined) return cell.ip === undefined && !cell.inFlight;
  return ttl <= (cells.ends.get(flow) ?? ttl);
}

/** The lowest flows that were not asked at a TTL yet. */
function newFlowsAt(search: Search, ttl: number, count: number): Want[] {
  const wants: Want[] = [];
  if (ttl < search.options.firstTtl) return wants;
  for (const flow of allFlows(search.options)) {
    if (wants.length >= count) break;
    if (canAsk(search, { ttl, flow })) wants.push({ ttl, flow });
  }
  return wants;
}

function inFlightAt(cells: MdaCells, ttl: number): number {
  let count = 0;
  for (const { inFlight } of cells.rows.get(ttl)?.values() ?? []) if (inFlight) count++;
  return count;
}
