import { equal, is, ok } from 'uvu/assert';
import {
  endSession,
  findSession,
  listSessions,
  openSession,
  SESSION_IDLE_MS,
  SESSION_MS_MAX,
} from '../../../src/control/accounts/sessions.ts';
import { sha256Of } from '../../../src/control/request/credential.ts';
import { suite } from '../../helper.ts';
import { type Lab, NOW_MS, openLab } from '../lab.ts';

suite('control/accounts/sessions', (s) => {
  let lab: Lab;
  s.before(async () => {
    lab = await openLab();
  });
  s.after(() => lab.close());

  async function open(name: string): Promise<{ id: number; sha256: string }> {
    const { id } = await lab.makeOperator(name);
    const { context } = lab;
    const token = await context.store.write((db) => openSession(db, id, context.nowMs()));
    return { id, sha256: sha256Of(token) };
  }

  s.test('twelve hours unused end one, and use keeps it for seven days in all', async () => {
    const { sha256 } = await open('anna');
    const at = async (ms: number) => {
      lab.clock.nowMs = NOW_MS + ms;
      return (await findSession(lab.context, sha256))?.operator.name ?? null;
    };
    is(await at(SESSION_IDLE_MS - 1), 'anna');
    for (let ms = SESSION_IDLE_MS; ms < SESSION_MS_MAX; ms += SESSION_IDLE_MS / 2) {
      is(await at(ms), 'anna', String(ms));
    }
    is(await at(SESSION_MS_MAX), null);
    lab.clock.nowMs = NOW_MS;
    const other = await open('anna');
    lab.clock.nowMs = NOW_MS + SESSION_IDLE_MS;
    is(await findSession(lab.context, other.sha256), null);
    lab.clock.nowMs = NOW_MS;
  });

  s.test('the database holds no token, and an ended session is none', async () => {
    const { id, sha256 } = await open('bob');
    const rows = await lab.context.store.db.selectFrom('sessions').selectAll().execute();
    ok(rows.some(({ tokenSha256 }) => tokenSha256 === sha256));
    is(JSON.stringify(rows).includes('flint_session'), false);
    await endSession(lab.context, sha256);
    is(await findSession(lab.context, sha256), null);
    equal(await listSessions(lab.context, id), []);
  });

  s.test('a hundred at most, the oldest end', async () => {
    const first = await open('carl');
    for (let n = 0; n < 100; n++) {
      lab.clock.nowMs++;
      await open('carl');
    }
    is((await listSessions(lab.context, first.id)).length, 100);
    is(await findSession(lab.context, first.sha256), null);
  });
});
