// What is known of paths, kept in a file of the state directory: a path that changes while the
// probe is off is a change all the same. Lost with the file is no more than that, so it is not
// trusted: a file that this version would not have written, to the last value, is left aside.
import { parseAddress } from '../core/address.ts';
import type { HopMemory } from '../core/hop-identity.ts';
import type { Path } from '../core/path.ts';
import type { PathMemory } from '../core/path-identity.ts';
import type { KeptPath } from '../measure/paths-entry.ts';
import { startSlice } from './time-slice.ts';

const fs = process.getBuiltinModule('node:fs');
const { join } = process.getBuiltinModule('node:path');

const FILE = 'paths.json';
const VERSION = 1;
/** Some thousand paths; what does not fit is not kept. */
const BYTES_MAX = 8 * 1_048_576;
const PART_LENGTH = 65_536;
const PATHS_MAX = 8192;
const HOPS_MAX = 256;
const ALTERNATES_MAX = 64;
const KEY_LENGTH_MAX = 2048;

/** Empty when there is none, or none that can be read; then `onFault` is told why. */
export function readKeptPaths(directory: string, onFault: (reason: string) => void): KeptPath[] {
  const path = join(directory, FILE);
  try {
    const stats = fs.statSync(path);
    if (!stats.isFile()) throw new Error('no file');
    if (stats.size > BYTES_MAX) throw new Error(`larger than ${BYTES_MAX} bytes`);
    const document: unknown = JSON.parse(fs.readFileSync(path, 'utf8'));
    const paths = pathsOf(document);
    if (paths === null) throw new Error('not what this version writes');
    return paths;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const why = error instanceof Error ? error.message : String(error);
    onFault(`${path} is left aside, paths are learnt anew: ${why}`);
    return [];
  }
}

/**
 * All or nothing, also when the power fails. Returns how many there was room for; rejects with the
 * error of the kernel. Not to be called again before it is done.
 */
export async function writeKeptPaths(
  directory: string,
  paths: Iterable<KeptPath>,
): Promise<{ written: number; leftOut: number }> {
  const path = join(directory, FILE);
  const draft = `${path}.new`;
  const counts = { written: 0, leftOut: 0 };
  try {
    const handle = await fs.promises.open(draft, 'w', 0o600);
    try {
      for await (const part of partsOf(paths, counts)) await handle.writeFile(part);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await fs.promises.rename(draft, path);
  } catch (error) {
    // On a full disk, what there is of it takes the room of something else.
    await fs.promises.rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
  return counts;
}

/** Path by path, because thousands of them would hold up the tick. */
async function* partsOf(
  paths: Iterable<KeptPath>,
  counts: { written: number; leftOut: number },
): AsyncGenerator<string> {
  const slice = startSlice();
  let bytes = 64;
  let text = `{"version":${VERSION},"paths":[`;
  for (const one of paths) {
    if (slice.isOver()) await slice.next();
    const part = JSON.stringify(one);
    // All that is in it is ASCII.
    if (bytes + part.length + 2 > BYTES_MAX || counts.written === PATHS_MAX) {
      counts.leftOut++;
      continue;
    }
    bytes += part.length + 2;
    text += `${counts.written++ === 0 ? '\n' : ',\n'}${part}`;
    if (text.length < PART_LENGTH) continue;
    yield text;
    text = '';
  }
  yield `${text}\n]}\n`;
}

function pathsOf(document: unknown): KeptPath[] | null {
  if (!isRecord(document) || document['version'] !== VERSION) return null;
  const { paths } = document;
  return isListOf(paths, isKeptPath, PATHS_MAX) ? (paths as KeptPath[]) : null;
}

function isKeptPath(value: unknown): value is KeptPath {
  if (!isRecord(value)) return false;
  const { key, ip, sinceMs, memory } = value;
  const isKey = typeof key === 'string' && key.length <= KEY_LENGTH_MAX;
  return isKey && isAddress(ip) && (sinceMs === null || isCount(sinceMs)) && isMemory(memory);
}

function isMemory(value: unknown): value is PathMemory {
  if (!isRecord(value)) return false;
  const { firstTtl, hops, told, pending } = value;
  return (
    firstTtl === 1 &&
    isListOf(hops, isHop, HOPS_MAX) &&
    (told === null || isPath(told)) &&
    (pending === null ||
      (isRecord(pending) && isCount(pending['atMs']) && isCount(pending['traces'])))
  );
}

function isPath(value: unknown): value is Path {
  if (!isRecord(value)) return false;
  const { hash, reached, hops } = value;
  if (typeof hash !== 'string' || !/^[0-9a-f]{16}$/.test(hash)) return false;
  return typeof reached === 'boolean' && isListOf(hops, isStep, HOPS_MAX) && hops.length > 0;
}

function isStep(value: unknown, index: number): boolean {
  if (!isRecord(value) || value['ttl'] !== index + 1) return false;
  return value['ip'] === null || isAddress(value['ip']);
}

function isHop(value: unknown): value is HopMemory {
  if (!isRecord(value)) return false;
  const { current, currentSeen, candidate, alternates, traces } = value;
  return (
    (current === null || isToken(current)) &&
    isCount(currentSeen) &&
    (candidate === null || isCandidate(candidate)) &&
    isListOf(alternates, isAlternate, ALTERNATES_MAX) &&
    isCount(traces)
  );
}

function isCandidate(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return isToken(value['token']) && isCount(value['trace']) && isCount(value['atMs']);
}

function isAlternate(value: unknown): boolean {
  return isRecord(value) && isToken(value['token']) && isCount(value['seen']);
}

/** An address, marked where it is the target's (core/path-identity.ts). */
function isToken(value: unknown): boolean {
  return typeof value === 'string' && isAddress(value.replace(/!$/, ''));
}

function isAddress(value: unknown): boolean {
  return typeof value === 'string' && parseAddress(value) !== null;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isListOf(
  value: unknown,
  isOne: (one: unknown, index: number) => boolean,
  most: number,
): value is unknown[] {
  return Array.isArray(value) && value.length <= most && value.every(isOne);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
