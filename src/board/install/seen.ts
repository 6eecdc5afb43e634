const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { findProgram, runCommand } from '../../host/command.ts';
import type { Manifest } from './manifest.ts';
import { hashProgram } from './program.ts';
import type { Units } from './units.ts';
import {
  AGENT_FILE,
  bootUnits,
  COMMAND_LINK,
  CONFIG_DIRECTORY,
  type InstallWish,
  ownFiles,
  POLICY_FILE,
  wantsLinks,
} from './wish.ts';

// The machine as far as an installation is concerned with it.

export interface Seen {
  /** Text of those regular files that there are. */
  files: ReadonlyMap<string, string>;
  /** Symbolic links, and where they lead. */
  links: ReadonlyMap<string, string>;
  /** `mode user group` of those directories that there are. */
  directories: ReadonlyMap<string, string>;
  users: ReadonlySet<string>;
  /** Users with a name of ours that others made, and what is known of them. */
  foreignUsers: ReadonlyMap<string, string>;
  /** The release that is wanted, on the disk. */
  release: 'whole' | 'absent' | 'broken';
  /** All that lie below the prefix. */
  releases: readonly string[];
  /** What else lies there. */
  others: readonly string[];
  /** Units that run now. */
  active: ReadonlySet<string>;
}

const FILE_BYTES_MAX = 262_144;
const COMMAND_MS_MAX = 10_000;

/** `below` puts a path of the machine where its file system tree is. */
export type Below = (path: string) => string;

export function belowRoot(root: string | null): Below {
  return (file) => (root === null ? file : path.join(root, file));
}

/** What is there of all that the wish is about. `files` are those of the program. */
export async function lookFor(
  wish: InstallWish,
  files: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Seen> {
  const { prefix, units, root } = wish;
  const below = belowRoot(root);
  const { files: texts, links } = readPaths(pathsOf(wish), below);
  const owners = readOwners(below);
  const directories = [
    ...[CONFIG_DIRECTORY, `${CONFIG_DIRECTORY}/secrets.d`],
    ...units.directories.map(({ path: one }) => one),
  ];
  return {
    files: texts,
    links,
    directories: new Map(
      directories.flatMap((one) => {
        const found = readDirectory(below(one), owners);
        return found === null ? [] : [[one, found] as const];
      }),
    ),
    users: new Set(owners.users.values()),
    foreignUsers: foreignUsers(units, below),
    release: judgeRelease(below(`${prefix}/${wish.release}`), wish.release, files),
    ...listPrefix(below(prefix)),
    active: wish.isRunning ? await activeUnits(Object.keys(units.units), env) : new Set(),
  };
}

/** The files and links of these paths. */
export function readPaths(paths: readonly string[], below: Below) {
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  for (const one of paths) {
    const stats = fs.lstatSync(below(one), { throwIfNoEntry: false });
    if (stats?.isSymbolicLink() === true) links.set(one, fs.readlinkSync(below(one)));
    else if (stats?.isFile() === true) files.set(one, readText(below(one), stats.size));
  }
  return { files, links };
}

/** Of these the units that run. */
export async function activeUnits(
  units: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Set<string>> {
  const systemctl = findProgram('systemctl', env);
  if (systemctl === null) return new Set();
  const words = ['show', '--property=Id,ActiveState', ...units];
  const { stdout } = await runCommand(systemctl, words, { timeoutMs: COMMAND_MS_MAX, env });
  const active = stdout.split('\n\n').filter((block) => /^ActiveState=active$/m.test(block));
  return new Set(active.map((block) => /^Id=(.*)$/m.exec(block)?.[1] ?? ''));
}

/** Whether there is anything of that name, wherever it leads. */
export function isThere(seen: Pick<Seen, 'files' | 'links'>, path: string): boolean {
  return seen.files.has(path) || seen.links.has(path);
}

/** The lines of passwd and group, by number. */
export function readOwners(below: Below): {
  users: Map<number, string>;
  groups: Map<number, string>;
} {
  return { users: readNames(below('/etc/passwd')), groups: readNames(below('/etc/group')) };
}

/** Those that an installation made, and that are still there. */
export function usersOf(manifest: Manifest, units: Units, below: Below): string[] {
  const known = new Set(readOwners(below).users.values());
  const foreign = foreignUsers(units, below);
  return manifest.users.filter((name) => known.has(name) && !foreign.has(name));
}

// We give them a home that nobody else would.
function foreignUsers({ users }: Units, below: Below): Map<string, string> {
  const homes = new Map(users.map(({ name, home }) => [name, home]));
  const lines = readLines(below('/etc/passwd')).map((line) => line.split(':'));
  return new Map(
    lines
      .filter(([name = '', , , , , home]) => homes.has(name) && homes.get(name) !== home)
      .map(([name = '', , uid = '', , , home = '']) => [name, `uid ${uid}, home ${home}`]),
  );
}

function pathsOf(wish: InstallWish): string[] {
  return [
    ...[AGENT_FILE, POLICY_FILE, COMMAND_LINK, `${wish.prefix}/current`],
    ...ownFiles(wish).keys(),
    ...bootUnits(wish).flatMap((name) => wantsLinks(wish, name)),
  ];
}

function readText(file: string, bytes: number): string {
  return bytes > FILE_BYTES_MAX ? '' : fs.readFileSync(file, 'utf8');
}

function readNames(file: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of readLines(file)) {
    const [name = '', , number = ''] = line.split(':');
    if (/^[0-9]+$/.test(number)) names.set(Number(number), name);
  }
  return names;
}

function readLines(file: string): string[] {
  try {
    return fs.readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function readDirectory(
  directory: string,
  { users, groups }: ReturnType<typeof readOwners>,
): string | null {
  const stats = fs.lstatSync(directory, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true) return null;
  const user = stats.uid === 0 ? 'root' : (users.get(stats.uid) ?? stats.uid);
  const group = stats.gid === 0 ? 'root' : (groups.get(stats.gid) ?? stats.gid);
  return `${(stats.mode & 0o7777).toString(8)} ${user} ${group}`;
}

// Its name says what is in it; a card that lies shows here.
function judgeRelease(
  directory: string,
  release: string,
  files: readonly string[],
): Seen['release'] {
  if (!fs.existsSync(directory)) return 'absent';
  try {
    const { hash } = hashProgram(directory, files);
    return release.endsWith(`-${hash.slice(0, 8)}`) ? 'whole' : 'broken';
  } catch {
    return 'broken';
  }
}

// Version and hash; `.NAME.new` and `.NAME.old` of a copy that was cut off.
const RELEASE = /^\.?[0-9]+\.[0-9]+\.[0-9]+[\w.+-]*-[0-9a-f]{8}(\.new|\.old)?$/;
// Link, manifest, their drafts, and the locks of those that install.
const OWN = /^(current|install\.json|\.(current|install\.json)\.[0-9]+\.new|lock\.[\w.]+)$/;

/** The releases below a prefix, and what is neither these nor ours in any other way. */
export function listPrefix(directory: string): Pick<Seen, 'releases' | 'others'> {
  const entries = entriesOf(directory);
  const releases = entries
    .filter((entry) => entry.isDirectory() && RELEASE.test(entry.name))
    .map(({ name }) => name);
  const others = entries
    .map(({ name }) => name)
    .filter((name) => !(releases.includes(name) || OWN.test(name)));
  return { releases, others };
}

function entriesOf(directory: string) {
  try {
    return fs.readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
