import { deepEqual, equal, notEqual } from 'node:assert/strict';
import { startHistory } from '../../../src/control/store/history.ts';
import { suite } from '../../helper.ts';
import { enrolledOf, makeBoard, register, tryEnroll } from '../enroll-lab.ts';
import { type Lab, NOW_MS, openLab } from '../lab.ts';
import { eventAt, reportOf, roundAt } from '../report-lab.ts';

const MAC = '02:00:5e:10:00:01';

async function withLab(
  run: (lab: Lab) => Promise<void>,
  config: Record<string, unknown> = {},
): Promise<void> {
  const lab = await openLab({ config });
  const history = startHistory(lab.context, lab.stateDirectory);
  try {
    await run(lab);
  } finally {
    history.close();
    await lab.close();
  }
}

suite('control/enroll/routes-probe', (s) => {
  s.test('a configuration is had once and then only when it changed', () =>
    withLab(async (lab) => {
      const probe = await lab.probe('probe07');
      const url = '/api/v1/config';
      const first = await lab.ask({ url, as: probe });
      const etag = String(first.headers['etag']);

      equal(first.status, 200);
      equal(first.headers['content-type'], 'application/json; charset=utf-8');
      equal(first.headers['cache-control'], 'private, no-cache');
      equal((first.json as { hostname: string }).hostname, 'probe07');
      for (const tags of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const again = await lab.ask({ url, as: probe, headers: { 'if-none-match': tags } });
        deepEqual([again.status, again.text, again.headers['etag']], [304, '', etag], tags);
        equal(again.headers['cache-control'], 'private, no-cache');
      }
      const other = await lab.ask({ url, as: probe, headers: { 'if-none-match': '"x"' } });
      equal(other.status, 200);
    }),
  );

  s.test('a key opens the configuration of its own probe and no other one', () =>
    withLab(async (lab) => {
      const [one, two] = [await lab.probe('probe07'), await lab.probe('probe08')];
      const names: unknown[] = [];
      for (const url of ['/api/v1/config', '/api/v1/config?probe=probe08', '/api/v1/config?id=2']) {
        const answer = await lab.ask({ url, as: one, headers: { 'x-probe': 'probe08' } });
        names.push((answer.json as { hostname: string }).hostname);
      }
      deepEqual(names, ['probe07', 'probe07', 'probe07']);
      equal((await lab.ask({ url: '/api/v1/config/probe08', as: one })).status, 404);
      const tag = (await lab.ask({ url: '/api/v1/config', as: two })).headers['etag'];
      notEqual(tag, (await lab.ask({ url: '/api/v1/config', as: one })).headers['etag']);
    }),
  );

  s.test('without the key of a probe there is nothing, whoever asks', () =>
    withLab(async (lab) => {
      const admin = await lab.token('admin');
      const wrong = { bearer: `flint_probe_${'A'.repeat(43)}` };
      for (const as of [undefined, admin, wrong]) {
        const who = as === undefined ? {} : { as };
        equal((await lab.ask({ url: '/api/v1/config', ...who })).status, 401);
        const report = { method: 'POST', url: '/api/v1/report', body: reportOf(), ...who };
        equal((await lab.ask(report)).status, 401);
      }
      const probe = await lab.probe('probe07');
      for (const url of ['/api/v1/events', '/api/v1/probes/probe07/rounds']) {
        equal((await lab.ask({ url, as: probe })).status, 401, url);
      }
    }),
  );

  s.test('beyond this machine boards enrol over https alone', () =>
    withLab(
      async (lab) => {
        const headers = { host: '10.0.0.1:8740' };
        const ask = (url: string, body: unknown) =>
          lab.ask({ method: 'POST', url, body, headers, from: '10.0.0.2' });

        const asked = await ask('/api/v1/enroll/challenge', {});

        equal(asked.status, 403);
        equal(asked.text.includes('https'), true);
      },
      { listen: { address: '10.0.0.1' }, insecure: true },
    ),
  );

  s.test('a network that guesses is told to wait, and a good board in it is not', () =>
    withLab(async (lab) => {
      const board = makeBoard(MAC);
      await register(lab, 'probe01', MAC, { board });
      const thieves = Array.from({ length: 80 }, () => tryEnroll(lab, makeBoard(MAC)));
      const statuses = (await Promise.all(thieves)).map(({ status }) => status);

      deepEqual([...new Set(statuses)].sort(), [403, 429]);
      equal(enrolledOf(await tryEnroll(lab, board)).probe.name, 'probe01');
    }),
  );

  s.test('events and rounds are for viewers, by name, kind and time', () =>
    withLab(async (lab) => {
      const [one, two] = [await lab.probe('probe07'), await lab.probe('probe08')];
      const as = await lab.token('viewer');
      const events = [
        eventAt('a', { fromMs: NOW_MS - 9000, untilMs: null }),
        eventAt('b', { kind: 'start', fromMs: NOW_MS - 5000 }),
      ];
      const rounds = [roundAt(NOW_MS - 60_000), roundAt(NOW_MS - 30_000, { family: 'v6' })];
      const post = { method: 'POST', url: '/api/v1/report' };
      await lab.ask({ ...post, body: reportOf({ events, rounds }), as: one });
      await lab.ask({ ...post, body: reportOf({ events: [eventAt('c')] }), as: two });

      const idsOf = async (query: string) => {
        const { status, json } = await lab.ask({ url: `/api/v1/events${query}`, as });
        return status === 200
          ? (json as { events: { id: string; probe: string }[] }).events.map(({ id }) => id)
          : status;
      };
      deepEqual(await idsOf(''), ['b', 'a', 'c']);
      deepEqual(await idsOf('?probe=probe07&kind=outage'), ['a']);
      deepEqual(await idsOf(`?since=${NOW_MS - 9000}&until=${NOW_MS - 6000}`), ['a']);
      deepEqual(await idsOf('?limit=1'), ['b']);
      deepEqual(await idsOf('?probe=nobody'), 404);
      deepEqual(await idsOf('?limit=1001'), 400);
      const url = '/api/v1/probes/probe07/rounds';
      const all = await lab.ask({ url, as });
      deepEqual(all.json, { rounds, total: 2 });
      const v6 = await lab.ask({ url: `${url}?target=web&family=v6`, as });
      deepEqual((v6.json as { rounds: unknown }).rounds, [rounds[1]]);
      equal((await lab.ask({ url: `${url}?since=x`, as })).status, 400);
      equal((await lab.ask({ url: '/api/v1/probes/nobody/rounds', as })).status, 404);
    }),
  );
});
