// What `flint trace` knows of one path: the figures of its hops over all cycles.
import { addProbe, emptyHopSum, type HopSum } from '../../core/hop-figures.ts';
import type { MdaReport } from '../../core/mda.ts';
import type { PathProtocol } from '../../core/path.ts';
import type { Family } from '../../core/round.ts';
import { type HopAnswer, isAnswered, isFromTarget } from '../../measure/trace-answer.ts';
import type { FinishedTrace, TraceEnd } from '../../measure/trace-run.ts';

export interface TracedPath {
  host: string;
  /** The target's address. */
  ip: string;
  family: Family;
  protocol: PathProtocol;
  /** Source port or checksum, by number; differs where two hosts have one address. */
  flow: number;
  hops: PathHop[];
  end: TraceEnd | null;
  /** Whether the target answered, and nothing said since that it cannot be reached. */
  isReached: boolean;
  /** The hops when the target was reached last, for the next trace. */
  known: readonly (string | null)[];
  /** The cycle that ended last of those that began last. */
  lastCycle: number;
  /** errno of the last probe that the kernel refused. */
  refused: number | null;
  /** The nearest TTL at which the target answered in the cycles that are not ended. */
  targetTtl: number | null;
  multipath: MdaReport | null;
}

export interface PathHop {
  ttl: number;
  /** All that answered, the last one first. */
  ips: string[];
  mpls: HopAnswer['mpls'];
  sum: HopSum;
  /** The last outcomes, oldest first: RTT in ns, or null for lost. */
  recent: (number | null)[];
  /** What the last answer was, and its ICMP type × 256 + code. */
  kind: HopAnswer['kind'] | null;
  info: number;
}

const RECENT_MAX = 256;
const IPS_MAX = 64;
/** Answers that are counted; those of a finished trace are looked at again. */
const counted = new WeakSet<HopAnswer>();

export function newTracedPath(
  place: Pick<TracedPath, 'host' | 'ip' | 'family' | 'protocol' | 'flow'>,
): TracedPath {
  return {
    ...place,
    hops: [],
    end: null,
    isReached: false,
    known: [],
    lastCycle: -1,
    refused: null,
    targetTtl: null,
    multipath: null,
  };
}

/** Takes an answer as it comes. What is lost is counted at the end of its cycle: only then it is
 * known which silence was a loss. */
export function takeHopAnswer(path: TracedPath, answer: HopAnswer): void {
  if (answer.kind === 'refused') path.refused = answer.info;
  if (!isAnswered(answer) || answer.ip === null) return;
  if (isFromTarget(answer, path.ip)) {
    const ttl = answer.distance ?? answer.ttl;
    path.targetTtl = Math.min(path.targetTtl ?? ttl, ttl);
  }
  count(hopAt(path, answer.ttl), answer);
}

/** A trace is done. Cycles overlap: one that began earlier does not say where the path ends now. */
export function endCycle(path: TracedPath, trace: FinishedTrace, cycle: number): void {
  for (const { ttl, answers } of trace.hops) {
    const hop = hopAt(path, ttl);
    for (const answer of answers) count(hop, answer);
  }
  if (cycle < path.lastCycle) return;
  path.lastCycle = cycle;
  path.targetTtl = null;
  // One trace that came to nothing does not undo what the others saw.
  const isNothing = trace.end === 'silence' || trace.end === 'refused' || trace.end === 'max-ttl';
  path.end = isNothing && path.isReached ? 'target' : trace.end;
  if (!isNothing) path.isReached = trace.end === 'target';
  const last = trace.hops.at(-1)?.ttl ?? 0;
  const isBeyond = ({ ttl, ips }: PathHop): boolean => ttl > last && (!isNothing || !ips.length);
  path.hops = path.hops.filter((hop) => !isBeyond(hop));
  if (trace.end === 'target') path.known = path.hops.map(({ ips }) => ips[0] ?? null);
}

/** What the diamond has beside the routers of this flow. */
export function addNodes(path: TracedPath, report: MdaReport): void {
  path.multipath = report;
  for (const { ttl, ip } of report.nodes) {
    const hop = path.hops.find((one) => one.ttl === ttl);
    if (hop === undefined || ip === null || hop.ips.includes(ip)) continue;
    if (hop.ips.length < IPS_MAX) hop.ips.push(ip);
  }
}

/** The hops up to the target, as far as is known yet. */
export function hopsToTarget({ hops, targetTtl }: TracedPath): PathHop[] {
  return targetTtl === null ? hops : hops.filter(({ ttl }) => ttl <= targetTtl);
}

function count(hop: PathHop, answer: HopAnswer): void {
  const { kind, ip, info, mpls, rttNs } = answer;
  // An answer without a time was still an answer; what the kernel refused was no probe.
  const isCounted = kind === 'lost' || (isAnswered(answer) && ip !== null && kind !== 'discarded');
  if (!isCounted || counted.has(answer)) return;
  counted.add(answer);
  addProbe(hop.sum, { isLost: kind === 'lost', rttNs });
  hop.recent.push(rttNs);
  if (hop.recent.length > RECENT_MAX) hop.recent.shift();
  if (ip === null) return;
  hop.ips = [ip, ...hop.ips.filter((other) => other !== ip)].slice(0, IPS_MAX);
  hop.kind = kind;
  hop.info = info;
  hop.mpls = mpls;
}

function hopAt(path: TracedPath, ttl: number): PathHop {
  const found = path.hops.find((hop) => hop.ttl === ttl);
  if (found !== undefined) return found;
  const empty = { ips: [], mpls: [], recent: [], kind: null, info: 0 };
  const hop: PathHop = { ttl, ...empty, sum: emptyHopSum() };
  path.hops.push(hop);
  path.hops.sort((a, b) => a.ttl - b.ttl);
  return hop;
}
