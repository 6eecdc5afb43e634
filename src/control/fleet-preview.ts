// What a measurement set would mean for the fleet, shown before it is saved.

import { addCosts, arrivalsOf, type Cost, costOf, type HopsOf, NOTHING } from '../core/cost.ts';
import type { SetInput, SetPreview } from '../core/fleet.ts';
import { DEFAULT_POLICY } from '../core/policy.ts';
import { capConfig, MEASURED_KINDS } from '../core/policy-caps.ts';
import type { Db } from './db.ts';
import {
  type Assigned,
  type Runner,
  readRunners,
  type StoredSet,
  setsOf,
} from './fleet-assigned.ts';
import { byComposition, type Composed, composeFor } from './fleet-judge.ts';
import { parseReport } from './fleet-rows.ts';

export interface Previewed {
  set: StoredSet;
  before: Assigned;
  after: Assigned;
  input: SetInput;
}

const DESTINATIONS_MAX = 10;
const WARNINGS_MAX = 20;
const BYTES_PER_DAY_WARN = 1_073_741_824;
/** To one host from all probes together: beyond it its owner may well mind. */
const ARRIVALS_WARN = 50;

export async function previewOf(db: Db, previewed: Previewed): Promise<SetPreview> {
  const runners = await readRunners(db);
  const active = runners.filter(({ isDisabled }) => !isDisabled);
  const runs = (sets: readonly { id: string }[]) => sets.some(({ id }) => id === previewed.set.id);
  // Disabled ones run nothing, but must be able to when they are enabled.
  for (const { sets, runners: same } of byComposition(previewed.after, runners, runs).values()) {
    composeFor(same[0]?.name ?? '', sets);
  }
  const concerned = active.filter(({ id, groups }) => runs(setsOf(previewed.after, id, groups)));
  const fleet = sumFleet(previewed.after, active);
  const example = concerned[0];
  return {
    probes: concerned.length,
    example: example === undefined ? null : await exampleOf(db, previewed, example),
    most: fleet.most.cost,
    fleet: fleet.cost,
    destinations: fleet.destinations.slice(0, DESTINATIONS_MAX),
    warnings: warningsOf(previewed, runners, { fleet, concerned, runs }),
  };
}

interface Fleet {
  cost: Cost;
  most: { name: string; cost: Cost };
  /** The busiest first. */
  destinations: SetPreview['destinations'];
  compositions: { composed: Composed; runners: Runner[]; setIds: string[] }[];
}

function sumFleet(assigned: Assigned, runners: readonly Runner[]): Fleet {
  const fleet: Fleet = {
    cost: NOTHING,
    most: { name: '', cost: NOTHING },
    destinations: [],
    compositions: [],
  };
  const arrivals = new Map<string, number>();
  for (const { sets, runners: same } of byComposition(assigned, runners, () => true).values()) {
    const name = same[0]?.name ?? '';
    const composed = composeFor(name, sets);
    const cost = costOf(composed.config);
    fleet.cost = addCosts(fleet.cost, cost, same.length);
    if (cost.bytesPerDay > fleet.most.cost.bytesPerDay) fleet.most = { name, cost };
    for (const [host, perSecond] of arrivalsOf(composed.config)) {
      arrivals.set(host, (arrivals.get(host) ?? 0) + perSecond * same.length);
    }
    fleet.compositions.push({ composed, runners: same, setIds: sets.map(({ id }) => id) });
  }
  fleet.destinations = [...arrivals]
    .map(([host, packetsPerSecond]) => ({ host, packetsPerSecond }))
    .sort((a, b) => b.packetsPerSecond - a.packetsPerSecond || (a.host < b.host ? -1 : 1));
  return fleet;
}

async function exampleOf(
  db: Db,
  { before, after }: Previewed,
  { id, name, groups }: Runner,
): Promise<SetPreview['example']> {
  const hopsOf = await knownHops(db, id);
  const was = composeFor(name, setsOf(before, id, groups));
  const willBe = composeFor(name, setsOf(after, id, groups));
  return {
    probe: name,
    document: JSON.parse(willBe.text),
    before: costOf(was.config, hopsOf),
    after: costOf(willBe.config, hopsOf),
  };
}

/** As long as its last report says that the paths are. */
async function knownHops(db: Db, probeId: number): Promise<HopsOf> {
  const state = await db
    .selectFrom('probe_states')
    .select('report')
    .where('probeId', '=', probeId)
    .executeTakeFirst();
  const paths = state === undefined ? [] : (parseReport(state.report)?.probe?.paths ?? []);
  const hops = new Map(
    paths.map(({ host, family, hops: list }) => [`${family} ${host}`, list.length]),
  );
  return (target, family) => hops.get(`${family} ${target.host}`) ?? null;
}

interface Found {
  fleet: Fleet;
  concerned: readonly Runner[];
  runs: (sets: readonly { id: string }[]) => boolean;
}

function warningsOf(
  { input }: Previewed,
  runners: readonly Runner[],
  { fleet, concerned, runs }: Found,
): string[] {
  const warnings: string[] = [];
  if (concerned.length === 0) warnings.push('no probe would run this set');
  for (const { scope, value } of input.assignments) {
    if (scope !== 'group' || runners.some(({ groups }) => groups.includes(value))) continue;
    warnings.push(`there is no probe in the group ${value}`);
  }
  for (const { host, packetsPerSecond } of fleet.destinations) {
    if (packetsPerSecond <= ARRIVALS_WARN) break;
    warnings.push(`${host} gets ${Math.ceil(packetsPerSecond)} packets a second from the fleet`);
  }
  for (const { composed, runners: same, setIds } of fleet.compositions) {
    if (runs(setIds.map((id) => ({ id })))) warnings.push(...warningsOfOne(composed, same));
  }
  const rest = warnings.length - WARNINGS_MAX;
  if (rest <= 0) return warnings;
  return [...warnings.slice(0, WARNINGS_MAX), `and ${rest} more like these`];
}

function warningsOfOne({ config, notes }: Composed, same: readonly Runner[]): string[] {
  const others = same.length === 1 ? '' : ` and ${same.length - 1} more`;
  const who = `${same[0]?.name ?? ''}${others}`;
  const warnings = notes.map((note) => `${who}: ${note}`);
  const { bytesPerDay } = costOf(config);
  if (bytesPerDay > BYTES_PER_DAY_WARN) {
    warnings.push(`${who}: ${gibibytes(bytesPerDay)} GiB a day on each line`);
  }
  for (const sentence of capConfig(config, DEFAULT_POLICY, new Set(MEASURED_KINDS)).capped) {
    warnings.push(`${who}: the boards will hold this back: ${sentence}`);
  }
  return warnings;
}

function gibibytes(bytes: number): string {
  return (bytes / BYTES_PER_DAY_WARN).toFixed(1);
}
