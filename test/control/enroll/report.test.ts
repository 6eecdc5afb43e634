import { deepEqual, equal, ok } from 'node:assert/strict';
import { acceptReport } from '../../../src/control/enroll/report.ts';
import { forgetProbeKeys } from '../../../src/control/fleet/probe-keys.ts';
import { historyOf, startHistory } from '../../../src/control/store/history.ts';
import { REPORT_BYTES_MAX, type Report } from '../../../src/core/report.ts';
import { suite } from '../../helper.ts';
import { type Answer, type Lab, NOW_MS, openLab } from '../lab.ts';
import { eventAt, reportOf, roundAt } from '../report-lab.ts';

const ALL = { sinceMs: 0, untilMs: 8_640_000_000_000_000 };
const MINUTE_MS = 60_000;

type Probe = Awaited<ReturnType<Lab['probe']>>;

async function withProbe(run: (lab: Lab, probe: Probe) => Promise<void>): Promise<void> {
  const lab = await openLab();
  const history = startHistory(lab.context, lab.stateDirectory);
  try {
    await run(lab, await lab.probe('probe07'));
  } finally {
    history.close();
    await lab.close();
  }
}

function post(lab: Lab, probe: Probe, body: unknown, from = '127.0.0.1'): Promise<Answer> {
  return lab.ask({ method: 'POST', url: '/api/v1/report', body, as: probe, from });
}

function all(lab: Lab, sql: string): Record<string, unknown>[] {
  return lab.context.store.raw.prepare(sql).all() as Record<string, unknown>[];
}

/** All that is known of a probe, but for when it was seen. */
function knownOf(lab: Lab, { id }: Probe): unknown {
  return {
    probe: all(lab, `select * from probes where id = ${id}`),
    state: all(lab, `select * from probe_states where probeId = ${id}`),
    events: all(lab, `select * from probe_events where probeId = ${id}`),
    keys: all(lab, `select * from probe_keys where probeId = ${id}`),
    rounds: historyOf(lab.context)?.roundsOf(id, ALL),
  };
}

suite('control/enroll/report', (s) => {
  s.test('a report is kept: state, events and rounds, by the clock of the control', () =>
    withProbe(async (lab, probe) => {
      lab.clock.nowMs += 5;
      const report = reportOf({ writtenMs: 1, events: [eventAt('a')] });
      const answer = await post(lab, probe, { ...report, sentMs: 1 });

      equal(answer.status, 200, answer.text);
      const { nowMs, configEtag } = answer.json as { nowMs: number; configEtag: string };
      equal(nowMs, NOW_MS + 5);
      const config = await lab.ask({ url: '/api/v1/config', as: probe });
      equal(configEtag, config.headers['etag']);
      const [state] = all(lab, 'select * from probe_states');
      deepEqual([state?.['seenMs'], state?.['seenFrom']], [NOW_MS + 5, '127.0.0.1']);
      const kept = JSON.parse(String(state?.['report'])) as Report;
      deepEqual(kept.probe?.rounds, []);
      equal(kept.probe?.series.length, 2);
      equal(all(lab, 'select * from probe_events').length, 1);
      equal(historyOf(lab.context)?.roundsOf(probe.id, ALL).length, 2);
    }),
  );

  s.test('the next report takes the place of the last one, and its events change', () =>
    withProbe(async (lab, probe) => {
      const open = eventAt('a', { untilMs: null });
      await post(lab, probe, reportOf({ events: [open] }));
      equal(all(lab, 'select * from probe_states')[0]?.['badness'], 100);

      await post(lab, probe, reportOf({ events: [eventAt('a')] }));

      equal(all(lab, 'select * from probe_states')[0]?.['badness'], 0);
      deepEqual(all(lab, 'select untilMs from probe_events'), [{ untilMs: NOW_MS - 30_000 }]);
      await post(lab, probe, reportOf({ events: [] }));
      equal(all(lab, 'select * from probe_events').length, 1, 'what was told stays');
    }),
  );

  s.test('what keeps the newest configuration from a board is shown until it is there', () =>
    withProbe(async (lab, probe) => {
      const shown = async () => {
        const { json } = await lab.ask({
          url: '/api/v1/probes/probe07',
          as: await lab.session('viewer'),
        });
        const { health, reason, agent } = json as Record<string, unknown>;
        return { health, reason, agent };
      };
      const said = (agent: Partial<Report['agent']>): Report & { heard: unknown } => {
        const report = reportOf();
        // What a report says of this is not believed.
        return { ...report, agent: { ...report.agent, ...agent }, heard: { trouble: 'none' } };
      };
      const full = 'the new configuration cannot be kept: <b>ENOSPC</b>';
      const first = await post(lab, probe, said({ configEtag: '"old"', lastError: full }));
      const { configEtag } = first.json as { configEtag: string };
      const told = await shown();
      lab.clock.nowMs += MINUTE_MS;
      await post(lab, probe, said({ configEtag: '"old"' }));
      const late = await shown();
      const page = await lab.ask({ url: '/probes/probe07', as: await lab.session('viewer') });
      await post(lab, probe, said({ configEtag: `W/${configEtag}` }));

      deepEqual(told.agent, { message: full, sinceMs: NOW_MS, isBehind: false });
      deepEqual(late.agent, { message: full, sinceMs: NOW_MS, isBehind: true });
      deepEqual([told.health, late.health], ['well', 'trouble']);
      ok(String(told.reason).includes(full));
      ok(String(late.reason).startsWith('the board measures by an older configuration'));
      ok(page.text.includes('older configuration'), page.text);
      ok(!page.text.includes('<b>ENOSPC'));
      const over = await shown();
      deepEqual([over.health, over.agent], ['well', null]);
    }),
  );

  s.test('events of a report that did not reach the disk are kept with the next', () =>
    withProbe(async (lab, probe) => {
      const { store } = lab.context;
      const { write } = store;
      store.write = (work) =>
        write(async (db) => {
          await work(db);
          throw new Error('the disk is full');
        });
      equal((await post(lab, probe, reportOf({ events: [eventAt('a')] }))).status, 500);
      store.write = write;
      equal(all(lab, 'select * from probe_events').length, 0);

      await post(lab, probe, reportOf({ events: [eventAt('a')] }));

      equal(all(lab, 'select * from probe_events').length, 1);
    }),
  );

  s.test('a daemon that is silent is reported too', () =>
    withProbe(async (lab, probe) => {
      equal((await post(lab, probe, reportOf(null))).status, 200);

      const [state] = all(lab, 'select * from probe_states');
      equal(JSON.parse(String(state?.['report'])).probe, null);
      equal(state?.['badness'], 900);
    }),
  );

  s.test('a clock of 1970 or of the far future moves events to when they were heard of', () =>
    withProbe(async (lab, probe) => {
      const events = [
        eventAt('past', { fromMs: 5, untilMs: 65 }),
        eventAt('future', { fromMs: 8e15, untilMs: null }),
      ];
      await post(lab, probe, reportOf({ events }));
      lab.clock.nowMs += MINUTE_MS;
      await post(lab, probe, reportOf({ events, leftOut: 1 }));

      const rows = all(lab, 'select eventId, fromMs, untilMs from probe_events order by eventId');
      deepEqual(rows, [
        { eventId: 'future', fromMs: NOW_MS, untilMs: null },
        { eventId: 'past', fromMs: NOW_MS - 60, untilMs: NOW_MS },
      ]);
      lab.clock.nowMs += MINUTE_MS;
      const over = eventAt('future', { fromMs: 8e15, untilMs: 8e15 + 1 });
      await post(lab, probe, reportOf({ events: [over] }));
      const [row] = all(lab, "select fromMs, untilMs from probe_events where eventId = 'future'");
      deepEqual(row, { fromMs: NOW_MS, untilMs: NOW_MS + 2 * MINUTE_MS });
    }),
  );

  s.test('a probe that floods with events keeps the newest 500, sixty a report', () =>
    withProbe(async (lab, probe) => {
      const other = await lab.probe('probe08');
      await post(lab, other, reportOf({ events: [eventAt('mine')] }));
      const before = knownOf(lab, other);
      for (let round = 0; round < 12; round++) {
        const events = Array.from({ length: 200 }, (_, i) => eventAt(`r${round}-${i}`));
        equal((await post(lab, probe, reportOf({ events }))).status, 200);
        const [{ count } = {}] = all(
          lab,
          `select count(*) as count from probe_events where probeId = ${probe.id}`,
        );
        equal(count, Math.min(500, (round + 1) * 60));
        lab.clock.nowMs += MINUTE_MS;
      }
      deepEqual(knownOf(lab, other), before);
    }),
  );

  s.test('a report changes nothing of another probe, whatever it says', () =>
    withProbe(async (lab, victim) => {
      const thief = await lab.probe('probe08');
      await post(lab, victim, reportOf({ events: [eventAt('outage:web:v4:1')] }));
      lab.context.store.raw
        .prepare(
          `insert into probe_events (probeId, eventId, kind, fromMs, detail, heardMs)
           values (?, 'foreign-key:k', 'foreign-key', 1, '{}', 1)`,
        )
        .run(victim.id);
      const before = knownOf(lab, victim);
      const max = Number.MAX_SAFE_INTEGER;
      const hostile = reportOf({
        hostname: 'probe07',
        bootId: 'boot',
        events: [
          eventAt('outage:web:v4:1', { untilMs: null, detail: { __proto__x: 1, lost: 1e308 } }),
          eventAt('foreign-key:k', { kind: 'start' }),
        ],
        rounds: Array.from({ length: 512 }, (_, i) =>
          roundAt(NOW_MS + i, { sent: 0, lost: max, received: max, untilMs: 0 }),
        ),
        leftOut: max,
      });

      for (const url of ['/api/v1/report', '/api/v1/report?probe=probe07']) {
        const headers = { 'x-probe': 'probe07' };
        await lab.ask({ method: 'POST', url, body: hostile, as: thief, headers });
      }

      deepEqual(knownOf(lab, victim), before);
      equal(all(lab, `select * from probe_states where probeId = ${thief.id}`).length, 1);
    }),
  );

  s.test('what the control saw itself is not for the probe to rewrite or to wash away', () =>
    withProbe(async (lab, probe) => {
      lab.context.store.raw
        .prepare(
          `insert into probe_events (probeId, eventId, kind, fromMs, detail, heardMs)
           values (?, 'foreign-key:k', 'foreign-key', 1, '{"attempts":3}', 1)`,
        )
        .run(probe.id);
      for (let round = 0; round < 10; round++) {
        const flood = Array.from({ length: 60 }, (_, i) => eventAt(`r${round}-${i}`));
        const events = [eventAt('foreign-key:k', { kind: 'start' }), ...flood];
        await post(lab, probe, reportOf({ events }));
        lab.clock.nowMs += MINUTE_MS;
      }

      const [row] = all(lab, "select * from probe_events where eventId = 'foreign-key:k'");
      deepEqual([row?.['kind'], row?.['detail']], ['foreign-key', '{"attempts":3}']);
    }),
  );

  s.test('a list that is too long is refused, and the answer says which', () =>
    withProbe(async (lab, probe) => {
      const rounds = Array.from({ length: 513 }, (_, i) => roundAt(i));
      const events = Array.from({ length: 201 }, (_, i) => eventAt(`e${i}`));
      const detail = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, 1]));
      const wrong: [Report, string][] = [
        [reportOf({ rounds }), 'probe.rounds: expected at most 512 rounds'],
        [reportOf({ events }), 'probe.events: expected at most 200 events'],
        [reportOf({ events: [eventAt('a', { detail })] }), 'probe.events.0.detail: expected at'],
        [reportOf({ rounds: [roundAt(-1)] }), 'probe.rounds.0.fromMs'],
      ];
      for (const [report, text] of wrong) {
        const answer = await post(lab, probe, report);
        equal(answer.status, 400);
        ok(answer.text.includes(text), answer.text);
      }
      equal(all(lab, 'select * from probe_states').length, 0);
    }),
  );

  s.test('bodies that are too large, too deep or no JSON are refused and harm nobody', () =>
    withProbe(async (lab, probe) => {
      const headers = { 'content-type': 'application/json' };
      const ask = (body: string) =>
        lab.ask({ method: 'POST', url: '/api/v1/report', as: probe, headers, body });
      const padding = ' '.repeat(REPORT_BYTES_MAX);
      const deep = '['.repeat(120_000) + ']'.repeat(120_000);
      const text = JSON.stringify(reportOf());

      equal((await ask(text + padding)).status, 413);
      equal((await ask(deep)).status, 400);
      equal((await ask(`${text.slice(0, -1)},"more":${deep}}`)).status, 200, 'unknown: skipped');
      equal((await ask('{"schema":1,')).status, 400);
      equal((await ask('null')).status, 400);
      equal((await ask(text.replace('"probe"', '"__proto__"'))).status, 400);
      equal(
        (await ask(text.replace('"schema"', '"constructor":{"prototype":1},"schema"'))).status,
        400,
      );
      equal(({} as Record<string, unknown>)['schema'], undefined);
      equal((await post(lab, probe, reportOf())).status, 200);
    }),
  );

  s.test('a probe that asks too often is slowed down, and no other one', () =>
    withProbe(async (lab, probe) => {
      const other = await lab.probe('probe08');
      const statuses: number[] = [];
      for (let i = 0; i < 40; i++) statuses.push((await post(lab, probe, reportOf())).status);

      deepEqual([statuses[0], statuses.at(-1)], [200, 429]);
      equal((await post(lab, other, reportOf())).status, 200);
      lab.clock.nowMs += MINUTE_MS;
      equal((await post(lab, probe, reportOf())).status, 200);
    }),
  );

  s.test('a probe that is disabled while its report is under way gets no further', () =>
    withProbe(async (lab, probe) => {
      const reporter = { id: probe.id, keySha256: probe.sha256, from: '127.0.0.1' };
      const { raw } = lab.context.store;
      const disable = () => {
        raw.prepare('update probes set disabledMs = 1 where id = ?').run(probe.id);
        forgetProbeKeys(lab.context, probe.id);
      };

      const underWay = acceptReport(lab.context, reporter, reportOf());
      disable();
      const outcome = await underWay.catch((error: { code: string }) => error.code);

      equal(outcome, 'ERR_UNAUTHORIZED');
      equal((await post(lab, probe, reportOf())).status, 401);
      equal(all(lab, 'select * from probe_states').length, 0);
      deepEqual(historyOf(lab.context)?.roundsOf(probe.id, ALL), []);
    }),
  );

  s.test('a clock of the control that steps back an hour refuses nobody', () =>
    withProbe(async (lab, probe) => {
      equal((await post(lab, probe, reportOf())).status, 200);
      lab.clock.nowMs -= 3_600_000;

      const answer = await post(lab, probe, reportOf({ events: [eventAt('a')] }));

      equal(answer.status, 200);
      equal(all(lab, 'select * from probe_states')[0]?.['seenMs'], NOW_MS - 3_600_000);
    }),
  );

  s.test('without a history reports are taken all the same', async () => {
    const lab = await openLab();
    try {
      equal((await post(lab, await lab.probe('probe07'), reportOf())).status, 200);
    } finally {
      await lab.close();
    }
  });
});
