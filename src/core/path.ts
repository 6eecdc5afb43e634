import type { Family, Round } from './round.ts';

// What a trace finds out, from the answer to one probe up to the history of a path. Round, hop and
// change go over the wire and to disk: a name here is a promise (times are Unix milliseconds, RTTs
// nanoseconds, unknown is null and never 0).

export type PathProtocol = 'icmp' | 'udp' | 'tcp';

export const PATH_PROTOCOLS: readonly PathProtocol[] = ['icmp', 'udp', 'tcp'];

/**
 * What came back. `unreachable` is any ICMP error that ends the way (a filter, no route, a host
 * that is not there); the port that is unreachable is how a target answers UDP.
 */
export type PathAnswer =
  | 'time-exceeded'
  | 'echo-reply'
  | 'port-unreachable'
  | 'unreachable'
  | 'syn-ack'
  | 'rst';

/** One entry of an MPLS label stack (RFC 4950, RFC 3032), outermost first. */
export interface MplsLabel {
  label: number;
  trafficClass: number;
  ttl: number;
}

/** What became of one probe. `ip` is null when it is lost; `rttNs` also without good stamps. */
export interface PathProbe {
  ttl: number;
  /** Probes of one flow differ in no field that routers balance by. */
  flow: number;
  attempt: number;
  kind: PathAnswer | 'lost';
  ip: string | null;
  /** Code of the ICMP answer; null for TCP answers and lost probes. */
  code: number | null;
  rttNs: number | null;
  mpls: readonly MplsLabel[];
}

export type PathEnd = 'target' | 'unreachable' | 'loop' | 'silence' | 'max-ttl';

/** One finished trace of one flow; probes by TTL, then attempt. */
export interface PathRun {
  flow: number;
  fromMs: number;
  untilMs: number;
  end: PathEnd;
  probes: readonly PathProbe[];
}

/** A hop as a path knows it: the last address that answered; null is a hop that never did. */
export interface PathStep {
  ttl: number;
  ip: string | null;
}

/** The merged path. Hops are consecutive TTLs; the last one is the target when it is reached. */
export interface Path {
  hash: string;
  reached: boolean;
  hops: readonly PathStep[];
}

/** `atMs`: begin of the first trace that had it; `seenMs`: end of the one that made it certain. */
export interface PathChange {
  atMs: number;
  seenMs: number;
  before: Path;
  after: Path;
}

/** mtr's figures in nanoseconds; `stdev` is of a sample (n − 1), 0 for one answer. */
export interface HopRtt {
  last: number;
  avg: number;
  best: number;
  worst: number;
  stdev: number;
  /** Mean |difference| of answers in a row; null for one answer. */
  jitter: number | null;
}

/**
 * `forwarding`: packets were lost on the way to here; `silent`: this router does not answer, those
 * behind it do; `unknown`: nothing beyond answers, so that loss and silence look the same.
 */
export type LossKind = 'none' | 'forwarding' | 'silent' | 'unknown';

/** One TTL over a round. */
export interface PathHop extends PathStep {
  /** All that answered at this TTL, the most frequent first; at most eight. */
  ips: readonly string[];
  mpls: readonly MplsLabel[];
  sent: number;
  received: number;
  /** Of this router's own answers, as mtr counts; the blame is in the two that follow. */
  lossPercent: number | null;
  lossKind: LossKind;
  /** What was lost on the way to here, over the last rounds; null when nothing tells. */
  pathLossPercent: number | null;
  rttNs: HopRtt | null;
}

/** A closed round of traces of one target, family and protocol. */
export interface PathRound
  extends Pick<Round, 'target' | 'host' | 'ip' | 'bootId' | 'sequence' | 'clock'> {
  kind: 'path';
  family: Family;
  protocol: PathProtocol;
  fromMs: number;
  untilMs: number;
  traces: number;
  reached: boolean;
  hash: string;
  hops: readonly PathHop[];
}

/** The scalars of a change that fit an event; the hops are in the history under the hashes. */
export interface PathEventDetail {
  protocol: PathProtocol;
  beforeHash: string;
  afterHash: string;
  beforeHops: number;
  afterHops: number;
  beforeReached: boolean;
  afterReached: boolean;
  /** The first TTL at which the two differ. */
  ttl: number;
}

const REACHED: readonly PathProbe['kind'][] = ['echo-reply', 'port-unreachable', 'syn-ack', 'rst'];

/** Whether the target itself answered. */
export function isTargetAnswer(kind: PathProbe['kind']): boolean {
  return REACHED.includes(kind);
}

/** For `ProbeEvent.detail`. */
export function toPathEventDetail(protocol: PathProtocol, change: PathChange): PathEventDetail {
  const { before, after } = change;
  const other = before.hops.findIndex((hop, i) => hop.ip !== (after.hops[i]?.ip ?? null));
  const at = other >= 0 ? other : Math.min(before.hops.length, after.hops.length - 1);
  const ttl = (after.hops[at] ?? before.hops[at])?.ttl ?? 1;
  return {
    protocol,
    beforeHash: before.hash,
    afterHash: after.hash,
    beforeHops: before.hops.length,
    afterHops: after.hops.length,
    beforeReached: before.reached,
    afterReached: after.reached,
    ttl,
  };
}
