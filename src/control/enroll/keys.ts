// API keys of bound probes: the one in use, and one that was given and not yet used, because its
// answer may be lost. `touchKey` ends the first when the second is used.

import type { ControlDb } from '../store/db.ts';

/**
 * Notes a new key of the probe. Of those before it the one most likely in use stays alive; true
 * when one that was in use did not.
 */
export type AddKey = (probeId: number, keySha256: string, nowMs: number) => boolean;

interface KeyRow {
  keySha256: string;
  usedMs: number | null;
}

export function keyAdder(raw: ControlDb['raw']): AddKey {
  const known = raw.prepare(
    `select keySha256, usedMs from probe_keys where probeId = ?
     order by usedMs is null, usedMs desc, createdMs desc`,
  );
  const remove = raw.prepare('delete from probe_keys where keySha256 = ?');
  const add = raw.prepare(
    'insert into probe_keys (keySha256, probeId, createdMs, usedMs) values (?, ?, ?, null)',
  );
  return (probeId, keySha256, nowMs) => {
    const [, ...others] = known.all(probeId) as KeyRow[];
    for (const other of others) remove.run(other.keySha256);
    add.run(keySha256, probeId, nowMs);
    return others.some(({ usedMs }) => usedMs !== null);
  };
}
