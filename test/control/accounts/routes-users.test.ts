import { equal, is, match } from 'uvu/assert';
import { suite } from '../../helper.ts';
import { type Ask, type Credentials, type Lab, openLab } from '../lab.ts';

suite('control/accounts/routes-users', (s) => {
  let lab: Lab;
  let admin: Credentials;
  s.before(async () => {
    lab = await openLab();
    admin = await lab.session('admin', 'root');
  });
  s.after(() => lab.close());

  const ask = (method: string, url: string, more: Partial<Ask> = {}) =>
    lab.ask({ method, url: `/api/v1${url}`, as: admin, ...more });

  s.test('users come, change and go, and each step is in the audit log', async () => {
    const made = await ask('POST', '/users', { body: { name: 'anna', role: 'operator' } });
    is(made.status, 201);
    equal(made.json, {
      name: 'anna',
      role: 'operator',
      hasPassword: false,
      createdMs: lab.clock.nowMs,
      disabledMs: null,
      lastLoginMs: null,
    });
    is((await ask('POST', '/users', { body: { name: 'anna' } })).status, 409);
    is((await ask('POST', '/users', { body: { name: 'Anna B' } })).status, 400);
    is((await ask('PATCH', '/users/anna', { body: { role: 'viewer' } })).status, 200);
    const link = await ask('POST', '/users/anna/link');
    match((link.json as { url: string }).url, /\/login\/link\/flint_login_/);
    is((await ask('DELETE', '/users/anna')).status, 200);
    is((await ask('DELETE', '/users/anna')).status, 404);
    is((await ask('DELETE', '/users/root')).status, 409);

    const audit = await ask('GET', '/audit?subject=anna');
    const entries = (audit.json as { entries: { action: string; actor: string }[] }).entries;
    equal(
      entries.map(({ action }) => action),
      ['user.remove', 'user.link', 'user.edit', 'user.add'],
    );
    is(entries[0]?.actor, 'user:root');
    is(audit.text.includes('flint_login'), false);
  });

  s.test('only administrators see and change users', async () => {
    const as = await lab.token('operator', 'olga');
    equal(
      [
        (await ask('GET', '/users', { as })).status,
        (await ask('POST', '/users', { as, body: { name: 'x' } })).status,
        (await ask('PATCH', '/users/olga', { as, body: { role: 'admin' } })).status,
        (await ask('GET', '/tokens?owner=root', { as })).status,
      ],
      [403, 403, 403, 403],
    );
  });

  s.test('tokens are made, listed without the secret, and ended', async () => {
    const made = await ask('POST', '/tokens', { body: { label: 'ci', role: 'viewer' } });
    is(made.status, 201);
    const { token, id } = made.json as { token: string; id: number };
    is((await lab.ask({ url: '/api/v1/session', as: { bearer: token } })).status, 200);
    const listed = await ask('GET', '/tokens?owner=*');
    is(listed.text.includes(token), false);
    is((await ask('DELETE', `/tokens/${id}`)).status, 200);
    is((await lab.ask({ url: '/api/v1/session', as: { bearer: token } })).status, 401);
  });
});
