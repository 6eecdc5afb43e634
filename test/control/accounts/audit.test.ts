import { equal, ok } from 'uvu/assert';
import { recordAudit } from '../../../src/control/accounts/audit.ts';
import { listAudit } from '../../../src/control/accounts/audit-log.ts';
import { suite } from '../../helper.ts';
import { inLab } from '../fleet-lab.ts';
import { SYSTEM } from '../lab.ts';

suite('control/accounts/audit', (s) => {
  s.test('a state that is too long is kept as its digest, so that no entry takes megabytes', () =>
    inLab(async ({ context }) => {
      const after = { measurements: 'x'.repeat(200_000) };
      const before = { measurements: 'x' };
      await context.store.write((db) =>
        recordAudit(db, 1, { actor: SYSTEM, action: 'set.edit', subject: 'big', before, after }),
      );
      const [line] = await listAudit(context, { limit: 10 });
      ok(JSON.stringify(line).length < 300);
      const told = Object(line?.after) as Record<string, unknown>;
      equal([line?.before, told['length']], [before, JSON.stringify(after).length]);
    }),
  );
});
