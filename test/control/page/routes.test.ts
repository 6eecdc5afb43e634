import { equal, is, match, not, ok } from 'uvu/assert';
import { styleSheet } from '../../../src/control/page/style.ts';
import { suite } from '../../helper.ts';
import { add, askToBe, askUnknown, say } from '../fleet-lab.ts';
import { type Answer, type Credentials, type Lab, openLab } from '../lab.ts';
import { reportOf } from '../report-lab.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

suite('control/page/routes', (s) => {
  let lab: Lab;
  let admin: Credentials & { csrf?: string };
  let viewer: Credentials;
  s.before(async () => {
    lab = await openLab({ config: { title: 'House' } });
    admin = await lab.session('admin', 'root');
    viewer = await lab.session('viewer', 'vera');
    await add(lab.context, { mac: '02:00:5e:10:00:01', name: 'probe01', note: 'kept' });
  });
  s.after(() => lab.close());

  const get = (url: string, as?: Credentials): Promise<Answer> =>
    lab.ask({ url, ...(as === undefined ? {} : { as }), headers: { accept: 'text/html' } });
  const post = (url: string, fields: Record<string, string>, as: Credentials = admin) => {
    const csrf = 'csrf' in as ? as.csrf : '';
    const body = new URLSearchParams({ _csrf: csrf, ...fields }).toString();
    const { cookie } = as as { cookie: string };
    // By the field alone, as a browser without scripts does it.
    return lab.ask({ method: 'POST', url, body, headers: { ...FORM, cookie } });
  };

  s.test('a stranger is sent to log in from every page, and sees no status page', async () => {
    for (const url of ['/', '/probes', '/probes/probe01', '/sets', '/claims', '/audit', '/users']) {
      const { status, headers } = await get(url);
      is(status, 303, url);
      match(String(headers['location']), /^\/login\?next=/);
    }
    for (const url of ['/status', '/status.txt', '/status.json']) is((await get(url)).status, 404);
    is((await get('/login')).status, 200);
  });

  s.test('the style sheet may be kept for ever, a page never', async () => {
    const sheet = await get(styleSheet.path);
    match(String(sheet.headers['cache-control']), /immutable/);
    match(String(sheet.headers['content-type']), /^text\/css/);
    const page = await get('/', viewer);
    is(page.headers['cache-control'], 'no-store');
    is(page.headers['refresh'], '30');
    is((await get('/?refresh=off', viewer)).headers['refresh'], undefined);
    not.match(String(page.headers['content-security-policy']), /unsafe|script-src/);
  });

  s.test('refusals are pages in the same frame', async () => {
    const gone = await get('/probes/nobody', viewer);
    is(gone.status, 404);
    match(gone.text, /There is nothing here[\s\S]*aria-label="Pages"/);
    const forbidden = await get('/probes/new', viewer);
    is(forbidden.status, 403);
    match(forbidden.text, /Not allowed/);
    is((await get('/nothing/here', viewer)).status, 404);
  });

  s.test('a form without its token, or with that of another, changes nothing', async () => {
    const fields = { mac: '02:00:5e:10:00:99' };
    is((await post('/probes/new', { ...fields, _csrf: '' })).status, 403);
    is((await post('/probes/new', { ...fields, _csrf: 'x'.repeat(43) })).status, 403);
    is((await post('/probes/new', fields, viewer)).status, 403);
    is((await get('/probes/probe02', viewer)).status, 404);
  });

  s.test(
    'an edit changes what was edited, and keeps what was typed when it is refused',
    async () => {
      const refused = await post('/probes/probe01/edit', {
        ...{ name: 'BAD NAME', hardware: 'generic', location: 'Celle', note: 'typed' },
      });
      is(refused.status, 400);
      match(refused.text, /value="BAD NAME"[^>]*aria-invalid="true"|aria-invalid="true"[^>]*/);
      match(refused.text, /value="typed"/);
      const done = await post('/probes/probe01/edit', {
        ...{ name: 'probe01', hardware: 'generic', location: 'Celle', note: 'kept' },
      });
      is(done.status, 303);
      is(done.headers['location'], '/probes/probe01?done=probe-changed');
      match((await get('/probes/probe01', viewer)).text, /Celle/);
    },
  );

  s.test('boards are approved by fingerprint, registered and forgotten', async () => {
    const fingerprint = await askToBe(lab.context, 'probe01', 1);
    match((await get('/', admin)).text, new RegExp(fingerprint));
    is((await post('/probes/probe01/approve', { fingerprint })).status, 303);
    match((await get('/probes/probe01', viewer)).text, new RegExp(fingerprint));
    const id = await askUnknown(lab.context, '02:00:5e:10:00:50', 50);
    match((await get(`/boards/${id}/register`, admin)).text, /02:00:5e:10:00:50/);
    const made = await post(`/boards/${id}/register`, { name: 'found', hardware: 'generic' });
    is(made.headers['location'], '/probes/found?done=approved');
    const other = await askUnknown(lab.context, '02:00:5e:10:00:51', 51);
    is((await post(`/boards/${other}/forget`, {})).status, 303);
    is((await get(`/boards/${other}/register`, admin)).status, 404);
  });

  s.test('a probe is removed only by who types its name', async () => {
    is((await post('/probes/found/remove', { typed: 'fund' })).status, 400);
    is((await get('/probes/found', viewer)).status, 200);
    is((await post('/probes/found/remove', { typed: 'found' })).status, 303);
    is((await get('/probes/found', viewer)).status, 404);
  });

  s.test('lists take any query without a fault', async () => {
    for (const query of [
      'sort=evil&order=up&limit=x&offset=-1&health=none',
      'search=%00%ff&group=A',
      `search=${'a'.repeat(300)}`,
      'search=a&search=b&offset=99999',
      'span=9y&offset=zz&done=__proto__&once=x',
    ]) {
      for (const url of ['/probes', '/probes/probe01', '/', '/audit', '/claims', '/maintenance']) {
        is((await get(`${url}?${query}`, viewer)).status, 200, `${url}?${query}`);
      }
    }
  });

  s.test('a maintenance window comes and goes', async () => {
    const bad = await post('/maintenance', { scope: 'all', from: 'soon', until: '' });
    is(bad.status, 400);
    match(bad.text, /Expected a time/);
    const fields = { scope: 'probe', value: 'probe01', reason: 'new roof' };
    const times = { from: '2026-11-22T11:00', until: '2026-11-22T14:00' };
    is((await post('/maintenance', { ...fields, ...times })).status, 303);
    match((await get('/maintenance', viewer)).text, /new roof/);
  });

  s.test(
    'accounts: made, changed, given a link that is shown once, and never the last admin',
    async () => {
      is((await post('/users', { name: 'Otto', role: 'operator' })).status, 303);
      is((await post('/users', { name: 'otto', role: 'operator' })).status, 409);
      is((await post('/users/otto/role', { role: 'viewer' })).status, 303);
      const link = await post('/users/otto/link', {});
      const shown = await get(String(link.headers['location']), admin);
      match(shown.text, /\/login\/link\/flint_login_[\w-]{43}/);
      not.match((await get(String(link.headers['location']), admin)).text, /flint_login_/);
      const last = await post('/users/root/disable', {});
      is(last.status, 409);
      is((await post('/users/otto/remove', {})).status, 303);
      is((await get('/users', viewer)).status, 403);
    },
  );

  s.test('a login link is used by its button, once', async () => {
    await post('/users', { name: 'lena', role: 'viewer' });
    const made = await post('/users/lena/link', {});
    const page = await get(String(made.headers['location']), admin);
    const path = /\/login\/link\/[\w-]+/.exec(page.text)?.[0] ?? '';
    is((await get(path)).status, 200);
    const first = await lab.ask({ method: 'POST', url: path, body: '', headers: FORM });
    is(first.status, 303);
    is(first.headers['location'], '/account', 'to set a password');
    ok(String(first.headers['set-cookie']).includes('HttpOnly'));
    const again = await lab.ask({ method: 'POST', url: path, body: '', headers: FORM });
    is(again.status, 401);
  });

  s.test('the status page shows what was named, and nothing else', async () => {
    await add(lab.context, {
      mac: '02:00:5e:10:00:71',
      name: 'secret-name',
      location: 'Hidden Street',
    });
    await say(lab.context, 'secret-name', reportOf());
    const { series = [] } = reportOf().probe ?? {};
    const target = series[0]?.target ?? '';
    const bad = await post('/settings/status', { isPublic: 'on', probes: 'no equals sign' });
    is(bad.status, 400);
    const saved = await post('/settings/status', {
      ...{ isPublic: 'on', title: 'Example', probes: 'secret-name = Hannover' },
      targets: `${target} = Internet`,
    });
    is(saved.status, 303);
    for (const url of ['/status', '/status.txt', '/status.json']) {
      const { status, text } = await get(url);
      is(status, 200, url);
      match(text, /Hannover/);
      not.match(text, /secret-name|Hidden|02:00:5e|192\.0\.2\./);
    }
    const json = (await get('/status.json')).json as { places: { name: string }[] };
    equal(
      json.places.map(({ name }) => name),
      ['Hannover'],
    );
    await post('/settings/status', { title: 'off' });
    is((await get('/status')).status, 404);
  });
});
