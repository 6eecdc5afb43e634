import { isRecord } from '../../core/config-value.ts';
import { readWhole } from '../../host/file.ts';
import type { Owner } from './files.ts';
import { xxhash64 } from './xxhash64.ts';

const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

// The directory in which vmagent keeps what waits. It names the queue after the URL, so that a
// server which moves would leave behind whatever waited for it: before vmagent starts, the queue
// that holds something takes the name that vmagent will look for.

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants;
const PARENT = 'persistent-queue';
const NAME = /^1_[0-9A-F]{16}$/;
const ASIDE = /^(1_[0-9A-F]{16})\.aside\d?$/;
const ASIDES_MAX = 10;
const META_BYTES_MAX = 4096;
const FLOOR_BYTES = 64 << 20;
/** The bound moves in such steps, so that a disk that fills does not restart vmagent. */
const STEP_BYTES = 64 << 20;

/** As vmagent derives it. */
export function queueName(url: string): string {
  return `1_${xxhash64(url).toString(16).toUpperCase().padStart(16, '0')}`;
}

/** Makes the directory, for vmagent alone. Throws what the kernel says. */
export function openQueue(directory: string, { uid, gid }: Owner): void {
  const parent = path.dirname(directory);
  openWay(path.dirname(parent), uid);
  for (const one of [parent, directory]) {
    if (!isThere(one)) fs.mkdirSync(one, { mode: 0o700 });
    giveDirectory(one, { uid, gid });
  }
}

// By its descriptor: the second lies where vmagent's user may put something else in its place.
function giveDirectory(directory: string, { uid, gid }: Owner): void {
  const fd = openDirectory(directory);
  try {
    const stats = fs.fstatSync(fd);
    if (stats.uid === uid) return;
    if (stats.uid !== process.getuid?.()) {
      throw new Error(
        `${directory} belongs to user ${stats.uid}, and vmagent is ${uid}: chown mends that`,
      );
    }
    fs.fchownSync(fd, uid, gid);
  } finally {
    fs.closeSync(fd);
  }
}

function openDirectory(directory: string): number {
  try {
    return fs.openSync(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
    throw new Error(`${directory} is not a directory`);
  }
}

/** A link that leads nowhere is there, too. */
function isThere(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/**
 * Gives the fullest queue the name for this URL, unless that one holds something itself. Nothing is
 * ever removed. Null when there was nothing to do, else the bytes that came along.
 */
export function adoptQueue(directory: string, url: string): number | null {
  const parent = path.join(directory, PARENT);
  if (!isDirectory(parent)) return null;
  const wanted = queueName(url);
  recoverAsides(parent);
  if (waitingBytes(path.join(parent, wanted)) > 0) return null;
  const others = fs
    .readdirSync(parent)
    .filter((name) => NAME.test(name) && name !== wanted && isDirectory(path.join(parent, name)))
    .map((name) => ({ name, bytes: waitingBytes(path.join(parent, name)) }))
    .sort((a, b) => b.bytes - a.bytes);
  const [fullest] = others;
  if (fullest === undefined || fullest.bytes === 0) return null;
  swap(path.join(parent, wanted), path.join(parent, fullest.name));
  return fullest.bytes;
}

/** What may wait: no more than half of what the disk could give. */
export function boundQueue(bytesMax: number, directory: string): number {
  const { bavail, bsize } = fs.statfsSync(directory);
  const half = (bavail * bsize + usedBytes(path.join(directory, PARENT))) / 2;
  if (half >= bytesMax) return bytesMax;
  return Math.max(FLOOR_BYTES, Math.floor(half / STEP_BYTES) * STEP_BYTES);
}

// The state directory: others may pass through it, and read nothing.
function openWay(state: string, uid: number): void {
  if (!fs.existsSync(state)) fs.mkdirSync(state, { recursive: true, mode: 0o711 });
  const stats = fs.lstatSync(state);
  const isOwn = stats.uid === process.getuid?.();
  if (isOwn && stats.uid !== uid && (stats.mode & 0o001) === 0) {
    fs.chmodSync(state, (stats.mode & 0o777) | 0o011);
  }
}

function swap(wanted: string, other: string): void {
  const aside = freeName(other);
  const isThere = fs.existsSync(wanted);
  if (isThere) fs.renameSync(wanted, aside);
  fs.renameSync(other, wanted);
  if (isThere) fs.renameSync(aside, other);
}

// A kill in the middle leaves one: it gets the name back that it was made of, when that is free.
function recoverAsides(parent: string): void {
  for (const name of fs.readdirSync(parent)) {
    const own = ASIDE.exec(name)?.[1];
    if (own === undefined || isThere(path.join(parent, own))) continue;
    fs.renameSync(path.join(parent, name), path.join(parent, own));
  }
}

function freeName(other: string): string {
  for (let number = 0; number < ASIDES_MAX; number++) {
    const name = `${other}.aside${number === 0 ? '' : number}`;
    if (!isThere(name)) return name;
  }
  throw new Error(`${other}.aside, and ${ASIDES_MAX} more like it, are in the way`);
}

// metainfo.json: {"Name":…,"ReaderOffset":…,"WriterOffset":…}, bytes since the queue was made.
function waitingBytes(queue: string): number {
  try {
    // Its owner may have put a pipe or a link there, which would hold us for ever.
    const text = readWhole(path.join(queue, 'metainfo.json'), { bytesMax: META_BYTES_MAX });
    const meta: unknown = JSON.parse(text ?? 'null');
    if (!isRecord(meta)) return 0;
    const bytes = Number(meta['WriterOffset']) - Number(meta['ReaderOffset']);
    return Number.isFinite(bytes) && bytes > 0 ? bytes : 0;
  } catch {
    return 0;
  }
}

function usedBytes(parent: string): number {
  if (!isDirectory(parent)) return 0;
  const queues = fs.readdirSync(parent).map((name) => path.join(parent, name));
  const files = queues
    .filter(isDirectory)
    .flatMap((queue) => fs.readdirSync(queue).map((name) => path.join(queue, name)));
  return files.reduce((sum, file) => sum + sizeOf(file), 0);
}

function sizeOf(file: string): number {
  try {
    return fs.lstatSync(file).size;
  } catch {
    // It was read to its end meanwhile.
    return 0;
  }
}

function isDirectory(file: string): boolean {
  try {
    return fs.lstatSync(file).isDirectory();
  } catch {
    return false;
  }
}
