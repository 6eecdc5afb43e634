// The probe's part of the state directory, and whose it is.
const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { ProbeError } from '../core/error.ts';
import type { Identity } from '../engine/privileges.ts';

/**
 * Makes the directory (0700) and `rounds` in it, whose path it returns. While still root it gives
 * to the identity that will write there what is the probe's: what it made, what lies in `rounds`.
 * The directory itself only when nothing else lies in it, since it may be a home. Throws
 * ERR_STATE_IO.
 */
export function prepareState(directory: string, identity: Identity | null): string {
  const rounds = path.resolve(directory, 'rounds');
  try {
    const made = fs.mkdirSync(rounds, { recursive: true, mode: 0o700 });
    if (identity !== null) handOver(identity, [...chainFrom(made, rounds), ...ownPaths(rounds)]);
    return rounds;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProbeError(
      'ERR_STATE_IO',
      `the state directory ${directory} cannot be prepared (${why}): choose one with --state`,
      { cause },
    );
  }
}

/**
 * Makes the probe's part of the run directory (0755: the agent reads there) and gives it to the
 * identity that will write there. Returns its path. Throws ERR_STATE_IO.
 */
export function prepareRun(directory: string, identity: Identity | null): string {
  const own = path.resolve(directory, 'probe');
  try {
    fs.mkdirSync(own, { recursive: true, mode: 0o755 });
    const files = fs.readdirSync(own).map((name) => path.join(own, name));
    if (identity !== null) handOver(identity, [own, ...files]);
    return own;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProbeError(
      'ERR_STATE_IO',
      `the run directory ${directory} cannot be prepared (${why}): choose one with --run`,
      { cause },
    );
  }
}

/** The directories from the first that was made down to the last. */
function chainFrom(first: string | undefined, last: string): string[] {
  if (first === undefined) return [];
  const isLast = last === first || path.dirname(last) === last;
  return isLast ? [last] : [...chainFrom(first, path.dirname(last)), last];
}

function ownPaths(rounds: string): string[] {
  const directory = path.dirname(rounds);
  const isOurs = fs.readdirSync(directory).every((name) => name === path.basename(rounds));
  const files = fs.readdirSync(rounds).map((name) => path.join(rounds, name));
  return [...(isOurs ? [directory] : []), rounds, ...files];
}

/** Links themselves are given, not what they point to, and only what is another's. */
function handOver({ uid, gid }: Identity, paths: readonly string[]): void {
  for (const one of paths) {
    const stats = fs.lstatSync(one);
    if (stats.uid !== uid || stats.gid !== gid) fs.lchownSync(one, uid, gid);
  }
}
