// What the newest report of every probe says, as far as an overview needs it. Reports are large and
// probes many, so each report is read once, and other work gets its turn between them.
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { FleetPath } from '../../core/overview.ts';
import { seriesKey } from '../../core/overview.ts';
import type { ControlContext } from '../request/context.ts';
import { parseReport } from './rows.ts';

export interface Said {
  seenMs: number;
  /** Keys of `seriesKey` of what it measures. */
  series: readonly string[];
  paths: ReadonlyArray<Pick<FleetPath, 'target' | 'family' | 'hops'>>;
  error: string | null;
  capped: readonly string[];
}

const BATCH = 100;
const CAPPED_MAX = 3;

const CACHES = new WeakMap<ControlContext, Cache>();

interface Cache {
  said: Map<number, Said>;
  /** One refresh at a time. */
  running: Promise<void> | null;
}

/** By id of the probe; reads what is newer than what was read before. */
export async function readSaid(context: ControlContext): Promise<ReadonlyMap<number, Said>> {
  const cache = CACHES.get(context) ?? { said: new Map<number, Said>(), running: null };
  CACHES.set(context, cache);
  cache.running ??= refresh(context, cache.said).finally(() => {
    cache.running = null;
  });
  await cache.running;
  return cache.said;
}

async function refresh({ store }: ControlContext, said: Map<number, Said>): Promise<void> {
  const rows = await store.db.selectFrom('probe_states').select(['probeId', 'seenMs']).execute();
  const present = new Set(rows.map(({ probeId }) => probeId));
  for (const probeId of said.keys()) if (!present.has(probeId)) said.delete(probeId);
  const fresh = rows.filter(({ probeId, seenMs }) => said.get(probeId)?.seenMs !== seenMs);
  const words = new Map<string, string>();
  for (let at = 0; at < fresh.length; at += BATCH) {
    const ids = fresh.slice(at, at + BATCH).map(({ probeId }) => probeId);
    const batch = await store.db
      .selectFrom('probe_states')
      .select(['probeId', 'seenMs', 'report'])
      .where('probeId', 'in', ids)
      .execute();
    for (const row of batch) said.set(row.probeId, toSaid(row.seenMs, row.report, words));
    await othersTurn();
  }
}

/** `words` holds each text once: ten thousand probes pass the same routers. */
function toSaid(seenMs: number, text: string, words: Map<string, string>): Said {
  const probe = parseReport(text)?.probe ?? null;
  const once = (word: string): string => {
    const known = words.get(word);
    if (known === undefined) words.set(word, word);
    return known ?? word;
  };
  return {
    seenMs,
    series: (probe?.series ?? []).map((series) => once(seriesKey(series))),
    paths: (probe?.paths ?? []).map(({ target, family, hops }) => ({
      target: once(target),
      family,
      hops: hops.flatMap((hop) => (hop === null ? [] : once(hop))),
    })),
    error: probe?.config.error ?? null,
    capped: (probe?.config.capped ?? []).slice(0, CAPPED_MAX),
  };
}
