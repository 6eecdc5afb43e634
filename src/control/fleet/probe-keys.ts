// The API keys of probes. Thousands report every minute, so known ones are remembered; whoever
// changes what a key may do (disable, re-arm, remove, rename, a new key) calls forgetProbeKeys in
// or after that change. What is remembered is read again after a minute all the same.
import type { ControlContext } from '../request/context.ts';

export interface KnownProbe {
  id: number;
  name: string;
  keySha256: string;
}

interface Cache {
  byKey: Map<string, { probe: KnownProbe; readMs: number }>;
  /** Counts what was forgotten: an answer that was under way meanwhile is not remembered. */
  forgotten: number;
}

const FRESH_MS = 60_000;
const ENTRIES_MAX = 50_000;

const caches = new WeakMap<ControlContext, Cache>();

/** The probe that a key belongs to; null for an unknown key and for a disabled probe. */
export async function probeOfKey(
  context: ControlContext,
  keySha256: string,
): Promise<KnownProbe | null> {
  const cache = cacheOf(context);
  const known = cache.byKey.get(keySha256);
  const nowMs = context.nowMs();
  if (known !== undefined && Math.abs(nowMs - known.readMs) < FRESH_MS) return known.probe;
  const before = cache.forgotten;
  const row = await read(context, keySha256);
  if (row === null || row.disabledMs !== null) {
    cache.byKey.delete(keySha256);
    return null;
  }
  const probe = { id: row.id, name: row.name, keySha256 };
  if (row.usedMs === null && !(await useFirst(context, probe))) return null;
  if (cache.forgotten === before) remember(cache, probe, nowMs);
  return probe;
}

/** All that is known of the keys of one probe is read again at its next request. */
export function forgetProbeKeys(context: ControlContext, probeId: number): void {
  const cache = cacheOf(context);
  cache.forgotten++;
  for (const [key, { probe }] of cache.byKey) {
    if (probe.id === probeId) cache.byKey.delete(key);
  }
}

function cacheOf(context: ControlContext): Cache {
  const known = caches.get(context);
  if (known !== undefined) return known;
  const made: Cache = { byKey: new Map(), forgotten: 0 };
  caches.set(context, made);
  return made;
}

function remember(cache: Cache, probe: KnownProbe, readMs: number): void {
  cache.byKey.delete(probe.keySha256);
  cache.byKey.set(probe.keySha256, { probe, readMs });
  if (cache.byKey.size <= ENTRIES_MAX) return;
  const oldest = cache.byKey.keys().next();
  if (oldest.done !== true) cache.byKey.delete(oldest.value);
}

async function read({ store }: ControlContext, keySha256: string) {
  const row = await store.db
    .selectFrom('probe_keys')
    .innerJoin('probes', 'probes.id', 'probe_keys.probeId')
    .select(['probes.id', 'probes.name', 'probes.disabledMs', 'probe_keys.usedMs'])
    .where('probe_keys.keySha256', '=', keySha256)
    .executeTakeFirst();
  return row ?? null;
}

/**
 * A key that is used for the first time has arrived, so the ones before it end. Those that were in
 * use are before it whatever the clock said when they were made. False when the key ended since.
 */
async function useFirst(context: ControlContext, probe: KnownProbe): Promise<boolean> {
  const isUsed = await context.store.write(async (db) => {
    const key = await db
      .selectFrom('probe_keys')
      .select('createdMs')
      .where('keySha256', '=', probe.keySha256)
      .executeTakeFirst();
    if (key === undefined) return false;
    await db
      .updateTable('probe_keys')
      .set({ usedMs: context.nowMs() })
      .where('keySha256', '=', probe.keySha256)
      .execute();
    await db
      .deleteFrom('probe_keys')
      .where('probeId', '=', probe.id)
      .where('keySha256', '!=', probe.keySha256)
      .where((where) =>
        where.or([where('usedMs', 'is not', null), where('createdMs', '<=', key.createdMs)]),
      )
      .execute();
    return true;
  });
  forgetOthers(cacheOf(context), probe);
  return isUsed;
}

function forgetOthers(cache: Cache, { id, keySha256 }: KnownProbe): void {
  for (const [key, { probe }] of cache.byKey) {
    if (probe.id === id && key !== keySha256) cache.byKey.delete(key);
  }
}
