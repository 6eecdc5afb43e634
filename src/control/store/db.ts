// The control's database: one SQLite file that one process owns. WAL and FULL, so that what was
// answered is on disk; every change goes through `write`, one at a time, so that a decision and
// what it rests on are of one moment.

import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Options, Database as SqliteDatabase } from 'better-sqlite3';
import { type Kysely, Kysely as KyselyClass, Migrator, SqliteDialect, sql } from 'kysely';
import { ProbeError } from '../../core/error.ts';
import { MIGRATIONS } from './db-migrations.ts';
import type { Tables } from './db-tables.ts';

export type Db = Kysely<Tables>;

type Open = new (file: string, options?: Options) => SqliteDatabase;

export interface ControlDb {
  /** For reading. Inside `write` use what it hands over. */
  db: Db;
  /** The driver's own handle, for backups and for statements that are hot. */
  raw: SqliteDatabase;
  /**
   * One change: everything in it or nothing. Changes wait for each other; what `work` awaits must
   * be the database alone, since all others wait as long.
   */
  write<T>(work: (db: Db) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens or makes the file and brings it up to date. Throws ERR_STATE_IO, ERR_CONTROL_BUSY. */
export async function openControlDb(file: string): Promise<ControlDb> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const raw = openSqlite(file);
  const db = new KyselyClass<Tables>({ dialect: new SqliteDialect({ database: raw }) });
  try {
    await migrate(db, file);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return withWrites(db, raw);
}

/** Opens a file as the control wants it. The driver is an optional package. */
export function openSqlite(file: string, options: Options = {}): SqliteDatabase {
  const raw = new (loadSqlite())(file, options);
  try {
    const mode = raw.pragma('journal_mode = WAL', { simple: true });
    if (mode !== 'wal') throw new Error(`the file system allows no WAL (${String(mode)})`);
    raw.pragma('synchronous = FULL');
    raw.pragma('foreign_keys = ON');
    raw.pragma('busy_timeout = 5000');
    return raw;
  } catch (cause) {
    raw.close();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProbeError('ERR_STATE_IO', `the database ${file} cannot be used: ${why}`, { cause });
  }
}

let driver: Open | null = null;

/**
 * The driver alone, for files that are opened in other ways; and so that whoever gives up root
 * afterwards need not read where it lies. Throws ERR_DATABASE_MISSING.
 */
export function loadSqlite(): Open {
  if (driver !== null) return driver;
  try {
    const loaded = createRequire(import.meta.url)('better-sqlite3') as Open;
    // Its compiled part is looked for only when a database is opened.
    new loaded(':memory:').close();
    driver = loaded;
    return loaded;
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new ProbeError(
      'ERR_DATABASE_MISSING',
      'the package better-sqlite3, which keeps the state of the control, cannot be loaded ' +
        `(${why}): \`npm rebuild better-sqlite3\` mends that (it needs python3, make and g++)`,
      { cause },
    );
  }
}

async function migrate(db: Db, file: string): Promise<void> {
  const provider = { getMigrations: async () => MIGRATIONS };
  const { error, results } = await new Migrator({ db, provider }).migrateToLatest();
  if (error === undefined) return;
  const failed = results?.find(({ status }) => status === 'Error')?.migrationName;
  const why = error instanceof Error ? error.message : String(error);
  const step = failed === undefined ? '' : ` in step ${failed}`;
  throw new ProbeError(
    'ERR_STATE_IO',
    `the database ${file} cannot be brought up to date${step}: ${why}. ` +
      'A newer flint may have written it; nothing was changed',
    { cause: error },
  );
}

function withWrites(db: Db, raw: SqliteDatabase): ControlDb {
  let last: Promise<unknown> = Promise.resolve();
  function write<T>(work: (db: Db) => Promise<T>): Promise<T> {
    const run = last.then(() =>
      db.connection().execute(async (connection) => {
        await sql`begin immediate`.execute(connection);
        try {
          const result = await work(connection);
          await sql`commit`.execute(connection);
          return result;
        } catch (error) {
          if (raw.inTransaction) await sql`rollback`.execute(connection);
          throw error;
        }
      }),
    );
    last = run.catch(() => undefined);
    return run;
  }
  return {
    db,
    raw,
    write,
    async close() {
      await last;
      await db.destroy();
    },
  };
}

/** The path of a file of the control's state. */
export function controlFile(stateDirectory: string, name: string): string {
  return join(stateDirectory, 'control', name);
}
