// Files that a power cut must not spoil: written beside the old one, synced, renamed over it, and
// the directory synced, so that there is always a whole one. Small ones only: all of it is
// synchronous.
const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { ProbeError } from '../core/error.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;
const PART_BYTES = 65_536;

export interface WriteOptions {
  /** Permission bits; 0600 unless said otherwise. */
  mode?: number;
  /** Must be there; else the directory of the file is made (0700). */
  isDirectoryGiven?: boolean;
}

export interface ReadOptions {
  bytesMax: number;
  /**
   * Owners whose file is believed. One that another user owns, or that group or others may write,
   * is an error: whoever may write it would speak in the owner's name.
   */
  owners?: readonly number[];
}

/** All or nothing. Throws ERR_STATE_IO; what was there before is then untouched. */
export function writeWhole(file: string, text: string, options: WriteOptions = {}): void {
  const directory = path.dirname(file);
  const draft = path.join(directory, `.${path.basename(file)}.${process.pid}.new`);
  try {
    if (options.isDirectoryGiven !== true)
      fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    fs.rmSync(draft, { force: true });
    writeSynced(draft, text, options.mode ?? 0o600);
    fs.renameSync(draft, file);
    syncDirectory(directory);
  } catch (cause) {
    discard(draft);
    throw stateError(`${file} cannot be written`, cause);
  }
}

/** Removes the file, durably. No error when there is none. Throws ERR_STATE_IO. */
export function removeWhole(file: string): void {
  try {
    fs.rmSync(file, { force: true });
    syncDirectory(path.dirname(file));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw stateError(`${file} cannot be removed`, cause);
  }
}

/** So that what was made, renamed or removed in it outlives a power cut. Throws as node does. */
export function syncDirectory(directory: string): void {
  const fd = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Why a directory could not be made, from what `mkdir` threw: making those above, too, Node says
 * ENOENT whatever kept it.
 */
export function mkdirReason(directory: string, cause: unknown): string {
  const why = cause instanceof Error ? cause.message : String(cause);
  if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') return why;
  let above = path.resolve(directory);
  while (!fs.existsSync(above) && above !== path.dirname(above)) above = path.dirname(above);
  try {
    fs.accessSync(above, fs.constants.W_OK | fs.constants.X_OK);
    return why;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EROFS') return `EROFS: ${above} is on a file system that is mounted read-only`;
    return `${code}: this user may make nothing in ${above}`;
  }
}

/** The text, or null when there is no such file. Throws ERR_STATE_IO, also when it is too large. */
export function readWhole(file: string, options: ReadOptions): string | null {
  let fd: number;
  try {
    // Without waiting: a pipe in the place of the file would hold us for ever.
    fd = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw stateError(`${file} cannot be read`, cause);
  }
  try {
    judge(fs.fstatSync(fd), options);
    return readUpTo(fd, options.bytesMax);
  } catch (cause) {
    throw stateError(`${file} cannot be read`, cause);
  } finally {
    fs.closeSync(fd);
  }
}

// Its owner may make it larger while it is read: what was seen of its size is no bound.
function readUpTo(fd: number, bytesMax: number): string {
  const parts: Buffer[] = [];
  for (let bytes = 0; ; ) {
    const part = Buffer.allocUnsafe(Math.min(PART_BYTES, bytesMax + 1 - bytes));
    const got = fs.readSync(fd, part);
    if (got === 0) return Buffer.concat(parts).toString('utf8');
    parts.push(part.subarray(0, got));
    bytes += got;
    if (bytes > bytesMax) throw new Error(`it has more than ${bytesMax} bytes`);
  }
}

function judge(stats: import('node:fs').Stats, { bytesMax, owners }: ReadOptions): void {
  if (!stats.isFile()) throw new Error('it is not a file');
  if (stats.size > bytesMax) throw new Error(`${stats.size} bytes are more than ${bytesMax}`);
  if (owners === undefined) return;
  if (!owners.includes(stats.uid)) {
    throw new Error(`it belongs to user ${stats.uid}, and only ${owners.join(' or ')} is believed`);
  }
  if ((stats.mode & 0o022) !== 0) throw new Error('others may write it (chmod go-w mends that)');
}

function writeSynced(file: string, text: string, mode: number): void {
  const fd = fs.openSync(file, 'wx', mode);
  try {
    // The umask may have taken bits away.
    fs.fchmodSync(fd, mode);
    fs.writeFileSync(fd, text);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** What is in its way is told already. */
function discard(draft: string): void {
  try {
    fs.rmSync(draft, { force: true });
  } catch {
    // Its directory is none, for example.
  }
}

function stateError(what: string, cause: unknown): ProbeError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const errno = (cause as NodeJS.ErrnoException).code;
  return new ProbeError('ERR_STATE_IO', `${what}: ${why}`, {
    cause,
    ...(errno === undefined ? {} : { errno }),
  });
}
