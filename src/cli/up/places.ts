// What `flint up` keeps below one directory, and whose it is: control, agent and probe of one
// machine, and the files by which agent and probe meet.
const { lchownSync, lstatSync, mkdirSync, readdirSync } = process.getBuiltinModule('node:fs');

import { join, resolve } from 'node:path';
import { ProbeError } from '../../core/error.ts';
import { nextIdentity } from '../../engine/privileges.ts';
import { mkdirReason, writeWhole } from '../../host/file.ts';

export interface UpPlaces {
  state: string;
  /** Where agent and probe meet. */
  run: string;
  policy: string;
  claimToken: string;
}

/** Everything that is ours in the directory; with anything else in it, it may be a home. */
const OURS = ['agent', 'control', 'rounds', 'run', 'up'];

/**
 * Makes the directories, and as root gives them to whoever the processes will run as. Throws
 * ERR_STATE_IO.
 */
export function prepareUp(directory: string): UpPlaces {
  const state = resolve(directory);
  const up = join(state, 'up');
  try {
    for (const one of [up, join(state, 'run'), join(state, 'agent'), join(state, 'control')]) {
      makeDirectory(one, state);
    }
    const places: UpPlaces = {
      state,
      run: join(state, 'run'),
      policy: join(up, 'policy.json'),
      claimToken: join(up, 'claim-token'),
    };
    handOver(state);
    // Root's own, where there is one: the daemon believes no lesser user's.
    writeWhole(places.policy, json(POLICY), { mode: 0o644 });
    return places;
  } catch (cause) {
    if (cause instanceof ProbeError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProbeError(
      'ERR_STATE_IO',
      `the state directory ${state} cannot be prepared (${why}): choose one with --state`,
      { cause },
    );
  }
}

function makeDirectory(directory: string, state: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new ProbeError(
      'ERR_STATE_IO',
      `the state directory ${state} cannot be made (${mkdirReason(directory, cause)}): ` +
        'choose another one with --state DIR',
      { cause },
    );
  }
}

/** Host, operator and control are one person here, whose own network is nobody else's business. */
const POLICY = { schema: 1, privateRanges: ['0.0.0.0/0', '::/0'] };

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function handOver(state: string): void {
  const identity = nextIdentity();
  if (identity === null) return;
  const names = readdirSync(state);
  const isOurs = names.every((name) => OURS.includes(name));
  const whole = names.filter((name) => OURS.includes(name) && name !== 'rounds');
  const paths = [...(isOurs ? [state] : []), ...whole.flatMap((name) => below(join(state, name)))];
  for (const path of paths) {
    const { uid, gid } = lstatSync(path);
    // Links are given themselves, not what they point to.
    if (uid !== identity.uid || gid !== identity.gid) lchownSync(path, identity.uid, identity.gid);
  }
}

function below(path: string): string[] {
  if (!lstatSync(path).isDirectory()) return [path];
  return [path, ...readdirSync(path).flatMap((name) => below(join(path, name)))];
}
