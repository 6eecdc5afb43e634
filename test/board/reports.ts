// Reports of a daemon, as it writes them into its file.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AgentPlaces } from '../../src/board/places.ts';
import type { ProbeReport } from '../../src/core/report.ts';

type ReportedRound = ProbeReport['rounds'][number];
type ReportedEvent = ProbeReport['events'][number];

export function reportedRound(untilMs: number, change: Partial<ReportedRound> = {}): ReportedRound {
  return {
    target: 'one',
    family: 'v4',
    ip: '192.0.2.1',
    fromMs: Math.max(0, untilMs - 30_000),
    untilMs,
    clock: 'synced',
    loaded: false,
    sent: 30,
    received: 30,
    lost: 0,
    discarded: 0,
    exact: true,
    rttNs: null,
    jitterNs: null,
    ...change,
  };
}

export function reportedEvent(id: string, change: Partial<ReportedEvent> = {}): ReportedEvent {
  return {
    id,
    kind: 'outage',
    target: 'one',
    family: 'v4',
    fromMs: 1_795_000_000_000,
    untilMs: null,
    scope: 'target',
    detail: {},
    ...change,
  };
}

export function probeReport(change: Partial<ProbeReport> = {}): ProbeReport {
  return {
    schema: 1,
    writtenMs: Date.now(),
    hostname: 'board',
    bootId: 'boot',
    startedMs: Date.now() - 1_000,
    version: '1.2.3',
    node: '20.0.0',
    addon: '1',
    hardware: null,
    clock: { state: 'synced', offsetNs: null },
    config: { etag: null, appliedMs: null, error: null, unsupported: [], capped: [] },
    quality: { kernel: 1, mixed: 0, user: 0, hardware: 0 },
    series: [],
    rounds: [],
    paths: [],
    events: [],
    leftOut: 0,
    store: { bytes: 0, oldestMs: null, errors: 0, lastError: null },
    ...change,
  };
}

export function writeReport(places: AgentPlaces, report: unknown): void {
  mkdirSync(dirname(places.probeReport), { recursive: true });
  writeFileSync(places.probeReport, typeof report === 'string' ? report : JSON.stringify(report));
}
