// Every probe in a few words: how it is, where it is heard from, what it belongs to.
import { type ProbeHealth, SILENT_MS } from '../../core/fleet.ts';
import type { FleetProbe } from '../../core/overview.ts';
import { TROUBLE } from '../../core/report-judge.ts';
import type { ControlContext } from '../request/context.ts';
import { sourcePrefixOf } from '../request/source-prefix.ts';
import { type ActiveWindows, activeWindows, windowOf } from './maintenance.ts';

export interface FleetRow {
  id: number;
  probe: FleetProbe;
  health: ProbeHealth;
}

/** All probes, and the names of all groups. Reads no report. */
export async function readFleet(
  context: ControlContext,
): Promise<{ rows: FleetRow[]; groups: string[] }> {
  const { db } = context.store;
  const nowMs = context.nowMs();
  const windows = await activeWindows(db, nowMs);
  const labels = await db
    .selectFrom('probe_labels')
    .select(['probeId', 'value'])
    .where('kind', '=', 'group')
    .execute();
  const groupsOf = new Map<number, string[]>();
  for (const { probeId, value } of labels) {
    const own = groupsOf.get(probeId);
    if (own === undefined) groupsOf.set(probeId, [value]);
    else own.push(value);
  }
  const probes = await db
    .selectFrom('probes')
    .leftJoin('probe_states', 'probe_states.probeId', 'probes.id')
    .select(['probes.id', 'name', 'hardware', 'location', 'disabledMs'])
    .select(['seenMs', 'seenFrom', 'version', 'badness'])
    .execute();
  const rows = probes.map((row) => {
    const groups = groupsOf.get(row.id) ?? [];
    const health = healthOf(row, { nowMs, windows, groups });
    return { id: row.id, health, probe: toProbe(row, health, groups) };
  });
  return { rows, groups: [...new Set(labels.map(({ value }) => value))].sort() };
}

interface StateRow {
  id: number;
  name: string;
  hardware: string;
  location: string;
  disabledMs: number | null;
  seenMs: number | null;
  seenFrom: string | null;
  version: string | null;
  badness: number | null;
}

/** As `judge` (core/fleet-health.ts) says it with its reasons. */
function healthOf(
  row: StateRow,
  now: { nowMs: number; windows: ActiveWindows; groups: string[] },
): ProbeHealth {
  if (row.disabledMs !== null) return 'disabled';
  if (row.seenMs === null) return 'waiting';
  if (windowOf(now.windows, row.id, now.groups) !== null) return 'maintenance';
  if (now.nowMs - row.seenMs >= SILENT_MS) return 'silent';
  return (row.badness ?? 0) < TROUBLE ? 'well' : 'trouble';
}

function toProbe(row: StateRow, health: ProbeHealth, groups: string[]): FleetProbe {
  const { name, seenMs, seenFrom, location, version, hardware } = row;
  return {
    ...{ name, seenMs, groups, location, version },
    hardware: hardware === 'generic' ? '' : hardware,
    isSilent: health === 'silent',
    isExpected: health === 'well' || health === 'trouble' || health === 'silent',
    isWell: health === 'well',
    prefix: seenFrom === null ? null : prefixOf(seenFrom),
  };
}

/** Nothing is common to those that share a loopback address. */
function prefixOf(seenFrom: string): string | null {
  const prefix = sourcePrefixOf(seenFrom);
  return prefix === 'unknown' || /^(127\.|::\/|::1)/.test(prefix) ? null : prefix;
}

export function countsOf(rows: readonly FleetRow[]): Record<ProbeHealth, number> {
  const counts = { well: 0, trouble: 0, silent: 0, waiting: 0, disabled: 0, maintenance: 0 };
  for (const { health } of rows) counts[health]++;
  return counts;
}
