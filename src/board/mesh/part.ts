import type { BoardPart, PartContext } from '../part.ts';
import type { MeshPlaces } from './places.ts';
import type { MeshSettings } from './settings.ts';
import { openTailnet } from './tailnet.ts';
import { openWireguard } from './wireguard.ts';
import { clearLeftover } from './wireguard-leftover.ts';

export interface MeshOptions {
  settings: MeshSettings;
  context: PartContext;
  places: MeshPlaces;
}

/** The part of the board that looks after its mesh, of the kind that the settings name. */
export function openMeshPart({ settings, context, places }: MeshOptions): BoardPart<'mesh'> {
  if (settings.kind === 'wireguard') return openWireguard({ settings, context, places });
  const tailnet = openTailnet({ settings, context, places });
  return {
    ...tailnet,
    async step() {
      // The board may have been on a mesh by WireGuard before.
      await clearLeftover({ context, places });
      return await tailnet.step();
    },
  };
}
