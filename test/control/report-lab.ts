// Reports as a healthy probe sends them, to be changed by a test.
import type { ProbeReport, Report, ReportedEvent, ReportedRound } from '../../src/core/report.ts';
import { NOW_MS } from './lab.ts';

const HOUR_MS = 3_600_000;

export function roundAt(fromMs: number, change: Partial<ReportedRound> = {}): ReportedRound {
  const rttNs = { min: 1e6, p10: 1.1e6, p25: 1.2e6, median: 1.3e6, p75: 1.4e6, p90: 1.5e6 };
  return {
    ...{ target: 'web', family: 'v4', ip: '192.0.2.1', fromMs, untilMs: fromMs + 30_000 },
    ...{ clock: 'synced', loaded: false, sent: 30, received: 30, lost: 0, discarded: 0 },
    ...{ exact: true, rttNs: { ...rttNs, max: 2e6, mean: 1.32e6, stddev: 1e5 }, jitterNs: 2e4 },
    ...change,
  };
}

export function eventAt(id: string, change: Partial<ReportedEvent> = {}): ReportedEvent {
  return {
    ...{ id, kind: 'outage', target: 'web', family: 'v4', fromMs: NOW_MS - 60_000 },
    ...{ untilMs: NOW_MS - 30_000, scope: 'target', detail: { lost: 30 } },
    ...change,
  };
}

export function probeReport(change: Partial<ProbeReport> = {}): ProbeReport {
  const series = (family: 'v4' | 'v6') => ({
    ...{ target: 'web', host: 'web.example', family, ip: '192.0.2.1' },
    ...{ state: 'measuring' as const, reason: null },
  });
  return {
    ...{
      schema: 1,
      writtenMs: NOW_MS,
      hostname: 'probe07',
      bootId: 'boot',
      startedMs: NOW_MS - HOUR_MS,
    },
    ...{ version: '1.0.0', node: '20.0.0', addon: '1', hardware: null },
    clock: { state: 'synced', offsetNs: 1 },
    config: { etag: null, appliedMs: null, error: null, unsupported: [], capped: [] },
    quality: { kernel: 60, mixed: 0, user: 0, hardware: 0 },
    series: [series('v4'), series('v6')],
    rounds: [roundAt(NOW_MS - 60_000), roundAt(NOW_MS - 60_000, { family: 'v6' })],
    ...{ paths: [], events: [], leftOut: 0 },
    store: { bytes: 1, oldestMs: NOW_MS, errors: 0, lastError: null },
    ...change,
  };
}

export function reportOf(change: Partial<ProbeReport> | null = {}): Report {
  return {
    schema: 1,
    sentMs: NOW_MS,
    agent: {
      ...{ version: '1.0.0', startedMs: NOW_MS, bootId: 'boot', uptimeMs: HOUR_MS, model: null },
      ...{ hardware: null, configEtag: null, lastError: null, board: null },
    },
    probe: change === null ? null : probeReport(change),
  };
}
