import { equal, is } from 'uvu/assert';
import { makeLoginLink } from '../../../src/control/accounts/login.ts';
import {
  addOperator,
  changeOperator,
  changeOwnPassword,
  listOperators,
  removeOperator,
  revokeSession,
} from '../../../src/control/accounts/operators.ts';
import { listSessions } from '../../../src/control/accounts/sessions.ts';
import { suite } from '../../helper.ts';
import { type Lab, openLab, SYSTEM } from '../lab.ts';
import { codeOf } from '../refused.ts';

const PASSWORD = 'correct horse battery';

async function withLab(run: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await openLab();
  try {
    await run(lab);
  } finally {
    await lab.close();
  }
}

suite('control/accounts/operators', (s) => {
  s.test('the last administrator stays one', () =>
    withLab(async ({ context }) => {
      for (const name of ['anna', 'bob']) {
        await addOperator(context, SYSTEM, { name, role: 'admin', password: null });
      }
      await changeOperator(context, SYSTEM, 'bob', { disabled: true });
      for (const run of [
        () => removeOperator(context, SYSTEM, 'anna'),
        () => changeOperator(context, SYSTEM, 'anna', { role: 'operator' }),
        () => changeOperator(context, SYSTEM, 'anna', { disabled: true }),
      ]) {
        is(await run().then(() => 'done', codeOf), 'ERR_CONFLICT');
      }
      // Two at once must not both be let go.
      await changeOperator(context, SYSTEM, 'bob', { disabled: false });
      const gone = await Promise.all(
        ['anna', 'bob'].map((name) =>
          removeOperator(context, SYSTEM, name).then(() => 'done', codeOf),
        ),
      );
      equal(gone, ['done', 'ERR_CONFLICT']);
    }),
  );

  s.test('names are one user each; bad passwords and strangers are told', () =>
    withLab(async ({ context }) => {
      await addOperator(context, SYSTEM, { name: 'anna', role: 'admin', password: null });
      const add = (password: string | null) =>
        addOperator(context, SYSTEM, { name: 'anna', role: 'viewer', password }).catch(codeOf);
      is(await add(null), 'ERR_CONFLICT');
      is(await add('short'), 'ERR_INPUT_INVALID');
      is(await changeOperator(context, SYSTEM, 'x', {}).catch(codeOf), 'ERR_NOT_FOUND');
      is(await removeOperator(context, SYSTEM, 'x').catch(codeOf), 'ERR_NOT_FOUND');
    }),
  );

  s.test('a disabled user is out at once: session, token, links', () =>
    withLab(async (lab) => {
      const session = await lab.session('viewer', 'eve');
      const token = await lab.token('viewer', 'eve');
      await makeLoginLink(lab.context, SYSTEM, 'eve');
      const status = async (as: Parameters<Lab['ask']>[0]['as'] & object) =>
        (await lab.ask({ url: '/api/v1/session', as })).status;
      equal([await status(session), await status(token)], [200, 200]);

      await changeOperator(lab.context, SYSTEM, 'eve', { disabled: true });

      equal([await status(session), await status(token)], [401, 401]);
      const links = await lab.context.store.db.selectFrom('login_links').selectAll().execute();
      equal(links, []);
      await changeOperator(lab.context, SYSTEM, 'eve', { disabled: false });
      equal([await status(session), await status(token)], [401, 200]);
    }),
  );

  s.test('one’s own new password ends the other sessions and needs the old one', () =>
    withLab(async (lab) => {
      const { context } = lab;
      await addOperator(context, SYSTEM, { name: 'anna', role: 'admin', password: PASSWORD });
      const here = await lab.session('admin', 'anna');
      const there = await lab.session('admin', 'anna');
      const { actor } = await lab.makeOperator('anna');
      const given = { password: 'another good one', keepSession: here.sha256, from: '192.0.2.1' };

      const wrong = { ...given, current: 'wrong wrong' };
      is(await changeOwnPassword(context, actor, wrong).catch(codeOf), 'ERR_FORBIDDEN');
      await changeOwnPassword(context, actor, { ...given, current: PASSWORD });

      is((await lab.ask({ url: '/api/v1/session', as: here })).status, 200);
      is((await lab.ask({ url: '/api/v1/session', as: there })).status, 401);
      const byToken = { ...actor, kind: 'token' } as const;
      const refused = await changeOwnPassword(context, byToken, wrong).catch(codeOf);
      is(refused, 'ERR_FORBIDDEN');
    }),
  );

  s.test('sessions are listed and ended by their owner alone', () =>
    withLab(async (lab) => {
      await lab.session('viewer', 'anna');
      const { actor: anna, id } = await lab.makeOperator('anna');
      const { actor: eve } = await lab.makeOperator('eve');
      const [row] = await listSessions(lab.context, id);
      is(await revokeSession(lab.context, eve, row?.id ?? '').catch(codeOf), 'ERR_NOT_FOUND');
      await revokeSession(lab.context, anna, row?.id ?? '');
      equal(await listSessions(lab.context, id), []);
    }),
  );

  s.test('what is told and audited of a user holds no hash', () =>
    withLab(async ({ context }) => {
      await addOperator(context, SYSTEM, { name: 'anna', role: 'admin', password: PASSWORD });
      await changeOperator(context, SYSTEM, 'anna', { password: null });
      const told = JSON.stringify([
        await listOperators(context),
        await context.store.db.selectFrom('audit').selectAll().execute(),
      ]);
      is(told.includes('scrypt'), false);
      is(told.includes(PASSWORD), false);
    }),
  );
});
