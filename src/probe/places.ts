// Where things live: systemd's directories when it made some, the system's for root, XDG's for a
// user.
const fs = process.getBuiltinModule('node:fs');
const os = process.getBuiltinModule('node:os');
const path = process.getBuiltinModule('node:path');

import { ProbeError } from '../core/error.ts';
import type { Identity } from '../engine/privileges.ts';

export interface PlaceRequest {
  env: Readonly<Record<string, string | undefined>>;
  isRoot: boolean;
  home: string;
}

/** The state directory: `STATE_DIRECTORY`, /var/lib/flint, or below XDG_STATE_HOME. */
export function stateDirectory({ env, isRoot, home }: PlaceRequest): string {
  // systemd gives a list when a unit asks for several; ours is the first.
  const given = env['STATE_DIRECTORY']?.split(':')[0];
  if (given !== undefined && given !== '') return given;
  if (isRoot) return '/var/lib/flint';
  const base = env['XDG_STATE_HOME'];
  return path.join(
    base?.startsWith('/') === true ? base : path.join(home, '.local/state'),
    'flint',
  );
}

export function ownStateDirectory(): string {
  return stateDirectory({
    env: process.env,
    isRoot: process.getuid?.() === 0,
    home: os.homedir(),
  });
}

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

/** What this machine calls itself: the device tree's model, or DMI's product. */
export function hardwareModel(): string | null {
  for (const file of ['/sys/firmware/devicetree/base/model', '/sys/class/dmi/id/product_name']) {
    try {
      const text = fs.readFileSync(file, 'utf8').replaceAll('\0', '').trim();
      if (text !== '') return text.slice(0, 64);
    } catch {
      // Not every machine has either.
    }
  }
  return null;
}
