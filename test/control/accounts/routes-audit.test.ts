import { is } from 'uvu/assert';
import { recordAudit } from '../../../src/control/accounts/audit.ts';
import { suite } from '../../helper.ts';
import { openLab, SYSTEM } from '../lab.ts';

suite('control/accounts/routes-audit', (s) => {
  s.test('the audit log comes in bounded pages, to whoever is logged in', async () => {
    const lab = await openLab();
    await lab.context.store.write(async (db) => {
      for (let n = 0; n < 30; n++) {
        await recordAudit(db, n, { actor: SYSTEM, action: 'set.edit', subject: `s${n}` });
      }
    });
    const as = await lab.token('viewer');
    const ask = (query: string) => lab.ask({ url: `/api/v1/audit?${query}`, as });
    const page = async (query: string) =>
      ((await ask(query)).json as { entries: { id: number }[] }).entries;
    const first = await page('limit=20&action=set.edit');
    const second = await page(`limit=20&action=set.edit&before=${first.at(-1)?.id}`);
    is(first.length, 20);
    is(second.length, 10);
    is(new Set([...first, ...second].map(({ id }) => id)).size, 30);
    for (const query of ['limit=501', 'limit=0', 'limit=x', 'before=-1', 'unknown=1']) {
      is((await ask(query)).status, 400, query);
    }
    is((await lab.ask({ url: '/api/v1/audit' })).status, 401);
    await lab.close();
  });
});
