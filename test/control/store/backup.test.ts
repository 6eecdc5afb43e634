import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { equal, is, match, not } from 'uvu/assert';
import { backUp, restore } from '../../../src/control/store/backup.ts';
import { lockControl } from '../../../src/control/store/control-lock.ts';
import {
  type ControlDb,
  controlFile,
  loadSqlite,
  openControlDb,
} from '../../../src/control/store/db.ts';
import { openKeys } from '../../../src/control/store/secrets.ts';
import { suite } from '../../helper.ts';
import { NOW_MS } from '../lab.ts';
import { withDirectory } from '../places.ts';
import { codeOf } from '../refused.ts';

const open = (directory: string) => openControlDb(controlFile(directory, 'control.db'));

async function addUser(store: ControlDb, name: string): Promise<void> {
  await store.write(async (db) => {
    const row = { name, role: 'viewer', password: null, createdMs: 1 } as const;
    const { id } = await db
      .insertInto('operators')
      .values(row)
      .returning('id')
      .executeTakeFirstOrThrow();
    const session = { tokenSha256: name, operatorId: id, createdMs: 1, usedMs: 1, untilMs: 9 };
    await db.insertInto('sessions').values(session).execute();
  });
}

async function usersOf(directory: string): Promise<string[]> {
  const store = await open(directory);
  const rows = await store.db.selectFrom('operators').select('name').orderBy('id').execute();
  await store.close();
  return rows.map(({ name }) => name);
}

async function messageOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'nothing was thrown';
  } catch (error) {
    return (error as Error).message;
  }
}

suite('control/store/backup', (s) => {
  s.test('a backup is one private file of a moment, while others write', () =>
    withDirectory(async (directory) => {
      const store = await open(directory);
      for (let n = 0; n < 50; n++) await addUser(store, `u${n}`);
      const file = `${directory}/b.db`;
      const writing = (async () => {
        for (let n = 50; n < 200; n++) await addUser(store, `u${n}`);
      })();
      await backUp(directory, file);
      await writing;
      await backUp(directory, file);
      is((statSync(file).mode & 0o777).toString(8), '600');
      equal(readdirSync(directory).sort(), ['b.db', 'control']);
      await store.close();

      await withDirectory(async (other) => {
        is(restore(other, file, NOW_MS), null);
        const copy = await open(other);
        const { count } = copy.raw.prepare('select count(*) as count from operators').get() as {
          count: number;
        };
        is(count, 200);
        equal(copy.raw.prepare('select * from sessions').all(), []);
        await copy.close();
      });
    }),
  );

  s.test('restoring keeps what was there under the name of the day', () =>
    withDirectory(async (directory) => {
      const store = await open(directory);
      await addUser(store, 'before');
      await backUp(directory, `${directory}/b.db`);
      await addUser(store, 'after');
      await store.close();
      const keys = openKeys(directory);

      const kept = restore(directory, `${directory}/b.db`, NOW_MS);

      match(kept ?? '', /control\.db\.before-restore-2026-11-22T12-00-00-000Z$/);
      equal(await usersOf(directory), ['before']);
      // What a backup has forgotten to be used must not work again.
      not.equal(openKeys(directory).nonce, keys.nonce);
      equal(openKeys(directory).csrf, keys.csrf);
      copyFileSync(kept ?? '', controlFile(directory, 'control.db'));
      equal(await usersOf(directory), ['before', 'after']);
    }),
  );

  s.test('nothing is restored while a control runs, nor from what is no backup', () =>
    withDirectory(async (directory) => {
      const store = await open(directory);
      await addUser(store, 'anna');
      const file = `${directory}/b.db`;
      await backUp(directory, file);
      const newer = await open(`${directory}/newer`);
      await backUp(`${directory}/newer`, `${directory}/newer.db`);
      await newer.close();
      const far = new (loadSqlite())(`${directory}/newer.db`);
      far.exec(`insert into kysely_migration values ('9999-far', '2030')`);
      far.close();
      await store.close();

      const lock = lockControl(directory);
      const busy = await messageOf(() => restore(directory, file, NOW_MS));
      match(busy, /another flint control uses/);
      lock.release();

      const torn = readFileSync(file);
      torn.fill(0x77, 4_096, 20_480);
      writeFileSync(`${directory}/torn.db`, torn);
      writeFileSync(`${directory}/text.db`, 'no database');
      for (const [name, says] of [
        ['torn', /torn\.db cannot be restored: .*nothing was changed/],
        ['text', /text\.db cannot be restored: .*nothing was changed/],
        ['missing', /missing\.db cannot be restored: ENOENT/],
        ['newer', /newer\.db cannot be restored: .* of a newer flint \(9999-far\)/],
      ] as const) {
        match(await messageOf(() => restore(directory, `${directory}/${name}.db`, NOW_MS)), says);
      }
      equal(await usersOf(directory), ['anna']);
      equal(
        readdirSync(`${directory}/control`).filter((name) => !/^(control|lock)\.db/.test(name)),
        [],
      );
    }),
  );

  s.test('a backup that cannot be written leaves the older one', () =>
    withDirectory(async (directory) => {
      const store = await open(directory);
      const file = `${directory}/b.db`;
      writeFileSync(file, 'older');
      const none = await backUp(`${directory}/nowhere`, file).catch((thrown: Error) => thrown);
      is(codeOf(none), 'ERR_STATE_IO');
      is(readFileSync(file, 'utf8'), 'older');
      const far = await backUp(directory, `${directory}/no/b.db`).catch(codeOf);
      is(far, 'ERR_STATE_IO');
      await store.close();
      equal(readdirSync(directory).sort(), ['b.db', 'control']);
    }),
  );
});
