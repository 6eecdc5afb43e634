// One probe that belongs to somebody else: it fills what it may and lies where it can. It may spoil
// its own graphs; pages, other probes and the machine go on.
import { equal, is, ok } from 'uvu/assert';
import { startHistory } from '../../src/control/store/history.ts';
import { REPORT_ROUNDS_MAX } from '../../src/core/report.ts';
import { suite } from '../helper.ts';
import { inLab } from './fleet-lab.ts';
import { reportOf, roundAt } from './report-lab.ts';

const WHOLE = { sinceMs: 0, untilMs: 8.64e15 };

suite('control against a hostile probe', (s) => {
  s.test('a probe keeps no more rounds than the largest set makes', () =>
    inLab(async (lab) => {
      const history = startHistory(lab.context, lab.stateDirectory);
      const { id, bearer } = await lab.probe('probe01');
      let taken = 0;
      for (let report = 0; report < 30; report++) {
        const firstMs = lab.clock.nowMs - 60_000 + report * 1_000;
        const rounds = Array.from({ length: REPORT_ROUNDS_MAX }, (_, n) => roundAt(firstMs + n));
        const body = reportOf({ rounds });
        const { status } = await lab.ask({
          ...{ method: 'POST', url: '/api/v1/report', as: { bearer }, body },
        });
        is(status, 200);
        taken += REPORT_ROUNDS_MAX;
      }
      const kept = history.roundsOf(id, WHOLE).length;
      equal([taken, kept], [30 * REPORT_ROUNDS_MAX, 5 * REPORT_ROUNDS_MAX]);
      lab.clock.nowMs += 60_000;
      const rounds = Array.from({ length: REPORT_ROUNDS_MAX }, (_, n) => roundAt(n));
      const ages = [...rounds.slice(1), roundAt(5, { untilMs: 86_400_000 })];
      const body = reportOf({ rounds: ages });
      await lab.ask({ method: 'POST', url: '/api/v1/report', as: { bearer }, body });
      // All but the one that lasted a day.
      is(history.roundsOf(id, WHOLE).length - kept, REPORT_ROUNDS_MAX - 1);
      history.close();
    }),
  );

  s.test(
    'what it reported at worst is read in bounded time and memory, by every page',
    () =>
      inLab(async (lab) => {
        const history = startHistory(lab.context, lab.stateDirectory);
        const { id, bearer } = await lab.probe('probe01');
        const nowMs = lab.clock.nowMs;
        const settings = { isPublic: true, probes: [{ probe: 'probe01', name: 'X' }] };
        const value = JSON.stringify({ ...settings, targets: [{ target: 't1', name: 'W' }] });
        await lab.context.store.write((db) =>
          db.insertInto('meta').values({ key: 'status-page', value }).execute(),
        );
        // Eight hours of the most that it may send; all of it says to be of all day.
        for (let report = 0; report < 480; report++) {
          const firstMs = nowMs - 80_000_000 + report * 8_000;
          const rounds = Array.from({ length: REPORT_ROUNDS_MAX }, (_, n) =>
            roundAt(firstMs + n * 15, { target: `t${n % 100}`, untilMs: nowMs }),
          );
          history.appendRounds(id, rounds);
        }
        const named = Array.from({ length: 100 }, (_, n) => ({
          ...{ target: `t${n}`, host: 'h', family: 'v4' as const, ip: null },
          ...{ state: 'measuring' as const, reason: null },
        }));
        const body = reportOf({ series: named });
        await lab.ask({ method: 'POST', url: '/api/v1/report', as: { bearer }, body });
        const as = await lab.session('viewer');
        const rounds = '/api/v1/probes/probe01/rounds?since=0';
        for (const url of ['/', '/probes/probe01?span=24h', rounds, '/status']) {
          const startMs = performance.now();
          is((await lab.ask({ url, as })).status, 200, url);
          const elapsedMs = performance.now() - startMs;
          process.stdout.write(`${url}: ${elapsedMs.toFixed(0)} ms\n`);
          ok(elapsedMs < 4_000, `${url} ${elapsedMs} ms`);
        }
        ok(history.roundsOf(id, WHOLE).length <= 151_000);
        history.close();
      }),
    60_000,
  );
});
