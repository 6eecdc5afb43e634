import { equal, is } from 'uvu/assert';
import { makeLoginLink } from '../../src/control/accounts/login.ts';
import { SESSION_MS_MAX } from '../../src/control/accounts/sessions.ts';
import { AUDIT_ENTRIES_MAX, startUpkeep, tidy } from '../../src/control/upkeep.ts';
import { suite } from '../helper.ts';
import { openLab, SYSTEM } from './lab.ts';

suite('control/upkeep', (s) => {
  s.test('what ended goes, what lives stays, and the audit log is bounded', async () => {
    const lab = await openLab();
    const { context, clock } = lab;
    const count = (table: string) =>
      context.store.raw.prepare(`select count(*) from ${table}`).pluck().get();
    await lab.session('admin', 'anna');
    await makeLoginLink(context, SYSTEM, 'anna');
    await tidy(context);
    equal([count('sessions'), count('login_links')], [1, 1]);
    clock.nowMs += SESSION_MS_MAX;
    await lab.session('admin', 'anna');
    const row = [AUDIT_ENTRIES_MAX + 500, 1, 'system', 'x', 'y'];
    context.store.raw
      .prepare('insert into audit (id, atMs, actor, action, subject) values (?, ?, ?, ?, ?)')
      .run(row);

    await tidy(context);

    equal([count('sessions'), count('login_links'), count('audit')], [1, 0, 1]);
    startUpkeep(context).end();
    await lab.close();
    is(context.store.raw.open, false);
  });
});
