import { deepEqual, equal } from 'node:assert/strict';
import * as v from 'valibot';
import {
  DETAIL_KEYS_MAX,
  REPORT,
  REPORT_BYTES_MAX,
  REPORT_EVENTS_MAX,
  REPORT_PATHS_MAX,
  REPORT_ROUNDS_MAX,
  REPORT_SERIES_MAX,
  REPORTED_ROUND,
  toReportedRound,
} from '../../src/core/report.ts';
import type { Round } from '../../src/core/round.ts';
import { eventAt, probeReport, reportOf, roundAt } from '../control/report-lab.ts';
import { suite } from '../helper.ts';

function issuesOf(report: unknown): [string | null, string][] {
  const parsed = v.safeParse(REPORT, report);
  if (parsed.success) return [];
  return parsed.issues.map((issue) => [v.getDotPath(issue), issue.message]);
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

suite('core/report', (s) => {
  s.test('a report of a healthy probe is valid, and so is one without a daemon', () => {
    deepEqual(issuesOf(reportOf()), []);
    deepEqual(issuesOf(reportOf(null)), []);
  });

  s.test('keys that a newer probe may say are left out', () => {
    const parsed = v.parse(REPORT, { ...reportOf(), more: 1 });
    equal('more' in parsed, false);
  });

  s.test('each list has its limit, and the message says which and how many', () => {
    const [series] = probeReport().series;
    const path = {
      ...{ target: 'a', host: 'a', family: 'v4' as const, ip: null, protocol: 'icmp' as const },
      ...{ state: 'tracing' as const, sinceMs: null, hops: [] },
    };
    if (series === undefined) throw new Error('no series');
    const lists = [
      ['series', reportOf({ series: times(REPORT_SERIES_MAX + 1, () => series) })],
      ['rounds', reportOf({ rounds: times(REPORT_ROUNDS_MAX + 1, roundAt) })],
      ['paths', reportOf({ paths: times(REPORT_PATHS_MAX + 1, () => path) })],
      ['events', reportOf({ events: times(REPORT_EVENTS_MAX + 1, (i) => eventAt(`e${i}`)) })],
    ] as const;
    for (const [name, report] of lists) {
      const count = (report.probe?.[name].length ?? 0) - 1;
      deepEqual(issuesOf(report), [
        [`probe.${name}`, `expected at most ${count} ${name} but got an array of ${count + 1}`],
      ]);
    }
    const detail = Object.fromEntries(times(DETAIL_KEYS_MAX + 1, (i) => [`k${i}`, i]));
    deepEqual(issuesOf(reportOf({ events: [eventAt('a', { detail })] })), [
      ['probe.events.0.detail', 'expected at most 32 keys'],
    ]);
  });

  s.test('the most rounds there may be fit into the most bytes there may be', () => {
    const rounds = times(REPORT_ROUNDS_MAX, (i) => roundAt(1_800_000_000_000 + i));
    equal(JSON.stringify(reportOf({ rounds })).length < REPORT_BYTES_MAX, true);
  });

  s.test('figures that are no figures, and texts that steer a terminal, are refused', () => {
    const rounds = [
      roundAt(-1),
      roundAt(0.5),
      roundAt(0, { sent: Number.MAX_SAFE_INTEGER + 1 }),
      roundAt(0, { jitterNs: Number.POSITIVE_INFINITY }),
      roundAt(0, { jitterNs: 121e9 }),
      roundAt(0, { target: 'a\u001b[2J' }),
      roundAt(0, { ip: 'a\u202eb' }),
    ];
    for (const round of rounds) equal(issuesOf(reportOf({ rounds: [round] })).length > 0, true);
  });

  s.test('of a round goes into a report what graphs show', () => {
    const told = roundAt(5);
    const round: Round = {
      ...told,
      ...{ kind: 'smokeping', host: 'h', bootId: 'b', sequence: 1, late: 0, duplicates: 0 },
      ...{ reordered: 0, skipped: 0, sendErrors: {}, jitterRfc3550Ns: 1, lossBurstMax: 0 },
      ...{ quality: { kernel: 1, mixed: 0, user: 0, hardware: 0 }, localQueueNs: null },
    };

    deepEqual(toReportedRound(round), told);
    equal(v.is(REPORTED_ROUND, told), true);
  });
});
