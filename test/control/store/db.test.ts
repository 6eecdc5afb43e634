import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, unreachable } from 'uvu/assert';
import {
  type ControlDb,
  controlFile,
  openControlDb,
  openSqlite,
} from '../../../src/control/store/db.ts';
import { ProbeError } from '../../../src/core/error.ts';
import { suite } from '../../helper.ts';

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-db-'));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function withDb(run: (store: ControlDb, file: string) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    const file = controlFile(directory, 'control.db');
    const store = await openControlDb(file);
    try {
      await run(store, file);
    } finally {
      await store.close();
    }
  });
}

async function keysOf({ db }: ControlDb): Promise<string[]> {
  return (await db.selectFrom('meta').select('key').orderBy('key').execute()).map((r) => r.key);
}

const put = (key: string) => ({ key, value: '1' });

suite('db', (s) => {
  s.test('is made whole at the first start, for its owner, and is the same at the next', () =>
    inDirectory(async (directory) => {
      const file = controlFile(directory, 'control.db');
      const first = await openControlDb(file);
      await first.write((db) => db.insertInto('meta').values(put('a')).execute());
      is(first.raw.pragma('journal_mode', { simple: true }), 'wal');
      is(first.raw.pragma('foreign_keys', { simple: true }), 1);
      is(first.raw.pragma('synchronous', { simple: true }), 2);
      await first.close();

      const second = await openControlDb(file);
      equal(await keysOf(second), ['a']);
      await second.close();
      is(statSync(join(directory, 'control')).mode & 0o777, 0o700);
    }),
  );

  s.test('a change that fails leaves nothing, and the next one goes on', () =>
    withDb(async (store) => {
      const failed = store.write(async (db) => {
        await db.insertInto('meta').values(put('half')).execute();
        throw new Error('no');
      });
      const next = store.write((db) => db.insertInto('meta').values(put('next')).execute());

      await failed.then(
        () => unreachable(),
        (error) => is(error.message, 'no'),
      );
      await next;
      equal(await keysOf(store), ['next']);
    }),
  );

  s.test('changes follow one another: what one read is true when it writes', () =>
    withDb(async (store) => {
      await store.write((db) => db.insertInto('meta').values(put('n')).execute());
      const add = () =>
        store.write(async (db) => {
          const row = await db.selectFrom('meta').selectAll().executeTakeFirstOrThrow();
          await Promise.resolve();
          await db
            .updateTable('meta')
            .set({ value: String(Number(row.value) + 1) })
            .execute();
        });
      await Promise.all(Array.from({ length: 50 }, add));

      is((await store.db.selectFrom('meta').selectAll().executeTakeFirst())?.value, '51');
    }),
  );

  s.test('what was answered outlives a kill', () =>
    inDirectory(async (directory) => {
      const file = join(directory, 'k.db');
      const module = new URL('../../../src/control/store/db.ts', import.meta.url).href;
      const script = `
        import { openControlDb } from ${JSON.stringify(module)};
        const store = await openControlDb(${JSON.stringify(file)});
        for (let n = 0; n < 40; n++) {
          const row = { key: String(n), value: '' };
          await store.write((db) => db.insertInto('meta').values(row).execute());
          process.stdout.write(n + '\\n');
        }
        process.kill(process.pid, 'SIGKILL');`;
      const words = ['--import', 'tsx', '--input-type=module', '--eval', script];
      const child = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 15_000 });
      is(child.signal, 'SIGKILL', child.stderr);

      const store = await openControlDb(file);
      is((await keysOf(store)).length, 40);
      is(store.raw.pragma('integrity_check', { simple: true }), 'ok');
      await store.close();
    }),
  );

  s.test('a file that is no database, or of a newer version, is left as it is', () =>
    inDirectory(async (directory) => {
      const file = join(directory, 'x.db');
      writeFileSync(file, 'this is not a database, and long enough to be looked at'.repeat(40));
      await openControlDb(file).then(
        () => unreachable(),
        (error) => {
          is(error.code, 'ERR_STATE_IO');
          match(error.message, file);
        },
      );

      const newer = join(directory, 'newer.db');
      const store = await openControlDb(newer);
      store.raw.exec(`insert into kysely_migration values ('9999-later', '2030')`);
      await store.close();
      await openControlDb(newer).then(
        () => unreachable(),
        (error) => {
          is(error instanceof ProbeError && error.code, 'ERR_STATE_IO');
          match(error.message, 'newer flint');
        },
      );
      const raw = openSqlite(newer);
      is(raw.prepare('select count(*) as n from kysely_migration').pluck().get(), 2);
      raw.close();
    }),
  );
});
