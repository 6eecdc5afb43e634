import { equal, is, match } from 'uvu/assert';
import { addOperator } from '../../../src/control/accounts/operators.ts';
import { suite } from '../../helper.ts';
import { type Lab, openLab, SYSTEM } from '../lab.ts';

const PASSWORD = 'correct horse battery';
const PROXY = '127.0.0.1';

async function openSecure(): Promise<Lab> {
  const config = { origin: 'https://control.example', trustedProxies: [PROXY] };
  const lab = await openLab({ config });
  await addOperator(lab.context, SYSTEM, { name: 'anna', role: 'admin', password: PASSWORD });
  return lab;
}

suite('control/accounts/cookie', (s) => {
  s.test('over TLS its name binds it to this host, over loopback it is plain', async () => {
    const lab = await openSecure();
    const body = { name: 'anna', password: PASSWORD };
    const login = (headers: Record<string, string>) =>
      lab.ask({ method: 'POST', url: '/api/v1/login', body, headers });

    const proxied = await login({ host: 'control.example', 'x-forwarded-proto': 'https' });
    match(
      String(proxied.headers['set-cookie']),
      new RegExp(
        '^__Host-flint=flint_session_[\\w-]{43}; Max-Age=604800; ' +
          'Path=/; HttpOnly; Secure; SameSite=Lax$',
      ),
    );
    is(proxied.headers['strict-transport-security'], 'max-age=31536000');
    const silent = await login({ host: 'control.example' });
    match(String(silent.headers['set-cookie']), /^__Host-flint=.*; Secure;/);
    const near = await login({});
    match(String(near.headers['set-cookie']), /^flint=[^;]*; Max-Age=604800; Path=\/; HttpOnly; S/);
    is(near.headers['strict-transport-security'], undefined);
    await lab.close();
  });

  s.test('a cookie that a neighbouring name could have planted is not looked at', async () => {
    const lab = await openSecure();
    const { token } = (await lab.session('admin', 'anna')) as { token: string };
    const ask = async (cookie: string) => {
      const headers = { host: 'control.example', 'x-forwarded-proto': 'https', cookie };
      return (await lab.ask({ url: '/api/v1/session', headers })).status;
    };
    equal([await ask(`flint=${token}`), await ask(`__Host-flint=${token}`)], [401, 200]);
    equal(await ask(`__host-flint=${token}; flint=${token}`), 401);
    await lab.close();
  });

  s.test('passwords are not taken where others can read along', async () => {
    const lab = await openSecure();
    const answer = await lab.ask({
      method: 'POST',
      url: '/api/v1/login',
      body: { name: 'anna', password: PASSWORD },
      from: '192.0.2.7',
    });
    is(answer.status, 403);
    match(answer.text, /use https:\/\/control\.example: this way is not encrypted/);
    await lab.close();
  });

  s.test('an untrusted neighbour cannot say that it is https, nor who asks', async () => {
    const lab = await openLab({ config: { title: 'x' } });
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1' };
    const answer = await lab.ask({ url: '/healthz', headers });
    is(answer.headers['strict-transport-security'], undefined);
    const logged = await lab.ask({ url: '/nowhere', headers, from: '198.51.100.3' });
    is(logged.status, 404);
    match(lab.logLines().join(''), /from=198\.51\.100\.3/);
    await lab.close();
  });
});
