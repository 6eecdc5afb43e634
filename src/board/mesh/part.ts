import type { BoardPart, PartContext } from '../part.ts';
import type { MeshPlaces } from './places.ts';
import type { MeshSettings } from './settings.ts';
import { openTailnet } from './tailnet.ts';
import { openWireguard } from './wireguard.ts';

export interface MeshOptions {
  settings: MeshSettings;
  context: PartContext;
  places: MeshPlaces;
}

/** The part of the board that looks after its mesh, of the kind that the settings name. */
export function openMeshPart({ settings, context, places }: MeshOptions): BoardPart<'mesh'> {
  return settings.kind === 'wireguard'
    ? openWireguard({ settings, context, places })
    : openTailnet({ settings, context, places });
}
