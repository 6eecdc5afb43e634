// Invented rounds and snapshots for graphs and pages: realistic, repeatable, no clock.
import type { Family, ProbeEvent, Quality, Round, RttFigures } from '../../src/core/round.ts';
import { SEND_ERROR_REASONS } from '../../src/core/round.ts';
import type {
  ProbeSnapshot,
  SeriesCounters,
  SeriesSnapshot,
  SeriesState,
} from '../../src/core/snapshot.ts';
import type { PageInput } from '../../src/probe/page/page.ts';

export const NOW_MS = Date.parse('2026-11-22T14:30:04Z');
export const ROUND_MS = 30_000;

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Nearest rank, as a round is closed. */
export function rttFigures(samplesNs: readonly number[]): RttFigures | null {
  const sorted = [...samplesNs].sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const rank = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    min: sorted[0] ?? 0,
    p10: rank(0.1),
    p25: rank(0.25),
    median: rank(0.5),
    p75: rank(0.75),
    p90: rank(0.9),
    max: sorted.at(-1) ?? 0,
    mean,
    stddev: Math.sqrt(squares / sorted.length),
  };
}

/** A round of `sent` echoes of which `samplesNs` came back. */
export function fakeRound(samplesNs: readonly number[], changes: Partial<Round> = {}): Round {
  const sent = changes.sent ?? samplesNs.length;
  const jitter = samplesNs.slice(1).map((value, at) => Math.abs(value - (samplesNs[at] ?? 0)));
  const fromMs = changes.fromMs ?? NOW_MS - ROUND_MS;
  return {
    kind: 'smokeping',
    target: 'one.one.one.one',
    host: 'one.one.one.one',
    family: 'v4',
    ip: '1.1.1.1',
    bootId: 'b0',
    sequence: 1,
    fromMs,
    untilMs: fromMs + ROUND_MS,
    clock: 'synced',
    loaded: false,
    sent,
    received: samplesNs.length,
    lost: sent - samplesNs.length,
    discarded: 0,
    late: 0,
    duplicates: 0,
    reordered: 0,
    skipped: 0,
    sendErrors: {},
    rttNs: rttFigures(samplesNs),
    exact: true,
    jitterNs: jitter.length === 0 ? null : jitter.reduce((a, b) => a + b, 0) / jitter.length,
    jitterRfc3550Ns: null,
    lossBurstMax: 0,
    quality: { kernel: samplesNs.length, mixed: 0, user: 0, hardware: 0 },
    localQueueNs: null,
    ...changes,
  };
}

/** How a made-up line behaves; times in milliseconds of round-trip time. */
export interface Line {
  baseMs: number;
  /** Mean of an exponential tail above the base. */
  noiseMs: number;
  /** Share of echoes lost. */
  loss?: number;
  /** Share of replies that are a hundred times later. */
  spikes?: number;
  seed: number;
}

/** Rounds on the wall clock that end before `untilMs`; null from `samples` means no round. */
export function fakeRounds(
  span: { fromMs: number; untilMs: number },
  at: (timeMs: number) => Line | 'out' | null,
  changes: Partial<Round> = {},
): Round[] {
  const rounds: Round[] = [];
  const next = random(1 + (Math.floor(span.fromMs / 1000) % 9973));
  let sequence = 0;
  for (
    let fromMs = Math.ceil(span.fromMs / ROUND_MS) * ROUND_MS;
    fromMs + ROUND_MS <= span.untilMs;
    fromMs += ROUND_MS
  ) {
    const line = at(fromMs);
    sequence++;
    if (line === null) continue;
    const samples = line === 'out' ? [] : samplesOf(line, next);
    rounds.push(fakeRound(samples, { sent: 30, fromMs, sequence, ...changes }));
  }
  return rounds;
}

function samplesOf(line: Line, next: () => number): number[] {
  const samples: number[] = [];
  const drift = 1 + 0.02 * (next() - 0.5);
  for (let echo = 0; echo < 30; echo++) {
    if (next() < (line.loss ?? 0)) continue;
    const tail = -Math.log(1 - next()) * line.noiseMs;
    const spike = next() < (line.spikes ?? 0) ? line.baseMs * 100 : 0;
    samples.push(Math.round((line.baseMs * drift + tail + spike) * 1e6));
  }
  return samples;
}

export function fakeCounters(changes: Partial<SeriesCounters> = {}): SeriesCounters {
  const reasons = SEND_ERROR_REASONS.map((reason) => [reason, 0]);
  return {
    sent: 3600,
    received: 3598,
    lost: 2,
    discarded: 0,
    late: 1,
    duplicates: 0,
    reordered: 0,
    skipped: 0,
    sendErrors: Object.fromEntries(reasons) as SeriesCounters['sendErrors'],
    quality: { kernel: 3598, mixed: 0, user: 0, hardware: 0 } satisfies Record<Quality, number>,
    ...changes,
  };
}

export function fakeSeries(
  target: string,
  family: Family,
  changes: Partial<SeriesSnapshot> = {},
): SeriesSnapshot {
  const isSilent = changes.state === 'unavailable' || changes.state === 'unresolved';
  const ip = isSilent ? null : family === 'v4' ? '203.0.113.40' : '2001:db8:40::1';
  return {
    target,
    host: target,
    family,
    ip,
    source: family === 'v4' ? '192.168.178.20' : '2001:db8:1::20',
    tos: 0,
    intervalMs: 1000,
    labels: {},
    state: 'measuring' satisfies SeriesState,
    reason: null,
    counters: fakeCounters(),
    sparky: { counts: [], sumSeconds: 0 },
    ttl: 57,
    lastRound: isSilent ? null : fakeRound([8e6, 8.1e6], { target, family }),
    outages: { open: false, total: 0, seconds: 0 },
    resolve: { ok: !isSilent, atMs: NOW_MS - 20_000 },
    current: true,
    ...changes,
  };
}

export function fakeOutage(changes: Partial<ProbeEvent>): ProbeEvent {
  return {
    id: 'o1',
    kind: 'outage',
    target: 'one.one.one.one',
    family: 'v4',
    fromMs: NOW_MS - 600_000,
    untilMs: NOW_MS - 240_000,
    scope: 'target',
    detail: {},
    ...changes,
  };
}

export function fakeSnapshot(
  series: SeriesSnapshot[],
  changes: Partial<ProbeSnapshot> = {},
): ProbeSnapshot {
  return {
    hostname: 'probe07',
    version: '0.1.0',
    hardware: 'NanoPi R2S',
    bootId: 'b0',
    startedMs: NOW_MS - 41 * 3_600_000,
    nowMs: NOW_MS,
    clock: { state: 'synced', offsetNs: 400_000 },
    addon: 'native',
    series,
    engine: {
      transport: 'native',
      stamps: 'kernel',
      ticks: 1,
      tickLate: { bounds: [], counts: [], sumSeconds: 0 },
      alien: {},
      drops: {},
      overflows: 0,
      clockSteps: 0,
      inflight: 3,
    },
    config: {
      etag: '"a91c77e2b4"',
      file: '/etc/flint/probe.json',
      appliedMs: NOW_MS - 720_000,
      error: null,
      readable: true,
    },
    store: { bytes: 13_000_000, oldestMs: NOW_MS - 41 * 3_600_000, errors: 0, lastError: null },
    paths: [],
    openEvents: [],
    ...changes,
  };
}

/** A page input over rounds that a function invents for each series. */
export function fakeInput(
  snapshot: ProbeSnapshot,
  changes: Partial<Omit<PageInput, 'query'>> & { query?: string } = {},
): PageInput {
  return {
    snapshot,
    rounds: () => [],
    events: [],
    roundMs: ROUND_MS,
    timeoutMs: 5000,
    ...changes,
    query: new URLSearchParams(changes.query ?? ''),
  };
}
