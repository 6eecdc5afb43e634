import { equal, is, match, ok } from 'uvu/assert';
import * as v from 'valibot';
import type { AddRoutes } from '../../src/control/request/context.ts';
import { suite } from '../helper.ts';
import { type Lab, openLab } from './lab.ts';

const addRoutes: AddRoutes = (server) => {
  const answer = { response: { 200: v.object({ who: v.nullable(v.string()) }) } };
  for (const access of ['public', 'viewer', 'operator', 'admin', 'probe'] as const) {
    server.route({
      method: ['GET', 'POST'],
      url: `/api/v1/try-${access}`,
      config: { access },
      schema: answer,
      handler: async (request) => ({
        who: request.actor?.text ?? request.probe?.name ?? null,
        secret: 'never sent',
      }),
    });
  }
  server.route({
    method: 'POST',
    url: '/api/v1/echo',
    config: { access: 'public' },
    schema: { body: v.strictObject({ n: v.optional(v.pipe(v.number(), v.maxValue(9)), 1) }) },
    handler: async (request) => request.body,
  });
};

suite('control/server', (s) => {
  let lab: Lab;
  s.before(async () => {
    lab = await openLab({ routes: addRoutes });
  });
  s.after(() => lab.close());

  s.test('each level lets in whom it should', async () => {
    const viewer = await lab.token('viewer');
    const admin = await lab.session('admin');
    const probe = await lab.probe('probe01');
    for (const [url, as, status] of [
      ['public', undefined, 200],
      ['viewer', undefined, 401],
      ['viewer', viewer, 200],
      ['operator', viewer, 403],
      ['admin', admin, 200],
      ['probe', admin, 401],
      ['probe', { bearer: probe.bearer }, 200],
      ['viewer', { bearer: probe.bearer }, 401],
    ] as const) {
      const answer = await lab.ask({ url: `/api/v1/try-${url}`, ...(as ? { as } : {}) });
      is(answer.status, status, `${url} ${answer.text}`);
    }
  });

  s.test('answers hold only what their schema names', async () => {
    const { text, headers } = await lab.ask({ url: '/api/v1/try-public' });
    is(text, '{"who":null}');
    is(headers['cache-control'], 'no-store');
    match(String(headers['content-security-policy']), /default-src 'none'/);
  });

  s.test('input that the schema refuses is told with its place', async () => {
    const fine = await lab.ask({ method: 'POST', url: '/api/v1/echo' });
    equal(fine.json, { n: 1 });
    const { status, json } = await lab.ask({
      method: 'POST',
      url: '/api/v1/echo',
      body: { n: 10 },
    });
    is(status, 400);
    const { error, issues } = json as { error: string; issues: { path: string }[] };
    is(error, 'invalid');
    is(issues[0]?.path, 'n');
  });

  s.test('what is not there is a JSON 404', async () => {
    const { status, json } = await lab.ask({ url: '/nowhere?x=1' });
    is(status, 404);
    equal(json, { error: 'not-found', message: 'there is nothing here' });
    ok(lab.logLines().some((line) => line.includes('path=/nowhere status=404')));
  });
});
