import fc from 'fast-check';
import { equal, is, match, ok } from 'uvu/assert';
import * as v from 'valibot';
import { PROBE_REPORT, type ProbeReport } from '../../src/core/report.ts';
import type { ProbeEvent } from '../../src/core/round.ts';
import {
  buildReport,
  REPORT_FILE_BYTES_MAX,
  type ReportInput,
} from '../../src/probe/report-build.ts';
import { suite } from '../helper.ts';
import { makeCrowd, makeRound, makeSeries, makeSnapshot, NOW_MS } from './metrics-snapshot.ts';

function eventOf(part: Partial<ProbeEvent> = {}): ProbeEvent {
  const place = { target: null, family: null, scope: null };
  const times = { fromMs: NOW_MS - 5000, untilMs: NOW_MS - 5000 };
  return { id: 'boot-e0', kind: 'start', ...place, ...times, detail: {}, ...part };
}

async function built(part: Partial<ReportInput> = {}): Promise<ProbeReport & { bytes: number }> {
  const input = { snapshot: makeSnapshot(), rounds: [], roundsGone: 0, events: [] };
  const text = await buildReport({ ...input, nodeVersion: '20.19.0', ...part });
  return { ...v.parse(PROBE_REPORT, JSON.parse(text)), bytes: Buffer.byteLength(text) };
}

suite('probe/report-build', (s) => {
  s.test('is what the control takes, and says what is in force', async () => {
    const report = await built({ rounds: [makeRound()], events: [eventOf()] });
    equal([report.schema, report.writtenMs, report.node], [1, NOW_MS, '20.19.0']);
    equal(report.config, {
      etag: '"c1"',
      appliedMs: NOW_MS - 60_000,
      error: null,
      unsupported: ['x'],
      capped: ['a400: slower'],
    });
    equal(report.quality, { kernel: 27, mixed: 1, user: 0, hardware: 0 });
    equal([report.rounds.length, report.events.length, report.leftOut], [1, 1, 0]);
    ok(report.series.every(({ state }) => state === 'measuring'));
  });

  s.test('a probe that knows no control and no policy says so', async () => {
    const { control: _, policy: __, ...snapshot } = makeSnapshot();
    const { config } = await built({ snapshot });
    equal(config, { etag: null, appliedMs: null, error: null, unsupported: [], capped: [] });
  });

  s.test('replaced series are left out, and what does not measure comes first', async () => {
    const series = [
      makeSeries({ target: 'well' }),
      makeSeries({ target: 'gone', current: false }),
      makeSeries({ target: 'ill', state: 'unavailable', reason: 'no\nroute' }),
    ];
    const report = await built({ snapshot: makeSnapshot({ series }) });
    equal(
      report.series.map(({ target, reason }) => [target, reason]),
      [
        ['ill', 'no?route'],
        ['well', null],
      ],
    );
  });

  s.test('the newest rounds have room before all else, in the order of time', async () => {
    const rounds = Array.from({ length: 900 }, (_, n) => makeRound({ untilMs: NOW_MS - 1000 + n }));
    const events = Array.from({ length: 50 }, (_, n) => eventOf({ id: `e${n}` }));
    const report = await built({ rounds, events, roundsGone: 7 });
    ok(report.bytes <= REPORT_FILE_BYTES_MAX, `${report.bytes}`);
    is(report.rounds.at(-1)?.untilMs, NOW_MS - 1000 + 899);
    ok(report.rounds.length > 300);
    report.rounds.forEach(({ untilMs }, at) => {
      if (at > 0) ok(untilMs > (report.rounds[at - 1]?.untilMs ?? 0));
    });
    const told = report.rounds.length + report.events.length;
    is(report.leftOut, 900 + 50 + 7 - told);
  });

  s.test('four thousand series fit, and are counted where they do not', async () => {
    const series = makeCrowd(2048);
    const report = await built({ snapshot: makeSnapshot({ series }) });
    ok(report.bytes <= REPORT_FILE_BYTES_MAX);
    ok(report.series.length > 200 && report.series.length <= 256);
    is(report.leftOut, 4096 - report.series.length);
  });

  s.test('the worst that a control can make of it fits and is taken', async () => {
    const wide = '\u20ac'.repeat(500);
    const snapshot = makeSnapshot({
      series: Array.from({ length: 300 }, (_, n) =>
        makeSeries({ target: `${n}`.padEnd(253, 'x'), host: 'h'.repeat(253), reason: wide }),
      ),
      control: {
        etag: '"x"',
        appliedMs: 0,
        error: wide.repeat(3),
        unsupported: Array.from({ length: 65 }, () => wide),
      },
    });
    const rounds = Array.from({ length: 600 }, () => makeRound({ target: 'x'.repeat(253) }));
    const detail = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`k${n}`, wide]));
    const events = Array.from({ length: 300 }, (_, n) => eventOf({ id: `e${n}`, detail }));
    const report = await built({ snapshot, rounds, events });
    ok(report.bytes <= REPORT_FILE_BYTES_MAX, `${report.bytes}`);
    ok(report.rounds.length > 0);
  });

  s.test('events may hold whatever text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), fc.string({ unit: 'binary' })),
        async (detail) => {
          const { events } = await built({ events: [eventOf({ detail })] });
          is(events.length, 1);
        },
      ),
      { numRuns: 50 },
    );
  });

  s.test('an outage that goes on is told as such', async () => {
    const outage = eventOf({ kind: 'outage', target: 'a400', family: 'v4', untilMs: null });
    const { events } = await built({ events: [outage] });
    equal([events[0]?.untilMs, events[0]?.target], [null, 'a400']);
    match(events[0]?.id ?? '', 'boot-e0');
  });
});
