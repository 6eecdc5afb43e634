import { equal, is } from 'uvu/assert';
import { changeOperator } from '../../../src/control/accounts/operators.ts';
import { listTokens, makeToken, mayAs, removeToken } from '../../../src/control/accounts/tokens.ts';
import { suite } from '../../helper.ts';
import { type Lab, openLab, SYSTEM } from '../lab.ts';
import { codeOf } from '../refused.ts';

suite('control/accounts/tokens', (s) => {
  let lab: Lab;
  s.before(async () => {
    lab = await openLab();
    await lab.makeOperator('root', 'admin');
  });
  s.after(() => lab.close());

  const roleOf = async (bearer: string) =>
    ((await lab.ask({ url: '/api/v1/session', as: { bearer } })).json as { role?: string }).role;

  s.test('a token may no more than its owner, also when he is demoted', async () => {
    const { actor } = await lab.makeOperator('anna', 'operator');
    const input = { label: 'ci', role: 'admin', lifetimeMs: null } as const;
    is(await makeToken(lab.context, actor, 'anna', input).catch(codeOf), 'ERR_INPUT_INVALID');
    const { token } = await makeToken(lab.context, actor, 'anna', { ...input, role: undefined });
    is(await roleOf(token), 'operator');
    await changeOperator(lab.context, SYSTEM, 'anna', { role: 'viewer' });
    is(await roleOf(token), 'viewer');
    await changeOperator(lab.context, SYSTEM, 'anna', { role: 'admin' });
    is(await roleOf(token), 'operator');
  });

  s.test('it ends at its time and when it is removed', async () => {
    const { actor } = await lab.makeOperator('bob', 'viewer');
    const input = { label: 'x', role: undefined, lifetimeMs: 60_000 };
    const one = await makeToken(lab.context, actor, 'bob', input);
    const two = await makeToken(lab.context, actor, 'bob', { ...input, lifetimeMs: null });
    is(await roleOf(one.token), 'viewer');
    lab.clock.nowMs += 60_000;
    equal([await roleOf(one.token), await roleOf(two.token)], [undefined, 'viewer']);
    const { actor: eve } = await lab.makeOperator('eve', 'operator');
    is(await removeToken(lab.context, eve, two.id).catch(codeOf), 'ERR_NOT_FOUND');
    await removeToken(lab.context, actor, two.id);
    is(await roleOf(two.token), undefined);
  });

  s.test('a token makes no tokens, and nobody has more than a hundred', async () => {
    const { actor } = await lab.makeOperator('carl', 'viewer');
    const input = { label: 'x', role: undefined, lifetimeMs: null };
    const byToken = { ...actor, kind: 'token' } as const;
    is(await makeToken(lab.context, byToken, 'carl', input).catch(codeOf), 'ERR_FORBIDDEN');
    for (let n = 0; n < 100; n++) await makeToken(lab.context, actor, 'carl', input);
    is(await makeToken(lab.context, actor, 'carl', input).catch(codeOf), 'ERR_LIMIT_EXCEEDED');
    is((await listTokens(lab.context, 'carl')).length, 100);
    is(JSON.stringify(await listTokens(lab.context, null)).includes('Sha256'), false);
  });

  s.test('of roles the higher may what the lower may', () => {
    const all = ['viewer', 'operator', 'admin'] as const;
    equal(
      all.map((role) => all.map((needed) => mayAs(role, needed))),
      [
        [true, false, false],
        [true, true, false],
        [true, true, true],
      ],
    );
  });
});
