import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { ProbeReport, Report } from '../../src/core/report.ts';
import { judgeReport, TROUBLE } from '../../src/core/report-judge.ts';
import { eventAt, probeReport, reportOf, roundAt } from '../control/report-lab.ts';
import { suite } from '../helper.ts';

type State = ProbeReport['series'][number]['state'];

function withStates(...states: [target: string, family: 'v4' | 'v6', state: State][]): Report {
  const [one] = probeReport().series;
  if (one === undefined) throw new Error('no series');
  return reportOf({
    series: states.map(([target, family, state]) => ({ ...one, target, family, state })),
  });
}

suite('core/report-judge', (s) => {
  s.test('a probe that measures all is well', () => {
    deepEqual(judgeReport(reportOf()), {
      isWell: true,
      badness: 0,
      ailing: 0,
      reason: 'all 2 are measured',
    });
  });

  s.test(
    'a family that the place does not have is no fault while the other one is measured',
    () => {
      const half = judgeReport(withStates(['a', 'v4', 'measuring'], ['a', 'v6', 'unavailable']));
      const none = judgeReport(withStates(['a', 'v4', 'unavailable'], ['a', 'v6', 'unavailable']));

      deepEqual([half.isWell, half.ailing], [true, 0]);
      equal(half.reason, '1 of 2 are measured, each target in one family at least');
      deepEqual([none.isWell, none.ailing], [false, 2]);
    },
  );

  s.test(
    'a name without an address in one family is no trouble while the other is measured',
    () => {
      const half = judgeReport(withStates(['a', 'v4', 'measuring'], ['a', 'v6', 'unresolved']));
      const none = judgeReport(withStates(['a', 'v4', 'unresolved'], ['a', 'v6', 'unresolved']));

      deepEqual([half.isWell, half.ailing], [true, 0]);
      deepEqual([none.isWell, none.ailing], [false, 2]);
    },
  );

  s.test('what does not answer is named before what cannot be asked', () => {
    const judged = judgeReport(withStates(['a', 'v4', 'unresolved'], ['b', 'v4', 'down']));

    equal(judged.reason, 'b (v4) and 1 more: down');
  });

  s.test('what is down or unresolved ails and is named', () => {
    const judged = judgeReport(
      withStates(['a', 'v4', 'measuring'], ['b', 'v4', 'down'], ['c', 'v4', 'unresolved']),
    );

    deepEqual([judged.isWell, judged.ailing], [false, 2]);
    equal(judged.reason, 'b (v4) and 1 more: down');
  });

  s.test('worse is worse: silence, uplink, configuration, part of the targets, loss, clock', () => {
    const uplink = eventAt('u', { kind: 'outage', scope: 'uplink', untilMs: null });
    const { config } = probeReport();
    const lossy = [roundAt(0, { received: 15, lost: 15 })];
    const reports = [
      reportOf(null),
      reportOf({ events: [uplink] }),
      reportOf({ config: { ...config, error: 'schema 9 is too new' } }),
      withStates(['a', 'v4', 'down'], ['b', 'v4', 'down']),
      withStates(['a', 'v4', 'measuring'], ['b', 'v4', 'down']),
      reportOf({ rounds: lossy }),
      reportOf({ clock: { state: 'unsynced', offsetNs: null } }),
      reportOf(),
    ];

    const badnesses = reports.map((report) => judgeReport(report).badness);

    deepEqual(
      badnesses,
      [...badnesses].sort((a, b) => b - a),
    );
    equal(new Set(badnesses).size, badnesses.length);
    deepEqual(
      reports.map((report) => judgeReport(report).isWell),
      badnesses.map((badness) => badness < TROUBLE),
    );
  });

  s.test('an outage that is over is no trouble, an open one is', () => {
    equal(judgeReport(reportOf({ events: [eventAt('a')] })).isWell, true);
    const open = judgeReport(reportOf({ events: [eventAt('a', { untilMs: null })] }));
    deepEqual([open.isWell, open.badness, open.reason], [false, TROUBLE, 'an outage is open']);
  });

  s.test('the reason of a silent daemon has what the agent knows', () => {
    const silent = reportOf(null);
    silent.agent.lastError = 'no file';
    match(judgeReport(silent).reason, /says nothing: no file/);
  });

  s.test('what the agent fails at is told beside what is well, and troubles when it lasts', () => {
    const trouble = { message: 'cannot be kept: ENOSPC', sinceMs: 1, isBehind: false };
    const told = (change: object) =>
      judgeReport({
        ...reportOf(),
        heard: { behindSinceMs: 1, trouble: { ...trouble, ...change } },
      });
    const news = told({});
    const late = told({ isBehind: true });

    equal(news.isWell, true);
    match(news.reason, /^all 2 are measured; the agent .* failed at something: .*ENOSPC$/);
    equal(late.isWell, false);
    match(late.reason, /^the board measures by an older configuration.*ENOSPC$/);
    ok(told({ message: 'x'.repeat(500) }).reason.length < 350);
  });

  s.test('a name that has no address yet is no trouble in the first minute, but later', () => {
    const report = withStates(['a', 'v4', 'measuring'], ['b', 'v4', 'unresolved']);
    const { agent, probe } = report;
    if (probe === null) throw new Error('no probe');
    const aged = (ageMs: number, uptimeMs = 3_600_000) =>
      judgeReport({
        ...report,
        agent: { ...agent, uptimeMs },
        probe: { ...probe, startedMs: probe.writtenMs - ageMs },
      });
    const said = 'it has just started: 1 of 2 are measured, others wait for DNS';

    deepEqual([aged(60_000).isWell, aged(60_000).reason], [true, said]);
    deepEqual([aged(60_000).ailing, aged(100_000).ailing], [0, 1]);
    equal(aged(100_000).isWell, false);
    // Started in 1970, or in a year to come: then the machine itself knows how young it is.
    deepEqual([aged(1e12, 50_000).isWell, aged(1e12).isWell], [true, false]);
    deepEqual([aged(-1e12, 50_000).isWell, aged(-1e12).isWell], [true, false]);
    const down = withStates(['b', 'v4', 'down']);
    equal(judgeReport({ ...down, agent: { ...agent, uptimeMs: 1 } }).isWell, false);
  });

  s.test('absurd counts bring no absurd figures', () => {
    const max = Number.MAX_SAFE_INTEGER;
    const rounds = Array.from({ length: 512 }, () => roundAt(0, { sent: 1, lost: max }));
    const { badness } = judgeReport(reportOf({ rounds }));
    ok(badness >= 0 && badness <= 1000 && Number.isFinite(badness));
  });
});
