import {
  type EventFinding,
  expectedNames,
  type FleetEvent,
  type FleetFacts,
  lowest,
  middle,
  seriesKey,
  splitByTime,
  TOGETHER_MS,
} from './overview-facts.ts';
import { explain, type Trait } from './overview-shared.ts';
import { hopTraits } from './overview-trait.ts';

// Outages, shifts of the latency and changed paths of one target, over all probes that measure it.

/** Events of the same kind, target and time are one finding a cause. */
export function eventFindings(
  events: readonly FleetEvent[],
  facts: FleetFacts,
  traits: readonly Trait[],
): EventFinding[] {
  return merged(clustersOf(events).flatMap((cluster) => toFindings(cluster, facts, traits)));
}

/** Of one kind, series and direction, and of one time. */
function clustersOf(events: readonly FleetEvent[]): FleetEvent[][] {
  const alike = new Map<string, FleetEvent[]>();
  for (const event of events) {
    const key = `${event.kind} ${Math.sign(event.deltaNs ?? 0)} ${seriesKey(event)}`;
    const list = alike.get(key);
    if (list === undefined) alike.set(key, [event]);
    else list.push(event);
  }
  return [...alike.values()].flatMap((list) =>
    splitByTime(list.map((event) => ({ event, atMs: event.fromMs }))).map((group) =>
      group.map(({ event }) => event),
    ),
  );
}

function toFindings(
  cluster: readonly FleetEvent[],
  facts: FleetFacts,
  traits: readonly Trait[],
): EventFinding[] {
  const [first] = cluster;
  if (first === undefined) return [];
  const { kind, target, family } = first;
  const heard = new Set(expectedNames(facts));
  const measuring = (facts.measured.get(seriesKey(first)) ?? []).filter((name) => heard.has(name));
  const affected = [...new Set(cluster.map(({ probe }) => probe))];
  const population = new Set([...measuring, ...affected]);
  const hops = hopTraits(facts.paths, first);
  return explain({ affected, population, traits: [...hops, ...traits] }).map(
    ({ probes, shared }) => {
      const own = cluster.filter(({ probe }) => probes.includes(probe));
      return {
        kind,
        series: [{ target, family }],
        probes,
        of: population.size,
        fromMs: lowest(own.map(({ fromMs }) => fromMs)),
        deltaNs: middle(own.flatMap(({ deltaNs }) => deltaNs ?? [])),
        shared,
      };
    },
  );
}

/** One finding for several series that fell ill at the same probes and time for one reason. */
function merged(findings: readonly EventFinding[]): EventFinding[] {
  const whole = new Map<string, EventFinding[]>();
  for (const finding of findings) {
    const { kind, probes, shared, deltaNs } = finding;
    const cause = shared === null ? '' : `${shared.kind} ${shared.value}`;
    const key = [kind, Math.sign(deltaNs ?? 0), [...probes].sort().join(), cause].join('|');
    const list = whole.get(key) ?? [];
    const same = list.find(({ fromMs }) => Math.abs(fromMs - finding.fromMs) <= TOGETHER_MS);
    if (same === undefined) whole.set(key, [...list, { ...finding }]);
    else {
      same.series = [...same.series, ...finding.series];
      same.of = Math.max(same.of, finding.of);
      same.fromMs = Math.min(same.fromMs, finding.fromMs);
      same.deltaNs = middle([same.deltaNs, deltaNs].flatMap((value) => value ?? []));
    }
  }
  return [...whole.values()].flat();
}
