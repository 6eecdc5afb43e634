const path = process.getBuiltinModule('node:path');

import type { PartOpeners } from './agent-parts.ts';
import { readKept } from './mesh/wireguard-kept.ts';
import { hasUnitFiles, pushPlaces } from './push/places.ts';

// Which module looks after which part. Each is loaded only on a board that has the part: memory is
// scarce there.

export interface PartPlaces {
  /** `<state>`, the parent of the agent's own. */
  state: string;
  /** `<run>`. */
  run: string;
  /** Where secrets.d is. */
  configDirectory: string;
}

/** For machines without any: they measure where they stand. */
export const NO_PARTS: PartOpeners = { mesh: () => null, lockdown: () => null, push: () => null };

export function partOpeners({ state, run, configDirectory }: PartPlaces): PartOpeners {
  const own = (name: string): string => path.resolve(state, 'agent', name);
  return {
    mesh({ tailnet: settings }, context) {
      const places = { state: own('mesh'), configDirectory };
      // An interface of WireGuard outlives whoever made it: switched off, or not named any more, it
      // is taken down.
      if (settings === null || !(settings.enable || settings.kind === 'wireguard')) {
        if (readKept(places.state).interface === null) return null;
        return async () => {
          const { openLeftover } = await import('./mesh/wireguard-leftover.ts');
          return openLeftover({ context, places });
        };
      }
      return async () => {
        const { openMeshPart } = await import('./mesh/part.ts');
        return openMeshPart({ settings, context, places });
      };
    },
    lockdown(all, context) {
      const { lockdown: settings } = all;
      if (settings?.enable !== true) return null;
      const places = { state: own('lockdown') };
      return async () => {
        const { openLockdownPart } = await import('./lockdown/part.ts');
        const { wantedOf } = await import('./lockdown/wanted.ts');
        return openLockdownPart({ settings, wanted: wantedOf(all), context, places });
      };
    },
    push({ push: settings }, context) {
      const places = pushPlaces(state, run);
      // So does a unit of systemd.
      if (settings?.enable !== true) {
        if (!hasUnitFiles(places)) return null;
        return async () => {
          const { openLeftover } = await import('./push/leftover.ts');
          return openLeftover({ context, places });
        };
      }
      return async () => {
        const { openPushPart } = await import('./push/part.ts');
        return openPushPart({ settings, context, places, configDirectory });
      };
    },
  };
}
