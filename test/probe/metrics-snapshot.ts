// Snapshots by hand, for tests of what reads them: metrics, API and page.
import type { Round } from '../../src/core/round.ts';
import {
  type SeriesCounters,
  type SeriesSnapshot,
  SPARKY_BUCKETS,
} from '../../src/core/snapshot.ts';
import type { DaemonSnapshot } from '../../src/probe/snapshot.ts';

export const NOW_MS = 1_795_305_640_000;

export function makeRound(change: Partial<Round> = {}): Round {
  return {
    kind: 'smokeping',
    target: 'a400',
    host: 'a400.speedtest.example',
    family: 'v4',
    ip: '203.0.113.40',
    bootId: '6f1c2a3e-0000-4000-8000-000000000001',
    sequence: 812,
    fromMs: NOW_MS - 40_000,
    untilMs: NOW_MS - 10_000,
    clock: 'synced',
    loaded: false,
    sent: 30,
    received: 28,
    lost: 1,
    discarded: 1,
    late: 1,
    duplicates: 2,
    reordered: 3,
    skipped: 4,
    sendErrors: { blocked: 1 },
    rttNs: {
      min: 11_000_001,
      p10: 11_100_000,
      p25: 11_250_000,
      median: 12_345_678,
      p75: 13_000_000,
      p90: 14_000_000,
      max: 25_600_000,
      mean: 12_600_000,
      stddev: 900_000,
    },
    exact: true,
    jitterNs: 150_000,
    jitterRfc3550Ns: 140_000,
    lossBurstMax: 1,
    quality: { kernel: 27, mixed: 1, user: 0, hardware: 0 },
    localQueueNs: null,
    ...change,
  };
}

export function makeCounters(change: Partial<SeriesCounters> = {}): SeriesCounters {
  return {
    sent: 24_391,
    received: 24_377,
    lost: 12,
    discarded: 1,
    late: 5,
    duplicates: 6,
    reordered: 7,
    skipped: 8,
    sendErrors: {
      blocked: 1,
      unreachable: 2,
      buffer: 0,
      size: 0,
      device: 0,
      invalid: 0,
      other: 0,
    },
    quality: { kernel: 24_300, mixed: 76, user: 1, hardware: 0 },
    ...change,
  };
}

/** All answers in one bucket, by its place; 8 is up to 12.8 ms. */
export function makeCounts(answers: number, bucket = 8): number[] {
  return Array.from({ length: SPARKY_BUCKETS.length + 1 }, (_, at) =>
    at === bucket ? answers : 0,
  );
}

export function makeSeries(change: Partial<SeriesSnapshot> = {}): SeriesSnapshot {
  const { target = 'a400', host = 'a400.speedtest.example', family = 'v4' } = change;
  const ip = change.ip === undefined ? '203.0.113.40' : change.ip;
  return {
    target,
    host,
    family,
    ip,
    source: '',
    tos: 0,
    intervalMs: 1000,
    labels: {},
    state: 'measuring',
    reason: null,
    counters: makeCounters(),
    sparky: { counts: makeCounts(24_377), sumSeconds: 300.25 },
    ttl: 57,
    lastRound: makeRound({ target, host, family, ip: ip ?? '' }),
    outages: { open: false, total: 2, seconds: 61.5 },
    resolve: { ok: true, atMs: NOW_MS - 12_000 },
    current: true,
    ...change,
  };
}

export function makeSnapshot(change: Partial<DaemonSnapshot> = {}): DaemonSnapshot {
  return {
    hostname: 'probe07',
    version: '0.1.0',
    hardware: null,
    bootId: '6f1c2a3e-0000-4000-8000-000000000001',
    startedMs: NOW_MS - 24_391_000,
    nowMs: NOW_MS,
    clock: { state: 'synced', offsetNs: 125_000 },
    addon: '1',
    series: [makeSeries()],
    engine: {
      transport: 'native',
      stamps: 'kernel',
      ticks: 48_900,
      tickLate: {
        bounds: [0.001, 0.005, 0.02, 0.1],
        counts: [48_000, 800, 95, 4, 1],
        sumSeconds: 12.5,
      },
      alien: { cookie: 3, unknown: 5 },
      drops: { flight: 0, outbox: 1 },
      overflows: 2,
      clockSteps: 1,
      inflight: 6,
    },
    config: {
      etag: 'c0ffee',
      file: '/etc/flint/probe.json',
      appliedMs: NOW_MS - 24_390_000,
      error: null,
      readable: true,
    },
    store: { bytes: 5_242_880, oldestMs: NOW_MS - 24_000_000, errors: 0, lastError: null },
    paths: [],
    openEvents: [],
    reportErrors: 0,
    control: { etag: '"c1"', appliedMs: NOW_MS - 60_000, error: null, unsupported: ['x'] },
    policy: {
      file: null,
      ruled: ['smokeping'],
      privateRanges: [],
      packetsPerSecond: 1000,
      packetsPerSecondPerDestination: 50,
      bytesPerDay: 2_147_483_648,
      kinds: ['smokeping', 'path'],
      capped: ['a400: slower'],
      heldBack: { smokeping: 7, path: 1 },
    },
    ...change,
  };
}

/** `targets` × both families, each with a name and addresses of its own. */
export function makeCrowd(targets: number): SeriesSnapshot[] {
  return Array.from({ length: targets }, (_, index) => {
    const name = { target: `t${index}`, host: `target-${index}.example.net` };
    const v4 = makeSeries({ ...name, ip: `198.51.${index >> 8}.${index & 255}` });
    const v6 = makeSeries({ ...name, family: 'v6', ip: `2001:db8::${index.toString(16)}` });
    return [v4, v6];
  }).flat();
}
