import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import {
  believedOwners,
  FRESH_MS_MAX,
  fitting,
  readProbeReport,
  trackAcknowledged,
} from '../../src/board/probe-report.ts';
import { type ProbeReport, REPORT_BYTES_MAX } from '../../src/core/report.ts';
import { suite } from '../helper.ts';
import { inPlace } from './place.ts';
import { probeReport, reportedEvent, reportedRound, writeReport } from './reports.ts';

const OWNERS = believedOwners(null);
const notRoot = process.getuid?.() === 0 ? null : 'this is not root';

function untils({ rounds }: ProbeReport): number[] {
  return rounds.map(({ untilMs }) => untilMs);
}

function ids({ events }: ProbeReport): string[] {
  return events.map(({ id }) => id);
}

suite('board/probe-report', (s) => {
  s.test('what the daemon wrote is read while it is fresh', () =>
    inPlace(({ places }) => {
      const { probeReport: file } = places;
      equal(readProbeReport(file, OWNERS, 0), { report: null, fault: null });
      const written = probeReport({ rounds: [reportedRound(1_000)] });
      writeReport(places, written);
      const read = (nowMs: number) => readProbeReport(file, OWNERS, nowMs);

      equal(read(written.writtenMs).report, written);
      is(read(written.writtenMs + FRESH_MS_MAX).report === null, false);
      equal(read(written.writtenMs + FRESH_MS_MAX + 1), { report: null, fault: null });
      equal(read(written.writtenMs - FRESH_MS_MAX - 1), { report: null, fault: null });
    }),
  );

  s.test('what is no report is told and not sent', () =>
    inPlace(({ places }) => {
      const bad = ['', '{', '[]', JSON.stringify({ ...probeReport(), schema: 2 }), '"'.repeat(9)];
      for (const text of bad) {
        writeReport(places, text);
        const { report, fault } = readProbeReport(places.probeReport, OWNERS, Date.now());

        is(report, null);
        match(String(fault), /the report of the daemon is not sent/);
        ok(String(fault).length <= 500);
      }
      writeReport(places, probeReport());
      chmodSync(places.probeReport, 0o666);
      match(String(readProbeReport(places.probeReport, OWNERS, 0).fault), /others may write it/);
    }),
  );

  s.testIf(notRoot, 'nobody but root, ourselves and the user of the daemon is believed', () =>
    inPlace(({ places, directory }) => {
      const passwd = join(directory, 'passwd');
      writeFileSync(passwd, 'root:x:0:0::/:/bin/sh\nflint:x:4711:4711::/:/bin/sh\nx:x:bad:1::/:\n');
      equal(believedOwners(null, passwd), [0, 4711]);
      equal(believedOwners('77', passwd), [0, 77]);
      equal(believedOwners('x', passwd), [0]);
      equal(believedOwners('nobody', '/none'), [0]);

      writeReport(places, probeReport());
      const fault = (uid: number): string | null => {
        chownSync(places.probeReport, uid, uid);
        return readProbeReport(places.probeReport, [0, 4711], Date.now()).fault;
      };
      is(fault(4711), null);
      match(String(fault(4712)), /belongs to user 4712.*--probe-user names the user/);
    }),
  );

  s.test('what was acknowledged is not sent again; a clock that is set back loses nothing', () => {
    const tracked = trackAcknowledged();
    const first = probeReport({ rounds: [reportedRound(5_000), reportedRound(6_000)] });
    equal(untils(tracked.pick(first)), [5_000, 6_000]);
    equal(untils(tracked.pick(first)), [5_000, 6_000], 'a report that was lost is sent again');

    tracked.acknowledge(tracked.pick(first));
    const second = probeReport({
      rounds: [...first.rounds, reportedRound(6_000, { family: 'v6' }), reportedRound(4_000)],
    });
    equal(untils(tracked.pick(second)), [6_000, 4_000]);
    is(tracked.pick(second).rounds[0]?.family, 'v6');
  });

  s.test('an event is sent when it is new and when it changed', () => {
    const tracked = trackAcknowledged();
    const first = probeReport({ events: [reportedEvent('a'), reportedEvent('b')] });
    tracked.acknowledge(tracked.pick(first));
    const ended = reportedEvent('b', { untilMs: 1_795_000_001_000 });
    const second = probeReport({ events: [ended, reportedEvent('a'), reportedEvent('c')] });

    equal(ids(tracked.pick(second)), ['b', 'c']);
    tracked.acknowledge(tracked.pick(second));
    equal(ids(tracked.pick(second)), []);
  });

  s.test('what left the file is forgotten: memory does not grow', () => {
    const tracked = trackAcknowledged();
    for (let at = 0; at < 1_000; at++) {
      const report = probeReport({
        rounds: [reportedRound(at)],
        events: [reportedEvent(`e${at}`)],
      });
      tracked.acknowledge(tracked.pick(report));
    }
    const old = probeReport({ rounds: [reportedRound(1)], events: [reportedEvent('e1')] });

    equal([untils(tracked.pick(old)), ids(tracked.pick(old))], [[1], ['e1']]);
  });

  s.test('a report that is too long loses its oldest rounds first, and counts them', () => {
    const host = 'h'.repeat(253);
    const series = Array.from({ length: 256 }, (_, i) => ({
      ...{ target: `${host}${i}`.slice(-253), host, family: 'v4' as const, ip: null },
      ...{ state: 'down' as const, reason: null },
    }));
    const rounds = Array.from({ length: 512 }, (_, i) => reportedRound(i, { target: host }));
    const report = probeReport({ series, rounds, events: [reportedEvent('a')] });
    const fit = fitting(report, (part) => JSON.stringify(part));

    ok(Buffer.byteLength(JSON.stringify(report)) > REPORT_BYTES_MAX);
    ok(Buffer.byteLength(JSON.stringify(fit)) <= REPORT_BYTES_MAX);
    equal(untils(fit), untils(report).slice(-fit.rounds.length));
    is(fit.leftOut, 512 - fit.rounds.length);
    equal([fit.series.length, ids(fit)], [256, ['a']]);
    ok(fit.rounds.length >= 64);

    const short = probeReport();
    is(
      fitting(short, (part) => JSON.stringify(part)),
      short,
    );
  });
});
