// One process owns the state of a control. The lock is that of SQLite on a file of its own: the
// kernel ends it with the process, however that ended, and it holds between containers too.
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ProbeError } from '../../core/error.ts';
import { controlFile, loadSqlite } from './db.ts';

export interface ControlLock {
  release(): void;
}

/**
 * Makes the directory where there is none (0700). Throws ERR_CONTROL_BUSY when another process has
 * it for longer than `waitMs`, ERR_STATE_IO when it cannot be written.
 */
export function lockControl(stateDirectory: string, waitMs = 0): ControlLock {
  const file = controlFile(stateDirectory, 'lock.db');
  makePrivate(dirname(file));
  try {
    const raw = new (loadSqlite())(file, { timeout: waitMs });
    try {
      raw.exec('begin exclusive');
      chmodSync(file, 0o600);
      likeDirectory(file);
    } catch (error) {
      raw.close();
      throw error;
    }
    return { release: () => void raw.close() };
  } catch (cause) {
    throw explained(dirname(file), cause);
  }
}

/** What root makes belongs to whom the directory that it lies in belongs to. */
export function likeDirectory(path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  chownSync(path, uid, gid);
}

function makePrivate(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if ((statSync(directory).mode & 0o077) !== 0) chmodSync(directory, 0o700);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const text = `the state directory ${directory} cannot be made private: ${why}`;
    throw new ProbeError('ERR_STATE_IO', text, { cause });
  }
}

function explained(directory: string, cause: unknown): unknown {
  if (cause instanceof ProbeError) return cause;
  const { code, message } = cause as { code?: string; message?: string };
  if (code?.startsWith('SQLITE_BUSY') === true) {
    const text =
      `another flint control uses ${directory}: stop that one, or choose another directory ` +
      'with --state';
    return new ProbeError('ERR_CONTROL_BUSY', text, { cause });
  }
  const text = `the state directory ${directory} cannot be used: ${message ?? String(cause)}`;
  return new ProbeError('ERR_STATE_IO', text, { cause });
}
