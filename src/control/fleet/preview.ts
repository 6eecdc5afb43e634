// What a measurement set would mean for the fleet, shown before it is saved.

import { addCosts, arrivalsOf, type Cost, costOf, type HopsOf, NOTHING } from '../../core/cost.ts';
import type { SetInput, SetPreview } from '../../core/fleet-sets.ts';
import { DEFAULT_POLICY } from '../../core/policy.ts';
import { capConfig, MEASURED_KINDS } from '../../core/policy-caps.ts';
import type { Db } from '../store/db.ts';
import { type Assigned, type Runner, readRunners, type StoredSet, setsOf } from './assigned.ts';
import { byComposition, type Composed, composeAll, composeFor } from './judge.ts';
import { parseReport } from './rows.ts';

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
  const concerned = byComposition(previewed.after, runners, (sets) => runs(previewed.set, sets))
    .flatMap((one) => one.runners)
    .filter(({ isDisabled }) => !isDisabled);
  const fleet = await sumFleet(previewed, runners);
  const [example] = concerned;
  return {
    probes: concerned.length,
    example: example === undefined ? null : await exampleOf(db, previewed, example),
    most: fleet.most,
    fleet: fleet.cost,
    destinations: fleet.destinations.slice(0, DESTINATIONS_MAX),
    warnings: shortened([
      ...(concerned.length === 0 ? ['no probe would run this set'] : []),
      ...emptyGroups(previewed.input, runners),
      ...crowds(fleet.destinations),
      ...fleet.warnings,
    ]),
  };
}

interface Fleet {
  cost: Cost;
  /** Of the dearest probe. */
  most: Cost;
  /** The busiest first. */
  destinations: SetPreview['destinations'];
  /** Of probes that would run the set. */
  warnings: string[];
}

// Disabled probes run nothing, but must be able to when they are enabled.
async function sumFleet({ set, after }: Previewed, runners: readonly Runner[]): Promise<Fleet> {
  const fleet: Fleet = { cost: NOTHING, most: NOTHING, destinations: [], warnings: [] };
  const arrivals = new Map<string, number>();
  await composeAll(byComposition(after, runners), (composed, { sets, runners: same }) => {
    const active = same.filter(({ isDisabled }) => !isDisabled);
    if (runs(set, sets)) fleet.warnings.push(...warningsOf(composed, active));
    addTo(fleet, arrivals, { config: composed.config, count: active.length });
  });
  fleet.destinations = [...arrivals]
    .map(([host, sum]) => ({ host, packetsPerSecond: Math.round(sum * 1e6) / 1e6 }))
    .sort((a, b) => b.packetsPerSecond - a.packetsPerSecond || (a.host < b.host ? -1 : 1));
  return fleet;
}

interface Share {
  config: Composed['config'];
  count: number;
}

function addTo(fleet: Fleet, arrivals: Map<string, number>, { config, count }: Share): void {
  if (count === 0) return;
  const cost = costOf(config);
  fleet.cost = addCosts(fleet.cost, cost, count);
  if (cost.bytesPerDay > fleet.most.bytesPerDay) fleet.most = cost;
  for (const [host, perSecond] of arrivalsOf(config)) {
    arrivals.set(host, (arrivals.get(host) ?? 0) + perSecond * count);
  }
}

function runs(set: StoredSet, sets: readonly { id: string }[]): boolean {
  return sets.some(({ id }) => id === set.id);
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

function emptyGroups({ assignments }: SetInput, runners: readonly Runner[]): string[] {
  const groups = new Set(runners.flatMap((runner) => runner.groups));
  return assignments.flatMap(({ scope, value }) =>
    scope === 'group' && !groups.has(value) ? [`there is no probe in the group ${value}`] : [],
  );
}

function crowds(destinations: SetPreview['destinations']): string[] {
  return destinations.slice(0, DESTINATIONS_MAX).flatMap(({ host, packetsPerSecond }) => {
    if (packetsPerSecond <= ARRIVALS_WARN) return [];
    return [`${host} gets ${Math.ceil(packetsPerSecond)} packets a second from the fleet`];
  });
}

function warningsOf({ config, notes }: Composed, same: readonly Runner[]): string[] {
  if (same.length === 0) return [];
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

function shortened(warnings: readonly string[]): string[] {
  const rest = warnings.length - WARNINGS_MAX;
  if (rest <= 0) return [...warnings];
  return [...warnings.slice(0, WARNINGS_MAX), `and ${rest} more like these`];
}
