import { findWanted, type Wanted } from './mda-demand.ts';
import {
  fanOf,
  linksAt,
  type MdaCell,
  type MdaCells,
  type MdaLink,
  type MdaNode,
  missOf,
  nodesAt,
} from './mda-graph.ts';

// The multipath detection algorithm (Augustin, Friedman, Teixeira 2007): which flow to send with
// which TTL next, until every node has had as many flows as its known successors ask for
// (mda-stop.ts). Flows are numbers; whoever sends turns them into ports. Nothing is asked twice
// that was answered, and the same answers give the same questions.
//
// A node is fed first with flows that are known to pass it. Where these do not suffice and it is
// not alone at its TTL, new flows are probed at that TTL until enough of them pass it (node
// control): as many at once as the shortfall of all nodes of the TTL together, since each new flow
// helps one node at most. New flows wait until all nearer TTLs are settled, because what is asked
// there may bring them anyway; known flows do not wait, so that a plain path takes one round trip a
// hop, or one in all when the length of the path is known beforehand (`horizonTtl`).

export interface MdaOptions {
  firstTtl: number;
  maxTtl: number;
  /** The TTL at which another trace reached the target: all up to there is asked at once. */
  horizonTtl: number | null;
  flowsMax: number;
  /** Probes in all, attempts counted. */
  probesMax: number;
  /** The chance of an incomplete node that is put up with. */
  alpha: number;
  /** How often a probe is sent before a flow counts as silent at a TTL. */
  attemptsMax: number;
  /** So many TTLs in a row at which nobody answers end the search. */
  silentTtlsMax: number;
}

export interface MdaProbe {
  ttl: number;
  flow: number;
  attempt: number;
}

/** `ends`: the flow goes no further (the target answered, or an error that ends the way). */
export interface MdaResult {
  ttl: number;
  flow: number;
  ip: string | null;
  ends: boolean;
}

export interface MdaReport {
  nodes: MdaNode[];
  links: MdaLink[];
  /** Probes sent. */
  sent: number;
  /** False when a limit ended the search before every node had its share of flows. */
  isComplete: boolean;
  /**
   * How sure it is. Had one node one successor more than is known, with equal shares for all, it
   * would have been missed with at most this probability; and were that so of every node at once,
   * the whole would be incomplete with at most the other.
   */
  nodeMissMax: number;
  pathMissMax: number;
}

export interface Mda {
  /** What to send now; it counts as sent. Empty: wait for results, or it is done. */
  next(limit: number): MdaProbe[];
  /** Takes a result, also of a probe of another trace; `ip` is null for one that was lost. */
  record(result: MdaResult): void;
  /** Nothing is on its way and nothing more is to be asked. */
  isDone(): boolean;
  report(): MdaReport;
}

export const MDA_ALPHA = 0.05;

export function createMda(options: MdaOptions): Mda {
  const cells: MdaCells = { rows: new Map(), nodes: new Map(), ends: new Map() };
  let asked: Wanted | null = null;
  let sent = 0;
  let inFlight = 0;

  function wanted(): Wanted {
    asked ??= findWanted(cells, options);
    return asked;
  }

  function put({ ttl, flow }: { ttl: number; flow: number }): MdaCell {
    const row = cells.rows.get(ttl) ?? new Map<number, MdaCell>();
    cells.rows.set(ttl, row);
    const cell = row.get(flow) ?? { attempts: 0, inFlight: false, ip: undefined, ends: false };
    row.set(flow, cell);
    return cell;
  }

  return {
    next(limit) {
      const room = Math.min(limit, options.probesMax - sent);
      if (room <= 0) return [];
      const { wants } = wanted();
      asked = null;
      return wants.slice(0, room).map((want) => {
        const cell = put(want);
        cell.inFlight = true;
        inFlight++;
        sent++;
        return { ...want, attempt: cell.attempts };
      });
    },
    record({ ttl, flow, ip, ends }) {
      const cell = put({ ttl, flow });
      if (cell.inFlight) inFlight--;
      cell.inFlight = false;
      cell.attempts++;
      asked = null;
      if (typeof cell.ip === 'string') return;
      if (ip === null && cell.attempts < options.attemptsMax) return;
      cells.nodes.delete(ttl);
      cell.ip = ip;
      cell.ends = ip !== null && ends;
      if (cell.ends) cells.ends.set(flow, Math.min(ttl, cells.ends.get(flow) ?? ttl));
    },
    isDone() {
      if (inFlight > 0) return false;
      return sent >= options.probesMax || wanted().wants.length === 0;
    },
    report() {
      const { wants, isStarved } = wanted();
      return toReport(cells, options, { sent, isComplete: !isStarved && wants.length === 0 });
    },
  };
}

function toReport(
  cells: MdaCells,
  { firstTtl }: MdaOptions,
  { sent, isComplete }: { sent: number; isComplete: boolean },
): MdaReport {
  const ttls = [...cells.rows.keys()].sort((a, b) => a - b);
  const nodes = ttls.flatMap((ttl) => nodesAt(cells, ttl));
  const links = ttls.flatMap((ttl) => linksAt(cells, ttl));
  const misses = ttls.flatMap((ttl) => {
    const before = ttl === firstTtl ? [null] : nodesAt(cells, ttl - 1);
    const going = before.filter((node) => node?.ends !== true);
    return going.map((node) => missOf(fanOf(cells, node, ttl, before.length === 1)));
  });
  const whole = misses.reduce((product, miss) => product * (1 - miss), 1);
  return {
    nodes,
    links,
    sent,
    isComplete,
    nodeMissMax: Math.max(0, ...misses),
    pathMissMax: 1 - whole,
  };
}
