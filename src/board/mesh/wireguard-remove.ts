import type { MeshPlaces } from './places.ts';
import type { Device } from './wireguard-device.ts';
import { type Kept, keep, readBootId, readKept } from './wireguard-kept.ts';
import { complaint, type Tools } from './wireguard-tools.ts';

// Takes down the interface that this board made, and no other: a name alone is no proof, since
// somebody may have made one of the same name after ours was gone.

export interface Removing {
  places: MeshPlaces;
  tools: Tools;
  device: Device;
}

/**
 * Takes it down, whatever the settings say now; its name, or null where there was none of ours.
 * Throws with a reason.
 */
export async function removeInterface({ places, tools, device }: Removing): Promise<string | null> {
  // What it started itself needs no proof, and may be what does not answer.
  await device.close();
  const kept = readKept(places.state);
  if (kept.interface === null || !(await isOurs(tools, kept))) return null;
  await device.remove(tools, kept.interface);
  return kept.interface;
}

/** As removeInterface, and forgets it: it is not to come back. Throws with a reason. */
export async function removeForGood(removing: Removing): Promise<string | null> {
  const name = await removeInterface(removing);
  // Only now: whoever is killed before finds it noted.
  keep(removing.places.state, { interface: null, bootId: null });
  return name;
}

/**
 * Whether the interface that is noted is there and ours: it was made in this boot, or has our key,
 * or none yet. Throws where that could not be seen.
 */
export async function isOurs(tools: Tools, kept: Kept): Promise<boolean> {
  if (kept.interface === null) return false;
  const { code, stdout, ...rest } = await tools.wg(['show', kept.interface, 'public-key']);
  if (code === null) throw new Error(`wg show: ${complaint({ code, stdout, ...rest })}`);
  if (code !== 0) return false;
  const isOfThisBoot = kept.bootId !== null && kept.bootId === readBootId();
  return isOfThisBoot || [kept.publicKey, '(none)'].includes(stdout.trim());
}
