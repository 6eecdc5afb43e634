const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { ProbeError } from '../core/error.ts';
import { syncDirectory } from '../host/file.ts';
import type { LockWords } from '../host/lock.ts';

// Where the agent keeps what it must not lose, and where it meets the daemon.

/** Two at once would take each other's API keys away. */
export const AGENT_LOCK: LockWords = {
  what: 'the state of the agent',
  advice:
    'an agent enrols and reports by itself; stop that one, or choose another directory ' +
    'with --state',
};

export interface AgentPlaces {
  /** `<state>/agent`, 0700. */
  state: string;
  identity: string;
  credentials: string;
  config: string;
  clock: string;
  /** `<run>/agent`, 0755: what the daemon reads. */
  handover: string;
  handedConfig: string;
  /** How mesh, lockdown and push stand, for the daemon. */
  boardState: string;
  /** What the daemon says of itself. */
  probeReport: string;
}

export function agentPlaces(stateDirectory: string, runDirectory: string): AgentPlaces {
  const state = path.resolve(stateDirectory, 'agent');
  const handover = path.resolve(runDirectory, 'agent');
  return {
    state,
    identity: path.join(state, 'identity.pem'),
    credentials: path.join(state, 'credentials.json'),
    config: path.join(state, 'config.json'),
    clock: path.join(state, 'clock.json'),
    handover,
    handedConfig: path.join(handover, 'config.json'),
    boardState: path.join(handover, 'board.json'),
    probeReport: path.resolve(runDirectory, 'probe', 'report.json'),
  };
}

/**
 * Makes the state directory, durably, for its owner alone, and clears away the drafts of a life
 * that was cut off. For the holder of the lock. Throws ERR_STATE_IO.
 */
export function openState({ state }: AgentPlaces): void {
  guarded(state, () => {
    try {
      removeDrafts(state);
      // A key whose directory a power cut takes away is a lost key.
      syncDirectory(path.dirname(state));
    } catch (error) {
      // A disk that takes no writes any more loses none either: the board goes on with what it has.
      if ((error as NodeJS.ErrnoException).code !== 'EROFS') throw error;
    }
  });
}

/** Throws ERR_STATE_IO. */
export function makeStateDirectory({ state }: AgentPlaces): void {
  guarded(state, () => {
    fs.mkdirSync(state, { recursive: true, mode: 0o700 });
    requireOwn(state);
  });
}

/** Makes the directory that the daemon reads. Throws ERR_STATE_IO. */
export function openHandover({ handover }: AgentPlaces): void {
  guarded(handover, () => {
    const above = path.dirname(handover);
    for (const directory of [above, handover]) makeReadable(directory);
    // One that another user owns, or a link, would lead our writing where that user wants it; so
    // would one in a directory of his, in the moment after we have looked.
    requireOwn(fs.realpathSync(above), [0]);
    requireOwn(handover);
    removeDrafts(handover);
  });
}

/**
 * Text of a small file that an operator or an image put there. Throws ERR_CONFIG_INVALID, and
 * ERR_FORBIDDEN where this user may not read it.
 */
export function readGiven(file: string, bytesMax: number): string {
  try {
    const stats = fs.statSync(file);
    if (!stats.isFile()) throw new Error('it is not a file');
    if (stats.size > bytesMax) throw new Error(`${stats.size} bytes are more than ${bytesMax}`);
    return fs.readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const kind = code === 'EACCES' || code === 'EPERM' ? 'ERR_FORBIDDEN' : 'ERR_CONFIG_INVALID';
    throw new ProbeError(kind, `${file} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function makeReadable(directory: string): void {
  if (fs.existsSync(directory)) return;
  fs.mkdirSync(directory, { recursive: true, mode: 0o755 });
  // The umask may have taken bits away.
  fs.chmodSync(directory, 0o755);
}

/** `others`: who may own it besides. */
function requireOwn(directory: string, others: readonly number[] = []): void {
  const stats = fs.lstatSync(directory);
  if (!stats.isDirectory()) throw new Error('it is not a directory');
  const own = process.getuid?.();
  if (stats.uid === own || others.includes(stats.uid)) return;
  throw new Error(
    `${directory} belongs to user ${stats.uid} and not to us (${own}): chown mends that`,
  );
}

// As host/file.ts names them: `.<name>.<process>.new`.
function removeDrafts(directory: string): void {
  for (const name of fs.readdirSync(directory)) {
    if (/^\..+\.[0-9]+\.new$/.test(name)) fs.rmSync(path.join(directory, name), { force: true });
  }
}

function guarded(directory: string, run: () => void): void {
  try {
    run();
  } catch (cause) {
    throw new ProbeError(
      'ERR_STATE_IO',
      `the directory ${directory} cannot be used: ${reasonOf(cause)}`,
      { cause },
    );
  }
}
