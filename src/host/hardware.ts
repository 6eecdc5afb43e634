// Kinds of boards as they lie on a disk: <folder>/<slug>/profile.json. Flint's own folder comes
// with the program; a fleet may have one of its own, which stands before it: a later Flint that
// brings a board of the same slug must not change those that are out there.
const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { HARDWARE_PROFILE, type HardwareProfile } from '../core/hardware.ts';
import { SLUG } from '../core/wire.ts';
import { readWhole } from './file.ts';

/** Both src/host and dist/host lie two levels below the package. */
export const OWN_HARDWARE = fileURLToPath(new URL('../../hardware', import.meta.url));

const PROFILE_BYTES_MAX = 65_536;
const ENTRIES_MAX = 1_024;

/** `reason` names the file and what is wrong with it, and shows nothing of what is in it. */
export type FoundProfile =
  | { ok: true; profile: HardwareProfile; file: string }
  | { ok: false; isMissing: boolean; reason: string };

export type FoundSlugs =
  | { ok: true; slugs: string[] }
  | { ok: false; isMissing: boolean; reason: string };

/** Where a fleet's own kinds of boards lie, for who is configured by this file. */
export function hardwareBeside(configFile: string): string {
  return path.join(path.dirname(path.resolve(configFile)), 'hardware');
}

/** Of the first folder that has the slug, also where that one is broken. Never throws. */
export function findProfile(slug: string, folders: readonly string[]): FoundProfile {
  const nowhere = `there is no hardware profile "${slug.slice(0, 40)}" in ${folders.join(' or ')}`;
  if (!v.is(SLUG, slug)) return { ok: false, isMissing: true, reason: nowhere };
  for (const folder of folders) {
    const found = readProfileIn(folder, slug);
    if (found.ok || !found.isMissing) return found;
  }
  return { ok: false, isMissing: true, reason: nowhere };
}

/** Never throws, nor waits, whatever lies there. */
export function readProfileIn(folder: string, slug: string): FoundProfile {
  const file = path.join(folder, slug, 'profile.json');
  try {
    const text = readPlain(file);
    if (text === null) return { ok: false, isMissing: true, reason: faultOf(file, 'is not there') };
    const parsed = v.safeParse(HARDWARE_PROFILE, parseJson(text));
    if (!parsed.success) return broken(file, issueText(parsed.issues[0]));
    if (parsed.output.slug === slug) return { ok: true, profile: parsed.output, file };
    return broken(file, `slug: expected "${slug}", as its directory is called`);
  } catch (error) {
    return broken(file, `cannot be read: ${reasonOf(error)}`);
  }
}

/** Names of the directories in a folder, sorted; whether they are slugs is not judged. */
export function slugsIn(folder: string): FoundSlugs {
  try {
    const directory = fs.opendirSync(folder);
    try {
      return { ok: true, slugs: readNames(directory) };
    } finally {
      directory.closeSync();
    }
  } catch (error) {
    const isMissing = codeOf(error) === 'ENOENT';
    return { ok: false, isMissing, reason: faultOf(folder, `cannot be read: ${reasonOf(error)}`) };
  }
}

function readNames(directory: import('node:fs').Dir): string[] {
  const names: string[] = [];
  for (let count = 0; count <= ENTRIES_MAX; count++) {
    const entry = directory.readSync();
    if (entry === null) return names.sort();
    // Of a NixOS, and of who keeps a folder elsewhere, they are links.
    const isKind = entry.isDirectory() || entry.isSymbolicLink();
    if (isKind && !entry.name.startsWith('.')) names.push(entry.name);
  }
  throw new Error(`it has more than ${ENTRIES_MAX} entries`);
}

/** Null when there is no such file. A link to a file is followed; a device is not even opened. */
function readPlain(file: string): string | null {
  try {
    const stats = fs.statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return null;
    if (!stats.isFile()) throw new Error('it is not a file');
  } catch (error) {
    // A file where the directory should be: nobody's profile.
    if (codeOf(error) === 'ENOTDIR') return null;
    throw error;
  }
  return readWhole(fs.realpathSync(file), { bytesMax: PROFILE_BYTES_MAX });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // What V8 says quotes the text, which may be another file's, at the end of a link.
    const place = /line \d+ column \d+|position \d+/.exec(reasonOf(cause))?.[0];
    throw new Error(place === undefined ? 'it is not JSON' : `it is not JSON (${place})`);
  }
}

function issueText(issue: v.BaseIssue<unknown>): string {
  const key = v.getDotPath(issue);
  return key === null ? issue.message : `${key}: ${issue.message}`;
}

function broken(file: string, what: string): FoundProfile {
  return { ok: false, isMissing: false, reason: faultOf(file, what) };
}

function faultOf(file: string, what: string): string {
  return `the hardware profile ${file}: ${what}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
