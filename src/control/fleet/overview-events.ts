// What happened lately and what is still open, of all probes, with what measures and passes where.
import {
  type FleetEvent,
  type FleetFacts,
  type FleetPath,
  seriesKey,
} from '../../core/overview.ts';
import type { Family } from '../../core/round.ts';
import type { ControlContext } from '../request/context.ts';
import type { FleetRow } from './overview-fleet.ts';
import type { Said } from './overview-reports.ts';

const RECENT_MS = 6 * 3_600_000;
const OUTAGE_MS = 7 * 86_400_000;
const EVENTS_MAX = 20_000;

export interface ReadEvent extends FleetEvent {
  fresh: readonly string[];
}

/** The newest of each kind of each series, of probes that are heard. */
export async function readEvents(
  { store, nowMs }: ControlContext,
  heard: ReadonlySet<number>,
): Promise<ReadEvent[]> {
  const now = nowMs();
  const rows = await store.db
    .selectFrom('probe_events')
    .innerJoin('probes', 'probes.id', 'probe_events.probeId')
    .select(['probeId', 'name', 'kind', 'target', 'family', 'fromMs', 'detail'])
    .where((where) =>
      where.or([
        where.and([where('kind', 'in', ['shift', 'path']), where('fromMs', '>=', now - RECENT_MS)]),
        where.and([
          where('kind', '=', 'outage'),
          where('untilMs', 'is', null),
          where('fromMs', '>=', now - OUTAGE_MS),
        ]),
      ]),
    )
    .orderBy('fromMs', 'desc')
    .limit(EVENTS_MAX)
    .execute();
  const newest = new Map<string, ReadEvent>();
  for (const { probeId, name, kind, target, family, fromMs, detail } of rows) {
    if (!heard.has(probeId) || target === null || (family !== 'v4' && family !== 'v6')) continue;
    if (kind !== 'outage' && kind !== 'shift' && kind !== 'path') continue;
    const key = `${probeId} ${kind} ${seriesKey({ target, family })}`;
    if (newest.has(key)) continue;
    newest.set(key, { probe: name, kind, target, family, fromMs, ...detailOf(kind, detail) });
  }
  return [...newest.values()];
}

function detailOf(kind: string, text: string): { deltaNs: number | null; fresh: string[] } {
  const detail = JSON.parse(text) as Record<string, unknown>;
  const { beforeNs, afterNs, before, after } = detail;
  const isShift = kind === 'shift' && typeof beforeNs === 'number' && typeof afterNs === 'number';
  const isPath = kind === 'path' && typeof before === 'string' && typeof after === 'string';
  const old = new Set(isPath ? before.split(' ') : []);
  return {
    deltaNs: isShift ? afterNs - beforeNs : null,
    fresh: isPath ? after.split(' ').filter((hop) => hop !== '*' && !old.has(hop)) : [],
  };
}

/** Put together for `findTrouble`. */
export function factsOf(
  rows: readonly FleetRow[],
  said: ReadonlyMap<number, Said>,
  events: readonly ReadEvent[],
): FleetFacts {
  const wanted = new Set(events.map(seriesKey));
  const fresh = new Map(
    events
      .filter(({ kind }) => kind === 'path')
      .map((event) => [`${event.probe} ${seriesKey(event)}`, event.fresh]),
  );
  const measured = new Map<string, string[]>();
  const paths: FleetPath[] = [];
  if (wanted.size > 0) {
    for (const { id, probe } of rows) {
      const own = said.get(id);
      if (own === undefined || !probe.isExpected || probe.isSilent) continue;
      addMeasured(measured, probe.name, own);
      paths.push(...pathsOf(own, probe.name, { wanted, fresh }));
    }
  }
  return { probes: rows.map(({ probe }) => probe), measured, events, paths };
}

/** All series, since it matters whether a probe has any that still answers. */
function addMeasured(measured: Map<string, string[]>, name: string, { series }: Said): void {
  for (const key of series) {
    const list = measured.get(key);
    if (list === undefined) measured.set(key, [name]);
    else list.push(name);
  }
}

function pathsOf(
  { paths }: Said,
  probe: string,
  { wanted, fresh }: { wanted: ReadonlySet<string>; fresh: ReadonlyMap<string, readonly string[]> },
): FleetPath[] {
  return paths
    .filter((path) => wanted.has(seriesKey(path)) && path.hops.length > 0)
    .map(
      ({ target, family, hops }: { target: string; family: Family; hops: readonly string[] }) => ({
        ...{ probe, target, family, hops },
        fresh: fresh.get(`${probe} ${seriesKey({ target, family })}`) ?? [],
      }),
    );
}
