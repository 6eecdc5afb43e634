import * as v from 'valibot';
import { LOCAL_ADDRESS, TAILNET_HOST } from '../../core/tailnet-wire.ts';
import { IP } from '../../core/wire.ts';
import { readWhole, writeWhole } from '../../host/file.ts';
import type { MeshPlaces } from './places.ts';

const path = process.getBuiltinModule('node:path');

// What must outlive the agent: the address that the control gave the board, the one that was put
// on the interface, and whether somebody took the board out of the tailnet by hand.

const KEPT = v.object({
  schema: v.literal(1),
  /** From the control; the configuration goes before it. */
  address: v.nullable(LOCAL_ADDRESS),
  hostname: v.nullable(TAILNET_HOST),
  /** Put on the interface by us. */
  applied: v.nullable(v.object({ device: v.string(), address: IP })),
  /** `flint tailnet leave`: stays out until `flint tailnet join`. */
  isLeft: v.boolean(),
});

export type TailnetKept = v.InferOutput<typeof KEPT>;

const BYTES_MAX = 4096;
const NOTHING: TailnetKept = {
  schema: 1,
  address: null,
  hostname: null,
  applied: null,
  isLeft: false,
};

/** What was kept; a file that is missing or spoilt is as none. */
export function loadKept(places: MeshPlaces): TailnetKept {
  try {
    const text = readWhole(fileOf(places), { bytesMax: BYTES_MAX });
    return text === null ? NOTHING : v.parse(KEPT, JSON.parse(text));
  } catch {
    return NOTHING;
  }
}

/** Writes what changed, if anything did. Throws ERR_STATE_IO. */
export function saveKept(places: MeshPlaces, changes: Partial<TailnetKept>): void {
  const before = loadKept(places);
  const after = { ...before, ...changes };
  if (JSON.stringify(after) === JSON.stringify(before)) return;
  writeWhole(fileOf(places), `${JSON.stringify(after)}\n`);
}

function fileOf({ state }: MeshPlaces): string {
  return path.join(state, 'tailnet.json');
}
