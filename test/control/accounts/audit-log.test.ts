import { equal } from 'uvu/assert';
import { recordAudit } from '../../../src/control/accounts/audit.ts';
import { listAudit } from '../../../src/control/accounts/audit-log.ts';
import { suite } from '../../helper.ts';
import { openLab, SYSTEM } from '../lab.ts';

suite('control/accounts/audit-log', (s) => {
  s.test('entries come newest first, with their states, by who and what', async () => {
    const lab = await openLab();
    const { context } = lab;
    await context.store.write(async (db) => {
      const entry = { actor: SYSTEM, action: 'a', subject: 'x' };
      await recordAudit(db, 1, { ...entry, after: { n: 1 } });
      await recordAudit(db, 2, { ...entry, action: 'b', before: { n: 1 }, after: null });
    });
    equal(await listAudit(context, { limit: 9 }), [
      { id: 2, atMs: 2, actor: 'system', action: 'b', subject: 'x', before: { n: 1 }, after: null },
      { id: 1, atMs: 1, actor: 'system', action: 'a', subject: 'x', before: null, after: { n: 1 } },
    ]);
    const idsOf = async (query: object) =>
      (await listAudit(context, { limit: 9, ...query })).map(({ id }) => id);
    equal(await idsOf({ action: 'a', actor: 'system', subject: 'x' }), [1]);
    equal(
      [await idsOf({ before: 2 }), await idsOf({ limit: 1 }), await idsOf({ actor: 'y' })],
      [[1], [2], []],
    );
    await lab.close();
  });
});
