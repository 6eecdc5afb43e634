import { cutFindings } from './overview-cut.ts';
import { eventFindings } from './overview-event.ts';
import {
  type EventFinding,
  type Finding,
  type FleetFacts,
  type FleetSeries,
  TOGETHER_MS,
} from './overview-facts.ts';
import { silentFindings } from './overview-silent.ts';
import { traitsOf } from './overview-trait.ts';

// What hurts in the fleet, said once for all probes that it hurts. Events of single probes are put
// together by target and time, then by what the probes have in common: a new router, a source
// prefix, a place, a group, a version.

export type {
  EventFinding,
  Finding,
  FleetEvent,
  FleetFacts,
  FleetPath,
  FleetProbe,
  FleetSeries,
} from './overview-facts.ts';
export { seriesKey } from './overview-facts.ts';
export type { Shared, SharedKind } from './overview-shared.ts';

/** Worst first: silence, lines that are cut, outages, latency, paths; many probes before few. */
export function findTrouble(facts: FleetFacts): Finding[] {
  const traits = traitsOf(facts.probes);
  const cuts = cutFindings(facts, traits);
  const isCut = new Set(cuts.flatMap(({ probes }) => probes));
  const events = facts.events.filter(({ kind, probe }) => kind !== 'outage' || !isCut.has(probe));
  return [
    ...silentFindings(facts, traits),
    ...cuts,
    ...withoutTold(eventFindings(events, facts, traits)),
  ].sort((a, b) => RANK[a.kind] - RANK[b.kind] || b.probes.length - a.probes.length);
}

const RANK: Record<Finding['kind'], number> = { silent: 0, cut: 1, outage: 2, shift: 3, path: 4 };

/** A path that changed is not told again where what it did to the latency is told. */
function withoutTold(findings: readonly EventFinding[]): EventFinding[] {
  const shifts = findings.filter(({ kind }) => kind === 'shift');
  return findings.filter(
    (path) =>
      path.kind !== 'path' ||
      !shifts.some(
        (shift) =>
          Math.abs(shift.fromMs - path.fromMs) <= TOGETHER_MS &&
          path.series.every((one) => shift.series.some((other) => isSame(one, other))) &&
          path.probes.every((probe) => shift.probes.includes(probe)),
      ),
  );
}

function isSame(one: FleetSeries, other: FleetSeries): boolean {
  return one.target === other.target && one.family === other.family;
}
