import { equal, is, match, ok } from 'uvu/assert';
import { linkForOwner, OWNER, PROBE_NAME, seedUp } from '../../../src/cli/up/seed.ts';
import { addOperator, removeOperator } from '../../../src/control/accounts/operators.ts';
import { documentOf } from '../../../src/control/fleet/compose.ts';
import { removeProbe } from '../../../src/control/fleet/probes.ts';
import { removeSet } from '../../../src/control/fleet/sets.ts';
import { type Lab, openLab, SYSTEM } from '../../control/lab.ts';
import { suite } from '../../helper.ts';

const MAC = '02:00:5e:10:00:01';

async function withLab(run: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await openLab();
  try {
    await run(lab);
  } finally {
    await lab.close();
  }
}

async function namesIn({ context }: Lab, table: 'operators' | 'probes'): Promise<string[]> {
  const rows = await context.store.db.selectFrom(table).select('name').execute();
  return rows.map(({ name }) => name);
}

suite('up-seed', (s) => {
  s.test('an empty control gets an owner, this machine, and something to measure', () =>
    withLab(async (lab) => {
      const { claimToken } = await seedUp(lab.context, MAC);
      const probe = await lab.context.store.db.selectFrom('probes').selectAll().executeTakeFirst();
      const { text } = await documentOf(lab.context, probe?.id ?? 0);

      equal(await namesIn(lab, 'operators'), [OWNER]);
      equal([probe?.name, probe?.mac], [PROBE_NAME, MAC]);
      match(claimToken ?? '', /^flint_claim_/);
      for (const host of ['localhost', '@gateway', 'dns.quad9.net']) ok(text.includes(host), host);
    }),
  );

  s.test('a second start adds nothing, and takes nothing back', () =>
    withLab(async (lab) => {
      await seedUp(lab.context, MAC);
      await removeSet(lab.context, SYSTEM, 'this-machine');
      await removeProbe(lab.context, SYSTEM, PROBE_NAME);
      const { claimToken } = await seedUp(lab.context, MAC);

      equal(await namesIn(lab, 'probes'), []);
      is(claimToken, null);
      const sets = await lab.context.store.db.selectFrom('sets').select('id').execute();
      equal(sets, [{ id: 'first-targets' }]);
    }),
  );

  s.test('a start that was broken off half-way is gone on with', () =>
    withLab(async (lab) => {
      await seedUp(lab.context, MAC);
      await lab.context.store.write((db) => db.deleteFrom('meta').execute());
      await lab.context.store.write((db) => db.deleteFrom('sets').execute());
      await seedUp(lab.context, MAC);

      equal(await namesIn(lab, 'operators'), [OWNER]);
      equal(await namesIn(lab, 'probes'), [PROBE_NAME]);
      is((await lab.context.store.db.selectFrom('sets').select('id').execute()).length, 2);
    }),
  );

  s.test('a probe that is bound needs no token', () =>
    withLab(async (lab) => {
      await seedUp(lab.context, MAC);
      const bound = { publicKey: 'A'.repeat(43), boundMs: 1 };
      await lab.context.store.write((db) => db.updateTable('probes').set(bound).execute());

      is((await seedUp(lab.context, MAC)).claimToken, null);
    }),
  );

  s.test('the link logs the owner in, once; without that account there is none', () =>
    withLab(async (lab) => {
      await seedUp(lab.context, MAC);
      const link = new URL((await linkForOwner(lab.context)) ?? '');
      const page = await lab.ask({ url: link.pathname });

      is(page.status, 200);
      await addOperator(lab.context, SYSTEM, { name: 'anna', role: 'admin', password: null });
      await removeOperator(lab.context, SYSTEM, OWNER);
      is(await linkForOwner(lab.context), null);
    }),
  );

  s.test('where everybody may read, nobody may change', () =>
    withLab(async (lab) => {
      lab.context.isOpenToRead = true;
      await seedUp(lab.context, MAC);
      const body = { mac: '02:00:5e:10:00:02' };

      is((await lab.ask({ url: '/api/v1/probes' })).status, 200);
      is((await lab.ask({ url: '/api/v1/users' })).status, 403);
      is((await lab.ask({ url: '/api/v1/probes', method: 'POST', body })).status, 401);
      lab.context.isOpenToRead = false;
      is((await lab.ask({ url: '/api/v1/probes' })).status, 401);
    }),
  );
});
