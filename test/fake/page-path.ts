// Invented paths for pages: what a trace and its history look like, repeatable, no clock.
import type { Path, PathChange, PathHop, PathRound } from '../../src/core/path.ts';
import type { Family, ProbeEvent } from '../../src/core/round.ts';
import type { PathSnapshot } from '../../src/core/snapshot.ts';
import { fakeOutage, NOW_MS } from './page.ts';

/** `*` is a silent hop, as in events. */
export function fakeSteps(text: string, reached = true): Path {
  const hops = text
    .split(' ')
    .map((word, index) => ({ ttl: index + 1, ip: word === '*' ? null : word }));
  return { hash: text, reached, hops };
}

export function fakeHop(ttl: number, ip: string | null, changes: Partial<PathHop> = {}): PathHop {
  const isSilent = ip === null;
  const best = ttl * 1e6;
  const rttNs = {
    last: best + 1e5,
    avg: best + 1e5,
    best,
    worst: best + 2e5,
    stdev: 1e4,
    jitter: 1e4,
  };
  return {
    ttl,
    ip,
    ips: isSilent ? [] : [ip],
    mpls: [],
    sent: 3,
    received: isSilent ? 0 : 3,
    lossPercent: isSilent ? 100 : 0,
    lossKind: isSilent ? 'silent' : 'none',
    pathLossPercent: 0,
    rttNs: isSilent ? null : rttNs,
    ...changes,
  };
}

/** Traced by ICMP; hops given by `text` unless `hops` says more of the last trace. */
export function fakePath(
  text: string,
  changes: Partial<PathSnapshot> & { hops?: PathHop[] } = {},
): PathSnapshot {
  const { hops, ...rest } = changes;
  const path = rest.path === undefined ? fakeSteps(text) : rest.path;
  const ip = path?.hops.at(-1)?.ip ?? null;
  const target = rest.target ?? 'a';
  const family: Family = rest.family ?? 'v4';
  const last = hops ?? (path?.hops ?? []).map((hop) => fakeHop(hop.ttl, hop.ip));
  const lastRound: PathRound = {
    kind: 'path',
    target,
    host: target,
    ip: ip ?? '',
    family,
    protocol: 'icmp',
    bootId: 'b0',
    sequence: 1,
    clock: 'synced',
    fromMs: NOW_MS - 12_000,
    untilMs: NOW_MS - 10_000,
    traces: 1,
    reached: true,
    hash: path?.hash ?? '',
    hops: last,
  };
  return {
    target,
    host: target,
    family,
    ip,
    protocol: 'icmp',
    intervalMs: 30_000,
    labels: {},
    state: 'tracing',
    reason: null,
    path,
    sinceMs: NOW_MS - 6 * 86_400_000,
    end: 'target',
    lastRound,
    changes: [],
    recent: last.map(({ rttNs }) => Array.from({ length: 40 }, () => rttNs?.best ?? null)),
    traces: 40,
    skipped: 0,
    probes: 900,
    multipath: null,
    changesTotal: 0,
    ...rest,
  };
}

export function fakeUntraced(changes: Partial<PathSnapshot>): PathSnapshot {
  const nothing = { path: null, end: null, lastRound: null, sinceMs: null, recent: [] };
  return fakePath('', { ...nothing, traces: 0, ip: null, ...changes });
}

export function fakeChange(atMs: number, before: string, after: string): PathChange {
  return { atMs, seenMs: atMs + 30_000, before: fakeSteps(before), after: fakeSteps(after) };
}

/** As the daemon tells a change. */
export function fakePathEvent(
  atMs: number,
  [before, after]: [before: string, after: string],
  changes: Partial<ProbeEvent> = {},
): ProbeEvent {
  const [old, next] = [before.split(' '), after.split(' ')];
  const detail = {
    protocol: 'icmp',
    beforeHash: before,
    afterHash: after,
    beforeHops: old.length,
    afterHops: next.length,
    beforeReached: true,
    afterReached: true,
    ttl: 1 + next.findIndex((word, index) => word !== old[index]),
    before,
    after,
  };
  return fakeOutage({
    id: `p${atMs}`,
    kind: 'path',
    target: 'a',
    fromMs: atMs,
    untilMs: atMs + 30_000,
    ...changes,
    detail: { ...detail, ...changes.detail },
  });
}

export function fakeShift(
  atMs: number,
  [beforeNs, afterNs]: [beforeNs: number, afterNs: number],
  changes: Partial<ProbeEvent> = {},
): ProbeEvent {
  return fakeOutage({
    id: `s${atMs}`,
    kind: 'shift',
    target: 'a',
    fromMs: atMs,
    untilMs: atMs + 60_000,
    detail: { beforeNs, afterNs, score: 9, threshold: 5 },
    ...changes,
  });
}

/** Markup as a reader sees it. */
export function plain(markup: unknown): string {
  return String(markup)
    .replace(/<title>.*?<\/title>/g, '')
    .replace(/<(br|li|tr|td|th|p|dt|dd|summary)\b[^>]*>/g, ' ')
    .replace(/<[^>]*>/g, '')
    .replaceAll('\u202f', ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
