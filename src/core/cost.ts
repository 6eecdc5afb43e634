// What a configuration costs its probe: packets and bytes as IP carries them (what a data plan
// counts; frames of Ethernet come on top), sent and received together, when every family answers.
// It is an estimate of the usual case; what a board holds back is decided for the worst case
// (policy-caps.ts).
//
// Assumed of paths: a target is HOPS_ASSUMED hops away unless it is known better, every hop answers
// every probe, a router's word about an IPv4 probe has 56 bytes (RFC 792) and about an IPv6 probe
// quotes all of it (RFC 4443 §2.4), and a search for all paths finds two routers at every hop.
// Not counted: names that are resolved, and what is measured out of turn.
import type { PathConfig, PathTargetConfig, ProbeConfig } from './config.ts';
import { stoppingPoint } from './mda-stop.ts';
import { destinationOf, echoBytes } from './policy-caps.ts';
import type { Family } from './round.ts';

export interface Cost {
  packetsPerSecond: number;
  packetsPerDay: number;
  bytesPerDay: number;
}

/** Hops to a target where they are known: of the last report, say. */
export type HopsOf = (target: PathTargetConfig, family: Family) => number | null;

export const HOPS_ASSUMED = 15;
export const NOTHING: Cost = { packetsPerSecond: 0, packetsPerDay: 0, bytesPerDay: 0 };

const DAY_SECONDS = 86_400;
/** A search for all paths comes once in so many turns. */
const SEARCH_TURNS = 10;
/** Two routers at a hop, and half as many again to be sure (measure/trace-multipath.ts). */
const SEARCH_PROBES = Math.ceil(1.5 * stoppingPoint(2, 0.05));
/** RFC 792: IPv4 header, ICMP header, and header and 8 bytes of what it is about. */
const ERROR_BYTES_V4 = 56;
const ERROR_BYTES_V6 = 48;
const TCP_BYTES = 20;
const TRANSPORT_BYTES = 8;

export function costOf(config: ProbeConfig, hopsOf: HopsOf = unknownHops): Cost {
  const { smokeping, path } = config.measurements;
  const rates: Rate[] = [];
  if (smokeping.enable) {
    for (const { families, intervalMs, size } of smokeping.targets) {
      for (const family of families) {
        const perSecond = 1000 / intervalMs;
        rates.push({ packets: 2 * perSecond, bytes: 2 * perSecond * echoBytes(family, size) });
      }
    }
  }
  if (path.enable) rates.push(pathRate(path, hopsOf));
  return toCost(sumOf(rates));
}

/**
 * Packets a second that reach each destination, by its name: those of a trace that die on the way
 * do not count. What a probe finds in its own network (`@gateway`) is no destination of the fleet.
 */
export function arrivalsOf(config: ProbeConfig): Map<string, number> {
  const { smokeping, path } = config.measurements;
  const arrivals = new Map<string, number>();
  const add = (host: string, perSecond: number): void => {
    if (host.startsWith('@')) return;
    const name = destinationOf(host);
    arrivals.set(name, (arrivals.get(name) ?? 0) + perSecond);
  };
  for (const { host, families, intervalMs } of smokeping.enable ? smokeping.targets : []) {
    add(host, (1000 * families.length) / intervalMs);
  }
  for (const target of path.enable ? path.targets : []) {
    const probes = target.protocol === 'tcp' ? 1 : path.probes;
    const each = probes + (path.multipath ? SEARCH_PROBES / SEARCH_TURNS : 0);
    add(target.host, (1000 * each * target.families.length) / target.intervalMs);
  }
  return arrivals;
}

export function addCosts(a: Cost, b: Cost, times = 1): Cost {
  return {
    packetsPerSecond: rounded(a.packetsPerSecond + times * b.packetsPerSecond),
    packetsPerDay: a.packetsPerDay + times * b.packetsPerDay,
    bytesPerDay: a.bytesPerDay + times * b.bytesPerDay,
  };
}

interface Rate {
  packets: number;
  bytes: number;
}

function unknownHops(): null {
  return null;
}

// Traces together are paced: of what is asked beyond that nothing is sent.
function pathRate(path: PathConfig, hopsOf: HopsOf): Rate {
  const rates = path.targets.flatMap((target) =>
    target.families.map((family) => traceRate(path, target, { family, hopsOf })),
  );
  const sum = sumOf(rates);
  const sent = sum.packets / 2;
  const share = sent > path.packetsPerSecond ? path.packetsPerSecond / sent : 1;
  return { packets: sum.packets * share, bytes: sum.bytes * share };
}

interface Way {
  family: Family;
  hopsOf: HopsOf;
}

function traceRate(path: PathConfig, target: PathTargetConfig, { family, hopsOf }: Way): Rate {
  const hops = Math.max(1, Math.min(path.maxTtl, hopsOf(target, family) ?? HOPS_ASSUMED));
  const each = path.probes + (path.multipath ? SEARCH_PROBES / SEARCH_TURNS : 0);
  const probe = probeBytes(target, family);
  const error = errorBytes(probe, family);
  const last = target.protocol === 'udp' ? error : probe;
  const bytes = each * (hops * probe + (hops - 1) * error + last);
  const perSecond = 1000 / target.intervalMs;
  return { packets: 2 * each * hops * perSecond, bytes: bytes * perSecond };
}

// A SYN has no payload.
function probeBytes({ protocol, size }: PathTargetConfig, family: Family): number {
  const header = family === 'v4' ? 20 : 40;
  return header + (protocol === 'tcp' ? TCP_BYTES : TRANSPORT_BYTES + size);
}

function errorBytes(probe: number, family: Family): number {
  return family === 'v4' ? ERROR_BYTES_V4 : Math.min(1280, ERROR_BYTES_V6 + probe);
}

function sumOf(rates: readonly Rate[]): Rate {
  const sum = { packets: 0, bytes: 0 };
  for (const { packets, bytes } of rates) {
    sum.packets += packets;
    sum.bytes += bytes;
  }
  return sum;
}

function toCost({ packets, bytes }: Rate): Cost {
  return {
    packetsPerSecond: rounded(packets),
    packetsPerDay: Math.round(packets * DAY_SECONDS),
    bytesPerDay: Math.round(bytes * DAY_SECONDS),
  };
}

/** What floating point adds is no figure. */
function rounded(perSecond: number): number {
  return Math.round(perSecond * 1e6) / 1e6;
}
