import { equal, is, match, ok } from 'uvu/assert';
import {
  consumeLoginLink,
  LOGIN_LINK_MS,
  loginWithPassword,
  makeLoginLink,
} from '../../../src/control/accounts/login.ts';
import { addOperator, changeOperator } from '../../../src/control/accounts/operators.ts';
import { suite } from '../../helper.ts';
import { type Lab, openLab, SYSTEM } from '../lab.ts';
import { codeOf } from '../refused.ts';

const PASSWORD = 'correct horse battery';
const HERE = '192.0.2.1';

suite('control/accounts/login', (s) => {
  let lab: Lab;
  s.before(async () => {
    lab = await openLab();
    for (const name of ['anna', 'bob']) {
      await addOperator(lab.context, SYSTEM, { name, role: 'admin', password: PASSWORD });
    }
    await addOperator(lab.context, SYSTEM, { name: 'carl', role: 'viewer', password: null });
  });
  s.after(() => lab.close());

  const login = (name: string, password: string, from = HERE) =>
    loginWithPassword(lab.context, { name, password, from });

  s.test('name and password open a session that is written down', async () => {
    const { token, role } = await login(' Anna ', PASSWORD);
    const answer = await lab.ask({ url: '/api/v1/session', headers: { cookie: `flint=${token}` } });

    equal([role, answer.status, (answer.json as { name: string }).name], ['admin', 200, 'anna']);
    const entry = await lab.context.store.db
      .selectFrom('audit')
      .selectAll()
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    equal([entry.actor, entry.action], ['user:anna', 'session.begin']);
  });

  s.test(
    'a wrong password, no such name, no password and a disabled account look alike',
    async () => {
      await addOperator(lab.context, SYSTEM, { name: 'dora', role: 'viewer', password: PASSWORD });
      await changeOperator(lab.context, SYSTEM, 'dora', { disabled: true });
      const told = new Set<string>();
      for (const [name, password] of [
        ['anna', 'wrong wrong'],
        ['nobody', PASSWORD],
        ['carl', ''],
        ['dora', PASSWORD],
      ] as const) {
        const error = await login(name, password, '198.51.100.7').catch((thrown: Error) => thrown);
        told.add(`${codeOf(error)} ${(error as Error).message}`);
      }
      equal([...told], ['ERR_UNAUTHORIZED name or password is wrong']);
      ok(!lab.logLines().join('').includes('nobody'));
    },
  );

  s.test('who guesses is slowed down, and locks out nobody elsewhere', async () => {
    const from = '203.0.113.9';
    const key = () => login('bob', 'wrong wrong', from).catch(codeOf);
    // The bucket is emptied by hand: ten slow hashes would only cost time.
    const codes: unknown[] = [];
    for (let n = 0; n < 11; n++) codes.push(await key());
    equal([codes[9], codes[10]], ['ERR_UNAUTHORIZED', 'ERR_THROTTLED']);

    is(await login('bob', PASSWORD, '203.0.113.200').catch(codeOf), 'ERR_THROTTLED');
    is((await login('bob', PASSWORD, '203.0.114.1')).name, 'bob');
    is((await login('anna', PASSWORD, from)).name, 'anna');
    lab.clock.nowMs += 30_000;
    is((await login('bob', PASSWORD, from)).name, 'bob');
  });

  s.test('one network gets two turns at a time', async () => {
    const from = '2001:db8:7::1';
    const all = await Promise.all(
      Array.from({ length: 6 }, () => login('anna', PASSWORD, from).then(() => 'in', codeOf)),
    );
    equal(all.sort(), [
      'ERR_THROTTLED',
      'ERR_THROTTLED',
      'ERR_THROTTLED',
      'ERR_THROTTLED',
      'in',
      'in',
    ]);
  });

  s.test('a link works once, for a quarter of an hour, and only for whom it was made', async () => {
    const { url } = await makeLoginLink(lab.context, SYSTEM, 'carl');
    match(url, /^http:\/\/127\.0\.0\.1:8740\/login\/link\/flint_login_[\w-]{43}$/);
    const token = url.split('/').at(-1) ?? '';
    const use = () => consumeLoginLink(lab.context, { token, from: HERE });

    const both = await Promise.all([use().then(({ name }) => name, codeOf), use().catch(codeOf)]);
    equal(both, ['carl', 'ERR_UNAUTHORIZED']);

    const late = await makeLoginLink(lab.context, SYSTEM, 'carl');
    lab.clock.nowMs += LOGIN_LINK_MS;
    const given = { token: late.url.split('/').at(-1) ?? '', from: HERE };
    is(await consumeLoginLink(lab.context, given).catch(codeOf), 'ERR_UNAUTHORIZED');
    const made = await lab.context.store.db.selectFrom('login_links').selectAll().execute();
    equal(made, []);
  });

  s.test('there are at most five open links of one user, and none for strangers', async () => {
    for (let n = 0; n < 8; n++) await makeLoginLink(lab.context, SYSTEM, 'carl');
    const open = await lab.context.store.db.selectFrom('login_links').selectAll().execute();
    is(open.length, 5);
    is(await makeLoginLink(lab.context, SYSTEM, 'nobody').catch(codeOf), 'ERR_NOT_FOUND');
    is(await makeLoginLink(lab.context, SYSTEM, 'dora').catch(codeOf), 'ERR_CONFLICT');
  });

  s.test('an older hash is made anew at login', async () => {
    const weak = 'scrypt$1024$8$1$TmFDbE5hQ2xOYUNsTmFDbA$';
    const { scryptSync } = await import('node:crypto');
    const hash = scryptSync(PASSWORD, 'NaClNaClNaClNaCl', 32, { N: 1024, r: 8, p: 1 });
    const password = `${weak}${hash.toString('base64url')}`;
    await lab.context.store.write(async (db) => {
      await db.updateTable('operators').set({ password }).where('name', '=', 'anna').execute();
    });
    await login('anna', PASSWORD);
    const row = await lab.context.store.db
      .selectFrom('operators')
      .select('password')
      .where('name', '=', 'anna')
      .executeTakeFirstOrThrow();
    match(row.password ?? '', /^scrypt\$32768\$8\$3\$/);
  });
});
