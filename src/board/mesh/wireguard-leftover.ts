import type { BoardPart, PartContext, PartStep } from '../part.ts';
import { reasonOf } from '../places.ts';
import type { MeshPlaces } from './places.ts';
import { openDevice } from './wireguard-device.ts';
import { type Kept, keep, readBootId, readKept } from './wireguard-kept.ts';
import { noMesh } from './wireguard-live.ts';
import { removeForGood } from './wireguard-remove.ts';
import { findTools } from './wireguard-tools.ts';

// What is left of a WireGuard that the settings name no more: an interface outlives whoever made
// it, and the section that said what it is.

export interface LeftoverOptions {
  context: PartContext;
  places: MeshPlaces;
}

const AGAIN_MS = 60_000;
const DONE_MS = 3_600_000;

/** The part of a board without a mesh: tells for a while what became of the former one. */
export function openLeftover(options: LeftoverOptions): BoardPart<'mesh'> {
  return {
    name: 'mesh',
    async step(): Promise<PartStep<'mesh'>> {
      if (readKept(options.places.state).interface === null) {
        return { state: null, nextMs: DONE_MS, isNews: false };
      }
      const state = noMesh('stopped', await clearLeftover(options));
      return { state, nextMs: AGAIN_MS, isNews: false };
    },
    async close() {
      options.context.voice.forget('mesh leftover');
    },
  };
}

/** Takes away what is left; why that could not be done, or null. */
export async function clearLeftover({ context, places }: LeftoverOptions): Promise<string | null> {
  const kept = readKept(places.state);
  const { interface: name } = kept;
  if (name === null || context.signal.aborted) return null;
  try {
    const tools = findTools(context.env, context.signal);
    if (typeof tools === 'string') {
      // It ended with its boot: the programs that would say so may have gone with the mesh.
      if (isOfBefore(kept)) {
        keep(places.state, { interface: null, bootId: null });
        return null;
      }
      throw new Error(tools);
    }
    const device = openDevice({ onEnd: ignore, monoMs, isLasting: true });
    const removed = await removeForGood({ places, tools, device });
    context.voice.forget('mesh leftover');
    if (removed !== null) context.log.info('the former mesh was taken down', { device: removed });
    return null;
  } catch (error) {
    const reason = `the interface ${name} of the former mesh stays: ${reasonOf(error)}`;
    context.voice.trouble('mesh leftover', reason);
    return reason;
  }
}

function isOfBefore({ bootId }: Kept): boolean {
  const now = readBootId();
  return bootId !== null && now !== null && bootId !== now;
}

const monoMs = (): number => performance.now();
const ignore = (): void => undefined;
