import type { PathHop, PathRound, PathStep } from '../../core/path.ts';
import { diffPaths } from '../../core/path-diff.ts';
import type { PathSnapshot } from '../../core/snapshot.ts';
import type { PageInput } from './input.ts';
import { HOPS_MAX, lastChangeOf, type PastChange } from './path-changes.ts';

// What a page knows of one path before any of it becomes HTML. The merged path says who stands
// where; figures, further addresses and labels are those of the last trace.

export interface HopFacts {
  ttl: number;
  /** Null for a router that never answered. */
  ip: string | null;
  /** Others that answered at this TTL, in the last trace or to other flows. */
  others: readonly string[];
  /** Null where the last trace did not come to. */
  hop: PathHop | null;
  /** Best RTTs of the last traces, ns, oldest first. */
  recent: readonly (number | null)[];
  /** It is part of what changed last, and that was within a day. */
  isNew: boolean;
  /** It answers later than routers beyond it: answering is what it does late, not forwarding. */
  isLate: boolean;
}

export interface PathFacts {
  path: PathSnapshot;
  hops: readonly HopFacts[];
  /** TTLs beyond the last that ever answered which the last trace asked in vain. */
  silentTail: { from: number; until: number } | null;
  reach: Reach;
  /** The first hop that packets do not all come to, and how many are lost on the whole way. */
  loss: { from: HopFacts; percent: number } | null;
  /** The last change, if within a day. */
  change: PastChange | null;
}

/** `waiting`: before the first trace; `untraced`: there is no address, or nothing can be sent. */
export type Reach = 'reached' | 'unreached' | 'waiting' | 'untraced';

/** Later than a router beyond it by this much and by this share. */
const LATE_NS = 1e6;
const LATE_SHARE = 0.25;

export function pathFacts(path: PathSnapshot, input: PageInput): PathFacts {
  const round = path.lastRound;
  const change = lastChangeOf(input, path);
  const fresh = change === null ? new Set<number>() : freshTtls(change);
  const known = knownHops(path, round);
  const late = lateTtls(known.map(({ ttl }) => path.recent[ttl - 1] ?? []));
  const hops = known.map(({ ttl, ip }): HopFacts => {
    const hop = round?.hops.find((one) => one.ttl === ttl) ?? null;
    const shown = ip ?? hop?.ip ?? null;
    return {
      ttl,
      ip: shown,
      others: othersAt(path, ttl, hop).filter((other) => other !== shown),
      hop,
      recent: path.recent[ttl - 1] ?? [],
      isNew: fresh.has(ttl),
      isLate: late.has(ttl),
    };
  });
  const reach = reachOf(path);
  return { path, hops, silentTail: tailOf(round, hops), reach, loss: lossOf(hops), change };
}

/** By the snapshot alone, so that all paths can be counted. */
export function reachOf({ state, lastRound, end, path }: PathSnapshot): Reach {
  if (state !== 'tracing') return 'untraced';
  if (lastRound === null || end === null) return 'waiting';
  return end === 'target' && path !== null ? 'reached' : 'unreached';
}

/** The loss on the way to the last hop that tells, when it is real; null when none is. */
export function lossPercentOf({ lastRound }: PathSnapshot): number | null {
  const hops = lastRound?.hops ?? [];
  const last = hops.findLast(({ pathLossPercent }) => pathLossPercent !== null);
  return last?.lossKind === 'forwarding' ? last.pathLossPercent : null;
}

/** Up to the last hop that the path has or that answered just now. */
function knownHops({ path }: PathSnapshot, round: PathRound | null): PathStep[] {
  const steps = path?.hops ?? [];
  const answered = round?.hops.findLast(({ received }) => received > 0)?.ttl ?? 0;
  const last = Math.min(HOPS_MAX, Math.max(steps.at(-1)?.ttl ?? 0, answered));
  return Array.from({ length: last }, (_, index) => ({
    ttl: index + 1,
    ip: steps.find(({ ttl }) => ttl === index + 1)?.ip ?? null,
  }));
}

function othersAt({ multipath }: PathSnapshot, ttl: number, hop: PathHop | null): string[] {
  const nodes = (multipath?.nodes ?? []).filter((node) => node.ttl === ttl);
  return [...new Set([...(hop?.ips ?? []), ...nodes.flatMap(({ ip }) => ip ?? [])])];
}

function tailOf(round: PathRound | null, hops: readonly HopFacts[]): PathFacts['silentTail'] {
  const from = hops.length + 1;
  const until = round?.hops.at(-1)?.ttl ?? 0;
  return until >= from ? { from, until } : null;
}

function freshTtls({ before, after }: PastChange): Set<number> {
  const fresh = diffPaths(before, after).filter(
    ({ kind }) => kind === 'added' || kind === 'changed',
  );
  return new Set(fresh.flatMap(({ after: step }) => step?.ttl ?? []));
}

function lateTtls(recents: readonly (readonly (number | null)[])[]): Set<number> {
  const late = new Set<number>();
  let beyondNs = Number.POSITIVE_INFINITY;
  for (let index = recents.length - 1; index >= 0; index--) {
    const usualNs = medianOf(recents[index] ?? []);
    if (usualNs === null) continue;
    if (usualNs - beyondNs > Math.max(LATE_NS, LATE_SHARE * beyondNs)) late.add(index + 1);
    beyondNs = Math.min(beyondNs, usualNs);
  }
  return late;
}

function medianOf(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}

function lossOf(hops: readonly HopFacts[]): PathFacts['loss'] {
  const last = hops.findLast(({ hop }) => hop !== null && hop.pathLossPercent !== null);
  const from = hops.find(({ hop }) => hop?.lossKind === 'forwarding');
  if (from === undefined || last?.hop?.lossKind !== 'forwarding') return null;
  return { from, percent: last.hop.pathLossPercent ?? 0 };
}
