// The probe's part of the state directory, and whose it is.
const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { ProbeError } from '../core/error.ts';
import type { Identity } from '../engine/privileges.ts';

/** What flint keeps in a state directory, of all its programs. */
const OURS = ['rounds', 'agent', 'push', 'control', 'up', 'run'];

/**
 * Makes the directory (0700) and `rounds` in it, whose path it returns. While still root it gives
 * `rounds` to the identity that will write there. The directory stays root's, since the agent may
 * keep the key of the board beside, and lets the identity through (0711); one that holds anything
 * but our own, a home, stays as it is. Throws ERR_STATE_IO.
 */
export function prepareState(directory: string, identity: Identity | null): string {
  const rounds = path.resolve(directory, 'rounds');
  try {
    const made = fs.mkdirSync(rounds, { recursive: true, mode: 0o700 });
    if (identity !== null) {
      const files = fs.readdirSync(rounds).map((name) => path.join(rounds, name));
      handOver(identity, [rounds, ...files]);
      for (const one of chainFrom(made, path.dirname(rounds))) letThrough(one);
      if (isOurs(path.dirname(rounds))) letThrough(path.dirname(rounds));
    }
    return rounds;
  } catch (cause) {
    throw unprepared(`the state directory ${directory}`, '--state', cause);
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
    throw unprepared(`the run directory ${directory}`, '--run', cause);
  }
}

function unprepared(what: string, option: string, cause: unknown): ProbeError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `${what} cannot be prepared (${why}): choose one with ${option}`;
  return new ProbeError('ERR_STATE_IO', message, { cause });
}

/** The directories from the first that was made down to the last; none if it is not below. */
function chainFrom(first: string | undefined, last: string): string[] {
  if (first === undefined || !`${last}/`.startsWith(`${first}/`)) return [];
  return last === first ? [last] : [...chainFrom(first, path.dirname(last)), last];
}

function isOurs(directory: string): boolean {
  return fs.readdirSync(directory).every((name) => OURS.includes(name));
}

/** Who knows a name in it may go there; nobody else reads or writes it. */
function letThrough(directory: string): void {
  const mode = fs.statSync(directory).mode & 0o777;
  if ((mode & 0o011) !== 0o011) fs.chmodSync(directory, mode | 0o011);
}

/** Links themselves are given, not what they point to, and only what is another's. */
function handOver({ uid, gid }: Identity, paths: readonly string[]): void {
  for (const one of paths) {
    const stats = fs.lstatSync(one);
    if (stats.uid !== uid || stats.gid !== gid) fs.lchownSync(one, uid, gid);
  }
}
