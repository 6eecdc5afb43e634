import { isBearer } from '../../core/push-wire.ts';
import { readWhole, removeWhole, writeWhole } from '../../host/file.ts';
import type { PushPlaces } from './places.ts';

const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

// What vmagent reads: written whole, for its group to read and for nobody else, and only when
// something changed, since vmagent looks at each of them by itself.

export interface Owner {
  /** Of vmagent; those of this process when it cannot be somebody else. */
  uid: number;
  gid: number;
}

const TEXT_BYTES_MAX = 1 << 20;
const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;

/** Makes `<run>/push` when nobody did. Throws ERR_STATE_IO and what the kernel says. */
export function openRunDirectory({ run }: PushPlaces, owner: Owner): void {
  const parent = path.dirname(run);
  if (!fs.existsSync(parent)) fs.mkdirSync(parent, { recursive: true, mode: 0o755 });
  if (!fs.existsSync(run)) fs.mkdirSync(run, { mode: DIRECTORY_MODE });
  const stats = fs.lstatSync(run);
  if (!stats.isDirectory()) throw new Error(`${run} is not a directory`);
  // One that another user owns would lead our writing where that user wants it.
  if (stats.uid !== ownUid()) throw new Error(`${run} belongs to user ${stats.uid} and not to us`);
  if (stats.gid !== owner.gid) fs.chownSync(run, ownUid(), owner.gid);
  if ((stats.mode & 0o777) !== DIRECTORY_MODE) fs.chmodSync(run, DIRECTORY_MODE);
}

/** Whether the file had to change. Throws ERR_STATE_IO and what the kernel says. */
export function keepFile(file: string, text: string, owner: Owner): boolean {
  if (readWhole(file, { bytesMax: TEXT_BYTES_MAX }) === text && hasGroup(file, owner)) return false;
  const draft = `${file}.draft`;
  fs.rmSync(draft, { force: true });
  writeWhole(draft, text, { mode: FILE_MODE, isDirectoryGiven: true });
  // Before it takes its place: vmagent must never find one that it cannot read.
  if (!hasGroup(draft, owner)) fs.chownSync(draft, ownUid(), owner.gid);
  fs.renameSync(draft, file);
  return true;
}

/** The token that vmagent reads now; null when there is none that can be one. */
export function readBearer({ bearer }: PushPlaces): string | null {
  const text = readWhole(bearer, { bytesMax: TEXT_BYTES_MAX })?.trim() ?? null;
  return text !== null && isBearer(text) ? text : null;
}

/** Whether it had to change; what cannot be a token never takes the place of one. */
export function keepBearer(places: PushPlaces, bearer: string, owner: Owner): boolean {
  if (!isBearer(bearer)) return false;
  return keepFile(places.bearer, bearer, owner);
}

export function dropFile(file: string): void {
  // Looked at first, so that nothing is written while there is nothing to remove.
  if (fs.existsSync(file)) removeWhole(file);
}

function hasGroup(file: string, { gid }: Owner): boolean {
  return fs.statSync(file).gid === gid;
}

function ownUid(): number {
  return process.getuid?.() ?? 0;
}
