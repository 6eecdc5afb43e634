import {
  countBy,
  expectedNames,
  type Finding,
  type FleetEvent,
  type FleetFacts,
  lowest,
  MANY_LEAST,
  seriesKey,
  splitByTime,
} from './overview-facts.ts';
import { explain, type Trait } from './overview-shared.ts';

// Probes that can be heard and reach nothing that they measure: their line, not the targets.

/** A target that so many cannot reach is down by itself. */
const TARGET_DOWN_SHARE = 0.5;

/** Of one probe, or of several that have something in common. */
export function cutFindings(facts: FleetFacts, traits: readonly Trait[]): Finding[] {
  const down = new Map<string, FleetEvent[]>();
  const outages = facts.events.filter(({ kind }) => kind === 'outage');
  const perSeries = countBy(outages, seriesKey);
  const isTargetDown = (key: string): boolean => {
    const [bad, all] = [perSeries.get(key) ?? 0, facts.measured.get(key)?.length ?? 0];
    return all >= MANY_LEAST && bad >= TARGET_DOWN_SHARE * all;
  };
  for (const event of outages) {
    if (isTargetDown(seriesKey(event))) continue;
    down.set(event.probe, [...(down.get(event.probe) ?? []), event]);
  }
  const measures = seriesPerProbe(facts, isTargetDown);
  const cut = [...down].filter(([probe, events]) => {
    const count = measures.get(probe) ?? 0;
    return count >= 2 && events.length >= count;
  });
  const atMs = (events: readonly FleetEvent[]): number => lowest(events.map((e) => e.fromMs));
  const population = new Set(expectedNames(facts));
  return splitByTime(cut.map(([name, events]) => ({ name, atMs: atMs(events) }))).flatMap((group) =>
    explain({ affected: group.map(({ name }) => name), population, traits }).flatMap((part) =>
      (part.shared === null ? part.probes.map((probe) => [probe]) : [part.probes]).map((probes) => {
        const events = probes.flatMap((probe) => down.get(probe) ?? []);
        const targets = new Set(events.map(({ target }) => target)).size;
        return { kind: 'cut' as const, probes, fromMs: atMs(events), targets, shared: part.shared };
      }),
    ),
  );
}

function seriesPerProbe(
  { measured }: FleetFacts,
  isLeftOut: (key: string) => boolean,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [key, probes] of measured) {
    if (isLeftOut(key)) continue;
    for (const probe of probes) counts.set(probe, (counts.get(probe) ?? 0) + 1);
  }
  return counts;
}
