import { equal, is, match, ok } from 'uvu/assert';
import { addOperator } from '../../../src/control/accounts/operators.ts';
import { suite } from '../../helper.ts';
import { type Ask, type Lab, openLab, SYSTEM } from '../lab.ts';

const PASSWORD = 'correct horse battery';

suite('control/accounts/routes-session', (s) => {
  let lab: Lab;
  s.before(async () => {
    lab = await openLab();
    await addOperator(lab.context, SYSTEM, { name: 'anna', role: 'operator', password: PASSWORD });
  });
  s.after(() => lab.close());

  const post = (url: string, more: Partial<Ask> = {}) => lab.ask({ method: 'POST', url, ...more });

  s.test('log in, look, change, log out', async () => {
    const login = await post('/api/v1/login', { body: { name: 'anna', password: PASSWORD } });
    is(login.status, 200);
    const { csrf, ...rest } = login.json as Record<string, string>;
    equal(rest, { name: 'anna', role: 'operator', kind: 'user' });
    const cookie = String(login.headers['set-cookie']).split(';')[0] ?? '';
    const headers = { cookie, 'x-csrf-token': csrf ?? '' };

    const session = await lab.ask({ url: '/api/v1/session', headers: { cookie } });
    equal(session.json, login.json);
    const listed = await lab.ask({ url: '/api/v1/sessions', headers });
    const [own] = (listed.json as { sessions: { id: string; isOwn: boolean }[] }).sessions;
    is(own?.isOwn, true);
    is((await post('/api/v1/logout', { headers: { cookie } })).status, 403);
    const out = await post('/api/v1/logout', { headers });
    match(
      String(out.headers['set-cookie']),
      /^flint=; Max-Age=0|^flint=;.*Expires=Thu, 01 Jan 1970/,
    );
    is((await lab.ask({ url: '/api/v1/session', headers })).status, 401);
  });

  s.test('a wrong password is 401 and says nothing more', async () => {
    const { status, json } = await post('/api/v1/login', { body: { name: 'x', password: 'y' } });
    equal([status, json], [401, { error: 'unauthorized', message: 'name or password is wrong' }]);
    is((await post('/api/v1/login', { body: { name: 'x' } })).status, 400);
    is(
      (await post('/api/v1/login', { body: { name: 'x', password: 'y', admin: true } })).status,
      400,
    );
  });

  s.test('one’s own sessions end one by one', async () => {
    const here = await lab.session('viewer', 'bob');
    const there = await lab.session('viewer', 'bob');
    const id = there.sha256.slice(0, 16);
    is((await lab.ask({ method: 'DELETE', url: `/api/v1/sessions/${id}`, as: here })).status, 200);
    is((await lab.ask({ method: 'DELETE', url: `/api/v1/sessions/${id}`, as: here })).status, 404);
    is((await lab.ask({ method: 'DELETE', url: '/api/v1/sessions/%25', as: here })).status, 400);
    is((await lab.ask({ url: '/api/v1/session', as: there })).status, 401);
  });

  s.test('a new password, and what is wrong with it', async () => {
    const as = await lab.session('operator', 'anna');
    const change = (password: string) =>
      post('/api/v1/password', { as, body: { current: PASSWORD, password } });
    const bad = await change('short');
    is(bad.status, 400);
    is((bad.json as { issues: { path: string }[] }).issues[0]?.path, 'password');
    is((await change('a better one, really')).status, 200);
    is((await lab.ask({ url: '/api/v1/session', as })).status, 200);
  });

  s.test('health is told to whoever asks', async () => {
    equal((await lab.ask({ url: '/healthz' })).json, { status: 'ok' });
    ok(!lab.logLines().some((line) => line.includes('/healthz')));
  });
});
