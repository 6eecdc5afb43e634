// Who gets in, with what, and what a page of somebody else cannot do through a browser.
import { equal, is, ok } from 'uvu/assert';
import * as v from 'valibot';
import type { AddRoutes } from '../../src/control/request/context.ts';
import { makeCredential } from '../../src/control/request/credential.ts';
import { csrfTokenFor, csrfTokenOf } from '../../src/control/request/csrf.ts';
import { suite } from '../helper.ts';
import { type Ask, type Lab, openLab } from './lab.ts';

const addRoutes: AddRoutes = (server, context) => {
  for (const access of ['public', 'viewer', 'probe'] as const) {
    server.route({
      method: ['GET', 'POST'],
      url: `/api/v1/try-${access}`,
      config: { access },
      handler: async (request) => ({
        who: request.actor?.text ?? request.probe?.name ?? null,
        body: request.body,
      }),
    });
  }
  const page = { url: '/try-page', config: { access: 'viewer', isPage: true } } as const;
  server.route({
    ...page,
    method: 'GET',
    handler: async (request) => ({ csrf: csrfTokenOf(context, request) }),
  });
  server.route({
    ...page,
    method: 'POST',
    schema: { body: v.strictObject({ a: v.optional(v.string()) }) },
    handler: async (request) => ({ body: request.body }),
  });
};

suite('control/access', (s) => {
  let lab: Lab;
  s.before(async () => {
    lab = await openLab({ routes: addRoutes });
  });
  s.after(() => lab.close());

  const statusOf = async (request: Ask) => (await lab.ask(request)).status;

  s.test('a change by cookie needs the token of that very session', async () => {
    const mine = await lab.session('viewer', 'anna');
    const other = await lab.session('viewer', 'anna');
    const post = (headers: Record<string, string>) =>
      statusOf({ method: 'POST', url: '/api/v1/try-viewer', headers });
    ok('csrf' in mine && 'csrf' in other);

    is(await post({ cookie: mine.cookie }), 403);
    is(await post({ cookie: mine.cookie, 'x-csrf-token': other.csrf }), 403);
    is(await post({ cookie: mine.cookie, 'x-csrf-token': `${mine.csrf}A` }), 403);
    is(await post({ cookie: mine.cookie, 'x-csrf-token': mine.csrf }), 200);
    const strange = csrfTokenFor({ ...lab.context, keys: { ...lab.context.keys, csrf: KEY } }, '');
    is(await post({ cookie: mine.cookie, 'x-csrf-token': strange }), 403);
  });

  s.test('a form carries it in a field that the schema never sees', async () => {
    const mine = await lab.session('viewer', 'anna');
    ok('csrf' in mine);
    const { json } = await lab.ask({ url: '/try-page', as: mine });
    is((json as { csrf: string }).csrf, mine.csrf);
    const form = { 'content-type': 'application/x-www-form-urlencoded', cookie: mine.cookie };
    const post = (body: string) =>
      lab.ask({ method: 'POST', url: '/try-page', headers: form, body });

    const fine = await post(`_csrf=${mine.csrf}&a=1`);
    equal([fine.status, (fine.json as { body: unknown }).body], [200, { a: '1' }]);
    equal([(await post('a=1')).status, (await post(`_csrf=${mine.csrf}&b=1`)).status], [403, 400]);
    equal((await post(`_csrf=${mine.csrf}&_csrf=${mine.csrf}`)).status, 403);
  });

  s.test('a token in a header needs none: no browser sends it by itself', async () => {
    const as = await lab.token('viewer', 'anna');
    is(await statusOf({ method: 'POST', url: '/api/v1/try-viewer', as }), 200);
  });

  s.test('another site’s request is refused whatever it carries', async () => {
    const as = await lab.session('viewer', 'anna');
    const post = (headers: Record<string, string>) =>
      statusOf({ method: 'POST', url: '/api/v1/try-viewer', as, headers });
    for (const site of ['cross-site', 'same-site', 'odd']) {
      is(await post({ 'sec-fetch-site': site }), 403, site);
    }
    is(await post({ origin: 'https://evil.example' }), 403);
    is(await post({ origin: 'null' }), 403);
    is(await post({ origin: 'http://127.0.0.1:8740' }), 200);
    is(await post({ 'sec-fetch-site': 'same-origin', origin: 'null' }), 200);
    is(await statusOf({ url: '/api/v1/try-viewer', as, headers: { 'sec-fetch-site': 'x' } }), 200);
  });

  s.test('names that point here from outside are told that they are wrong', async () => {
    for (const host of ['evil.example', 'evil.example:8740', '127.0.0.1.evil.example', 'a b']) {
      is(await statusOf({ url: '/api/v1/try-public', headers: { host } }), 421, host);
    }
    for (const host of ['localhost:8740', '[::1]:1', '127.0.0.1']) {
      is(await statusOf({ url: '/api/v1/try-public', headers: { host } }), 200, host);
    }
    is(await statusOf({ url: '/healthz', headers: { host: 'evil.example' } }), 200);
  });

  s.test('a public page greets whom it knows; a public change knows nobody', async () => {
    const as = await lab.session('viewer', 'anna');
    const who = async (request: Ask) => ((await lab.ask(request)).json as { who: string }).who;
    is(await who({ url: '/api/v1/try-public', as }), 'user:anna');
    is(await who({ method: 'POST', url: '/api/v1/try-public', as }), null);
    is(await who({ url: '/api/v1/try-public', headers: { cookie: 'flint=x' } }), null);
  });

  s.test('people who are not logged in are sent to where they can; programs are told', async () => {
    const page = await lab.ask({ url: '/try-page?a=1&b=//evil.example' });
    const next = encodeURIComponent('/try-page?a=1&b=//evil.example');
    equal([page.status, page.headers['location']], [303, `/login?next=${next}`]);
    const api = await lab.ask({ url: '/api/v1/try-viewer' });
    equal([api.status, api.headers['www-authenticate']], [401, 'Bearer realm="flint"']);
  });

  s.test('guesses exhaust their network, and a valid credential passes all the same', async () => {
    const from = '203.0.113.5';
    const as = await lab.token('viewer', 'anna');
    const probe = await lab.probe('probe-here');
    const guess = () =>
      lab.ask({ url: '/api/v1/try-viewer', as: { bearer: makeCredential('pat').text }, from });
    const codes = [];
    for (let n = 0; n < 61; n++) codes.push((await guess()).status);
    equal([codes[59], codes[60]], [401, 429]);
    is((await guess()).headers['retry-after'], '2');

    is(await statusOf({ url: '/api/v1/try-viewer', as, from }), 200);
    const key = { bearer: probe.bearer };
    is(await statusOf({ url: '/api/v1/try-probe', as: key, from: '203.0.113.77' }), 200);
    is(await statusOf({ url: '/api/v1/try-viewer', from }), 401);
    const forwarded = { 'x-forwarded-for': '198.51.100.1' };
    const spoofed = { url: '/api/v1/try-viewer', as: { bearer: 'flint_pat_x' }, from };
    is(await statusOf({ ...spoofed, headers: forwarded }), 429);
  });

  s.test('odd credentials are wrong credentials', async () => {
    for (const authorization of ['Bearer', 'Bearer ', 'Basic YTpi', `Bearer ${'x'.repeat(5000)}`]) {
      const headers = { authorization };
      const from = '192.0.2.99';
      is(await statusOf({ url: '/api/v1/try-viewer', headers, from }), 401, authorization);
    }
  });
});

const KEY = Buffer.alloc(32);
