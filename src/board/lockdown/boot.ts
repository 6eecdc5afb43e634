import * as v from 'valibot';
import type { AgentSettings } from '../agent-config.ts';
import { reasonOf } from '../places.ts';
import { loadKept } from './kept.ts';
import { LOCKDOWN_SETTINGS, type LockdownSettings } from './settings.ts';
import { type LockdownWanted, wantedOf } from './wanted.ts';

// By which settings the board is shut while it starts. Settings that nobody can read leave it as
// shut as it was, and a board that never had any, shut to all: a file that was cut off must not
// open it.

export type Basis =
  | { kind: 'off' }
  | {
      kind: 'settings' | 'kept' | 'closed';
      settings: LockdownSettings;
      wanted: LockdownWanted;
      /** Why it is not the settings. */
      reason: string | null;
    };

/** Throws what reading the settings threw, unless `isBoot`. */
export function basisOf(load: () => AgentSettings, stateDirectory: string, isBoot: boolean): Basis {
  let read: AgentSettings;
  try {
    read = load();
  } catch (error) {
    if (!isBoot) throw error;
    return fallback(stateDirectory, reasonOf(error));
  }
  const { lockdown } = read;
  if (lockdown?.enable !== true) return { kind: 'off' };
  return { kind: 'settings', settings: lockdown, wanted: wantedOf(read), reason: null };
}

function fallback(stateDirectory: string, reason: string): Basis {
  const { basis } = loadKept(stateDirectory).kept;
  if (basis !== null) return { kind: 'kept', ...basis, reason };
  return closed(reason);
}

/** Shut to all. */
export function closed(reason: string): Exclude<Basis, { kind: 'off' }> {
  return {
    kind: 'closed',
    settings: v.parse(LOCKDOWN_SETTINGS, {}),
    wanted: { mesh: null, readers: [], endpoints: [] },
    reason,
  };
}
