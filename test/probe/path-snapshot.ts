// Snapshots of paths by hand, for tests of what reads them.
import type { PathHop, PathRound } from '../../src/core/path.ts';
import { toPath } from '../../src/core/path-hash.ts';
import type { Family } from '../../src/core/round.ts';
import type { PathSnapshot } from '../../src/core/snapshot.ts';
import { NOW_MS } from './metrics-snapshot.ts';

export const PATH_V4 = ['192.0.2.1', null, '198.51.100.3', '203.0.113.40'];
export const PATH_V6 = ['2001:db8::1', null, '2001:db8:3::1', '2001:db8::40'];

/** The round of `hops` with these addresses; null is a silent hop. */
export function makePathRound(
  ips: readonly (string | null)[],
  change: Partial<PathRound> = {},
): PathRound {
  const path = toPath(
    ips.map((ip, i) => ({ ttl: i + 1, ip })),
    true,
  );
  return {
    kind: 'path',
    target: 'a400',
    host: 'a400.speedtest.example',
    family: 'v4',
    ip: ips.at(-1) ?? '',
    protocol: 'icmp',
    bootId: '6f1c2a3e-0000-4000-8000-000000000001',
    sequence: 812,
    clock: 'synced',
    fromMs: NOW_MS - 12_000,
    untilMs: NOW_MS - 10_000,
    traces: 1,
    reached: true,
    hash: path.hash,
    hops: ips.map((ip, i) => makeHop(i + 1, ip)),
    ...change,
  };
}

export function makeHop(ttl: number, ip: string | null, change: Partial<PathHop> = {}): PathHop {
  const rtt = ttl * 1e6;
  return {
    ttl,
    ip,
    ips: ip === null ? [] : [ip],
    mpls: [],
    sent: 3,
    received: ip === null ? 0 : 3,
    lossPercent: ip === null ? 100 : 0,
    lossKind: ip === null ? 'silent' : 'none',
    pathLossPercent: 0,
    rttNs:
      ip === null
        ? null
        : { last: rtt, avg: rtt + 250_000, best: rtt, worst: rtt + 5e5, stdev: 2e5, jitter: 1e5 },
    ...change,
  };
}

/** Reached, with a silent second hop. */
export function makePath(change: Partial<PathSnapshot> = {}): PathSnapshot {
  const { target = 'a400', host = 'a400.speedtest.example', family = 'v4' } = change;
  const ips = ROUTES[family];
  return {
    target,
    host,
    family,
    ip: ips.at(-1) ?? null,
    protocol: 'icmp',
    intervalMs: 30_000,
    labels: {},
    state: 'tracing',
    reason: null,
    path: toPath(
      ips.map((ip, i) => ({ ttl: i + 1, ip })),
      true,
    ),
    sinceMs: NOW_MS - 86_400_000,
    end: 'target',
    lastRound: makePathRound(ips, { target, host, family }),
    changes: [],
    recent: ips.map((ip, i) => [ip === null ? null : (i + 1) * 1e6]),
    traces: 813,
    skipped: 2,
    probes: 9756,
    changesTotal: 3,
    multipath: null,
    ...change,
  };
}

const ROUTES: Readonly<Record<Family, readonly (string | null)[]>> = { v4: PATH_V4, v6: PATH_V6 };
