import { ProbeError } from '../../core/error.ts';
import { findProgram, runCommand } from '../../host/command.ts';
import type { Action } from './action.ts';
import { type Manifest, manifestFile, readManifest } from './manifest.ts';
import { sha256 } from './plan-files.ts';
import { belowRoot, listPrefix, readPaths, type Seen, usersOf } from './seen.ts';
import { readUnits } from './units.ts';
import { COMMAND_LINK, CONFIG_DIRECTORY } from './wish.ts';

// Takes away what an installation brought, and no more: what an operator changed stays, and so do
// state, configuration and secrets unless they are asked for by name.

export interface RemovalFacts {
  manifest: Manifest;
  files: ReadonlyMap<string, string>;
  links: ReadonlyMap<string, string>;
  /** Of the installation's users those that there are. */
  users: readonly string[];
  /** What is below the prefix. */
  below: Pick<Seen, 'releases' | 'others'>;
  hasSystemd: boolean;
  isRunning: boolean;
  /** The lockdown is in force. */
  hasTable: boolean;
  root: string | null;
}

export interface Removal {
  actions: Action[];
  notes: string[];
}

const STATE_DIRECTORY = '/var/lib/flint';
const RUN_DIRECTORY = '/run/flint';
const COMMAND_MS_MAX = 10_000;

/** Throws ERR_NOT_FOUND where nothing was installed. */
export async function lookForRemoval(
  prefix: string,
  root: string | null,
  machine: { systemdVersion: number; isRunning: boolean; env: NodeJS.ProcessEnv },
): Promise<RemovalFacts> {
  const below = belowRoot(root);
  const manifest = readManifest(below(manifestFile(prefix)));
  if (manifest === null) {
    throw new ProbeError(
      'ERR_NOT_FOUND',
      `nothing was installed below ${prefix}: name another place with --prefix`,
    );
  }
  const paths = [...Object.keys(manifest.files), ...Object.keys(manifest.links)];
  return {
    manifest,
    ...readPaths(paths, below),
    users: usersOf(manifest, readUnits(), below),
    below: listPrefix(below(prefix)),
    hasSystemd: machine.systemdVersion > 0,
    isRunning: machine.isRunning,
    hasTable: root === null && (await hasTable(machine.env)),
    root,
  };
}

/** Pure. */
export function planRemoval(facts: RemovalFacts, isPurge: boolean): Removal {
  const { hasTable: isLocked } = facts;
  const files = removeFiles(facts);
  const program = removeProgram(facts);
  const actions: Action[] = [
    ...stopUnits(facts),
    ...files.actions,
    ...reload(facts),
    ...(isPurge ? purge(facts) : []),
    { kind: 'remove', path: RUN_DIRECTORY },
    ...program.actions,
    // Until now nobody could get in.
    ...(isLocked ? [removeTable()] : []),
  ];
  const notes = [
    ...[...files.notes, ...program.notes],
    ...(isPurge ? [] : [keptNote()]),
    ...(isLocked ? ['the lockdown ends with this: the machine answers again whoever asks'] : []),
  ];
  return { actions, notes };
}

function stopUnits({ manifest, hasSystemd, isRunning, root }: RemovalFacts): Action[] {
  if (!hasSystemd) return [];
  const at = root === null ? [] : [`--root=${root}`];
  const stop: Action = {
    kind: 'run',
    words: ['systemctl', 'stop', ...manifest.units],
    mayFail: true,
  };
  const disable: Action = {
    kind: 'run',
    words: ['systemctl', ...at, 'disable', ...manifest.units],
    mayFail: true,
  };
  return [...(isRunning ? [stop] : []), disable];
}

function reload({ hasSystemd, isRunning }: RemovalFacts): Action[] {
  if (!(hasSystemd && isRunning)) return [];
  return [{ kind: 'run', words: ['systemctl', 'daemon-reload'], mayFail: true }];
}

function removeFiles({ manifest, files, links }: RemovalFacts): Removal {
  const actions: Action[] = [];
  const notes: string[] = [];
  for (const [path, hash] of Object.entries(manifest.files)) {
    const there = files.get(path);
    if (there === undefined) continue;
    if (sha256(there) === hash) actions.push({ kind: 'remove', path });
    else notes.push(`${path} was changed by hand and stays`);
  }
  if (links.get(COMMAND_LINK) === manifest.links[COMMAND_LINK]) {
    actions.push({ kind: 'remove', path: COMMAND_LINK });
  }
  return { actions, notes };
}

// A prefix that an operator put something of his own into is not removed whole.
function removeProgram({ manifest, below }: RemovalFacts): Removal {
  const { prefix } = manifest;
  const { releases, others } = below;
  if (others.length === 0) return { actions: [{ kind: 'remove', path: prefix }], notes: [] };
  const names = ['current', ...releases, 'install.json'];
  return {
    actions: names.map((name) => ({ kind: 'remove', path: `${prefix}/${name}` })),
    notes: [`${prefix} stays: it holds what is not ours (${others.slice(0, 3).join(', ')})`],
  };
}

function purge({ users, root }: RemovalFacts): Action[] {
  const at = root === null ? [] : ['--prefix', root];
  return [
    { kind: 'remove', path: STATE_DIRECTORY },
    { kind: 'remove', path: CONFIG_DIRECTORY },
    ...users.map(
      (name): Action => ({
        kind: 'run',
        words: ['userdel', ...at, name],
        mayFail: true,
      }),
    ),
  ];
}

function keptNote(): string {
  return (
    `${CONFIG_DIRECTORY}, ${STATE_DIRECTORY} (the key of the board, rounds, what waits for the ` +
    'server) and the users stay: --purge removes them, too'
  );
}

function removeTable(): Action {
  return { kind: 'run', words: ['nft', 'delete', 'table', 'inet', 'flint'], mayFail: true };
}

async function hasTable(env: NodeJS.ProcessEnv): Promise<boolean> {
  const nft = findProgram('nft', { PATH: `${env['PATH'] ?? ''}:/usr/sbin:/sbin` });
  if (nft === null) return false;
  const words = ['list', 'table', 'inet', 'flint'];
  return (await runCommand(nft, words, { timeoutMs: COMMAND_MS_MAX, env })).code === 0;
}
