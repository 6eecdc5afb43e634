// The control's database as one file: taken while the control runs, put back while it does not.
// Rounds for graphs and keys of forms are not in it: they come again by themselves.
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Database as SqliteDatabase } from 'better-sqlite3';
import { ProbeError } from '../../core/error.ts';
import { likeDirectory, lockControl } from './control-lock.ts';
import { controlFile, loadSqlite } from './db.ts';
import { MIGRATIONS } from './db-migrations.ts';
import { forgetNonceKey } from './secrets.ts';

/** All that is left goes in one step, which no writer can make begin anew. */
const PAGES_ALL = 2_147_483_647;

/** Writes the backup whole, 0600, over what is there. Throws ERR_STATE_IO; nothing is half. */
export async function backUp(stateDirectory: string, file: string): Promise<void> {
  const source = controlFile(stateDirectory, 'control.db');
  const draft = join(dirname(file), `.${basename(file)}.${process.pid}.new`);
  if (!existsSync(source)) {
    throw new ProbeError('ERR_STATE_IO', `there is no database ${source}: see --state`);
  }
  try {
    rmSync(draft, { force: true });
    closeSync(openSync(draft, 'wx', 0o600));
    await copyDatabase(source, draft);
    judgeFile(draft, 'the copy');
    sync(draft);
    renameSync(draft, file);
    sync(dirname(file));
  } catch (cause) {
    throw failed(`${file} cannot be written`, cause);
  } finally {
    removeDatabase(draft);
  }
}

/**
 * Puts a backup in the place of the database, which is kept beside it; its path is the answer, null
 * where there was none. Sessions and login links of the backup end. Throws ERR_CONTROL_BUSY while a
 * control runs, ERR_STATE_IO for a file that is no whole backup or of a newer flint.
 */
export function restore(stateDirectory: string, file: string, nowMs: number): string | null {
  const lock = lockControl(stateDirectory);
  const target = controlFile(stateDirectory, 'control.db');
  const draft = `${target}.new`;
  try {
    removeDatabase(draft);
    copyFileSync(file, draft);
    chmodSync(draft, 0o600);
    judgeFile(draft, file);
    likeDirectory(draft);
    sync(draft);
    // Nonces that were used after the backup are forgotten with what is replaced: none may work.
    forgetNonceKey(stateDirectory);
    const kept = keepOld(target, nowMs);
    renameSync(draft, target);
    sync(dirname(target));
    return kept;
  } catch (cause) {
    throw failed(`${file} cannot be restored`, cause);
  } finally {
    removeDatabase(draft);
    lock.release();
  }
}

async function copyDatabase(source: string, draft: string): Promise<void> {
  const raw = new (loadSqlite())(source, { fileMustExist: true, timeout: 5_000 });
  try {
    await raw.backup(draft, { progress: () => PAGES_ALL });
  } finally {
    raw.close();
  }
}

/** Throws unless it is a whole database of a flint that is not newer than this one. */
function judgeFile(file: string, name: string): void {
  const raw = new (loadSqlite())(file, { fileMustExist: true });
  try {
    // A single file from now on: without it what is written next would stand beside it.
    raw.pragma('journal_mode = DELETE');
    const wrong = raw.pragma('integrity_check(1)', { simple: true });
    if (wrong !== 'ok') throw new Error(`${name} is damaged: ${oneLine(wrong)}`);
    judgeSchema(raw, name);
    raw.exec('delete from sessions; delete from login_links');
  } finally {
    raw.close();
  }
}

/** What SQLite says of damage comes in lines. */
export function oneLine(report: unknown): string {
  return String(report).replace(/\s+/g, ' ').slice(0, 300);
}

function judgeSchema(raw: SqliteDatabase, name: string): void {
  const isOurs = raw
    .prepare(`select count(*) from sqlite_master where name in ('kysely_migration', 'operators')`)
    .pluck()
    .get();
  if (isOurs !== 2) throw new Error(`${name} is no database of a flint control`);
  const steps = raw.prepare('select name from kysely_migration').pluck().all() as string[];
  const unknown = steps.filter((step) => !Object.hasOwn(MIGRATIONS, step));
  if (unknown.length === 0) return;
  throw new Error(`${name} is of a newer flint (${unknown.join(', ')})`);
}

/** Under a second name, so that at no moment there is no database at all. */
function keepOld(target: string, nowMs: number): string | null {
  if (!existsSync(target)) return null;
  const stamp = new Date(nowMs).toISOString().replace(/[:.]/g, '-');
  const kept = `${target}.before-restore-${stamp}`;
  foldJournal(target);
  linkSync(target, kept);
  for (const part of ['-wal', '-shm']) {
    if (existsSync(target + part)) renameSync(target + part, kept + part);
  }
  return kept;
}

/** What stands in the journal goes into the file: it must not be taken for that of the new one. */
function foldJournal(target: string): void {
  try {
    const raw = new (loadSqlite())(target, { timeout: 1_000 });
    try {
      raw.pragma('journal_mode = DELETE');
    } finally {
      raw.close();
    }
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY') === true) throw error;
    // It is damaged, which is why it is replaced; its journal is kept with it.
  }
}

function sync(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function removeDatabase(file: string): void {
  for (const part of ['', '-wal', '-shm', '-journal']) rmSync(file + part, { force: true });
}

function failed(what: string, cause: unknown): ProbeError {
  if (cause instanceof ProbeError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ProbeError('ERR_STATE_IO', `${what}: ${why}; nothing was changed`, { cause });
}
