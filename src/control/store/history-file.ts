// The file behind the history. Whatever happens to it costs graphs and nothing else: a damaged one
// is moved aside (one of them is kept) and made anew, and while there is none, for a full or broken
// disk, what comes is dropped.

import { renameSync, rmSync } from 'node:fs';
import type { Database, Statement } from 'better-sqlite3';
import { ProbeError } from '../../core/error.ts';
import type { Log } from '../../host/log.ts';
import { openSqlite } from './db.ts';

const VERSION = 1;
const RETRY_MS = 60_000;

const TABLES = `
  create table if not exists rounds (
    id integer primary key, probeId integer not null, atMs integer not null,
    fromMs integer not null, untilMs integer not null, body blob not null) strict;
  create index if not exists roundsOfProbe on rounds (probeId, untilMs);
  pragma user_version = ${VERSION};`;

/** An open database with its statements. */
export interface HistoryDb {
  raw: Database;
  append: Statement;
  /** Newest first. */
  select: Statement;
  removeProbe: Statement;
  removeAbove: Statement;
  /** The oldest ones that are past their time, or from a future that was none. */
  removeOld: Statement;
  removeOldest: Statement;
}

export interface HistoryFile {
  /** Does `work` with the database; `otherwise` when there is none, or it failed. */
  use<T>(work: (db: HistoryDb) => T, otherwise: T): T;
  /** How often what was asked could not be done, and the file was made anew. */
  counts: { failed: number; remade: number };
  close(): void;
}

export interface HistoryFileOptions {
  file: string;
  bytesMax: number;
  log: Log;
  nowMs(): number;
}

export function openHistoryFile(options: HistoryFileOptions): HistoryFile {
  const { file, log, nowMs } = options;
  const counts = { failed: 0, remade: 0 };
  let db: HistoryDb | null = null;
  let triedMs = Number.NEGATIVE_INFINITY;
  let isClosed = false;

  function open(): void {
    triedMs = nowMs();
    try {
      db = openDb(options);
    } catch (error) {
      if (codeOf(error) === 'ERR_DATABASE_MISSING') throw error;
      if (isDamage(error)) remake(error);
      else tell('cannot be opened', error);
    }
  }

  function remake(cause: unknown): void {
    counts.remade++;
    tell('is damaged; it is moved aside and begun anew', cause);
    close();
    try {
      for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
      renameSync(file, `${file}.damaged`);
      db = openDb(options);
    } catch (error) {
      tell('cannot be made anew', error);
    }
  }

  function use<T>(work: (db: HistoryDb) => T, otherwise: T): T {
    if (db === null && !isClosed && Math.abs(nowMs() - triedMs) >= RETRY_MS) open();
    try {
      if (db !== null) return work(db);
    } catch (error) {
      if (isDamage(error)) remake(error);
      else tell('could not be used', error);
    }
    counts.failed++;
    return otherwise;
  }

  function tell(what: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    log.warn(`the history of rounds ${what}`, { file, why });
  }

  function close(): void {
    try {
      db?.raw.close();
    } catch (error) {
      tell('could not be closed', error);
    }
    db = null;
  }

  open();
  return {
    use,
    counts,
    close() {
      isClosed = true;
      close();
    },
  };
}

function openDb({ file, bytesMax }: HistoryFileOptions): HistoryDb {
  const raw = openSqlite(file);
  try {
    prepareFile(raw, bytesMax);
    return {
      raw,
      append: raw.prepare(
        'insert into rounds (probeId, atMs, fromMs, untilMs, body) values (?, ?, ?, ?, ?)',
      ),
      select: raw.prepare(
        `select body from rounds where probeId = ? and untilMs >= ? and fromMs <= ?
         order by id desc limit ?`,
      ),
      removeProbe: raw.prepare('delete from rounds where probeId = ?'),
      removeAbove: raw.prepare('delete from rounds where probeId > ?'),
      removeOld: raw.prepare(
        `delete from rounds where id in (select id from rounds order by id limit @limit)
         and (atMs < @oldMs or atMs > @futureMs)`,
      ),
      removeOldest: raw.prepare(
        'delete from rounds where id in (select id from rounds order by id limit ?)',
      ),
    };
  } catch (error) {
    raw.close();
    throw error;
  }
}

function prepareFile(raw: Database, bytesMax: number): void {
  const version = Number(raw.pragma('user_version', { simple: true }));
  if (version > VERSION) throw damage(`it has version ${version}`);
  // A power cut may cost the last seconds, never the file (https://sqlite.org/pragma.html).
  raw.pragma('synchronous = NORMAL');
  raw.pragma('journal_size_limit = 8388608');
  // Nobody else has business with this file; if somebody does, rounds are not worth a wait.
  raw.pragma('busy_timeout = 50');
  raw.exec(TABLES);
  const pageBytes = Number(raw.pragma('page_size', { simple: true }));
  // Behind the pruning, which goes by steps.
  raw.pragma(`max_page_count = ${Math.ceil((bytesMax * 1.1) / pageBytes) + 64}`);
  raw.prepare('select id from rounds order by id desc limit 1').get();
}

function damage(text: string): Error {
  return Object.assign(new Error(text), { code: 'SQLITE_NOTADB' });
}

function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  const inner = error instanceof ProbeError && error.cause !== undefined ? error.cause : error;
  const { code } = (inner ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
