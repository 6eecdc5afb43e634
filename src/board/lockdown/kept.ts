const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import * as v from 'valibot';
import { IP, TIME_MS } from '../../core/wire.ts';
import { readWhole, writeWhole } from '../../host/file.ts';
import { SET_NAMES, type SetName } from './sets.ts';
import { LOCKDOWN_SETTINGS } from './settings.ts';

// What the lockdown remembers: what it was asked for last (for a boot with settings that nobody can
// read), whom the board must reach (for a boot without a network), and how the kernel listed the
// rules when they were loaded (for telling that somebody changed them).

const TEXT = v.pipe(v.string(), v.maxLength(1000));
const TEXTS = v.pipe(v.array(TEXT), v.maxLength(4096));
const PORT = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));

const LEARNED = v.object({
  gateways: TEXTS,
  resolvers: TEXTS,
  timeServers: TEXTS,
  leaseServers: TEXTS,
  near: TEXTS,
  names: v.pipe(v.array(v.object({ host: TEXT, address: IP, seenMs: TIME_MS })), v.maxLength(4096)),
});

const WANTED = v.object({
  mesh: v.nullable(
    v.object({
      kind: v.picklist(['tailscale', 'wireguard']),
      interface: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]{1,15}$/)),
      port: v.nullable(PORT),
      ranges: TEXTS,
    }),
  ),
  readers: TEXTS,
  endpoints: v.array(v.object({ host: TEXT, port: PORT, protocol: v.picklist(['tcp', 'udp']) })),
});

const SETS = v.object(
  Object.fromEntries(SET_NAMES.map((name) => [name, TEXTS])) as Record<SetName, typeof TEXTS>,
);

const KEPT = v.object({
  schema: v.literal(1),
  basis: v.nullable(v.object({ settings: LOCKDOWN_SETTINGS, wanted: WANTED })),
  learned: LEARNED,
  applied: v.nullable(
    v.object({
      atMs: TIME_MS,
      /** Of the kernel's life: rules do not outlive it. */
      bootId: TEXT,
      /** Of the nft whose words the structure is in. */
      version: TEXT,
      mark: TEXT,
      structure: TEXTS,
      sets: SETS,
    }),
  ),
});

export type Kept = v.InferOutput<typeof KEPT>;
export type Applied = NonNullable<Kept['applied']>;

export const NOTHING_KEPT: Kept = {
  schema: 1,
  basis: null,
  learned: {
    gateways: [],
    resolvers: [],
    timeServers: [],
    leaseServers: [],
    near: [],
    names: [],
  },
  applied: null,
};

const BYTES_MAX = 1 << 20;

export function keptFile(stateDirectory: string): string {
  return path.join(stateDirectory, 'kept.json');
}

/** What was kept; nothing when there is none, or none that can be believed: then `trouble` says. */
export function loadKept(stateDirectory: string): { kept: Kept; trouble: string | null } {
  const file = keptFile(stateDirectory);
  try {
    const text = readWhole(file, { bytesMax: BYTES_MAX, owners: [process.getuid?.() ?? 0, 0] });
    if (text === null) return { kept: NOTHING_KEPT, trouble: null };
    return { kept: v.parse(KEPT, JSON.parse(text)), trouble: null };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return { kept: NOTHING_KEPT, trouble: `${file} is of no use: ${why.slice(0, 200)}` };
  }
}

/** False on a disk that is mounted read-only: what was kept there may be of an earlier network. */
export function isKeeping(stateDirectory: string): boolean {
  try {
    fs.accessSync(stateDirectory, fs.constants.W_OK);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = path.dirname(stateDirectory);
    // Where it could not even be made.
    return code === 'ENOENT' && above !== stateDirectory ? isKeeping(above) : code !== 'EROFS';
  }
}

/** Throws ERR_STATE_IO. */
export function saveKept(stateDirectory: string, kept: Kept): void {
  writeWhole(keptFile(stateDirectory), `${JSON.stringify(kept)}\n`);
}
