import type { FleetPath, FleetProbe, FleetSeries } from './overview-facts.ts';
import { SHARED_KINDS, type Trait } from './overview-shared.ts';

// Traits that may explain why some probes are in trouble and others are not.

/** What probes have in common by themselves. */
export function traitsOf(probes: readonly FleetProbe[]): Trait[] {
  const holders = new Map<string, Set<string>>();
  const note = (kind: string, value: string | null, name: string): void => {
    if (value === null || value === '') return;
    const key = `${kind} ${value}`;
    const set = holders.get(key);
    if (set === undefined) holders.set(key, new Set([name]));
    else set.add(name);
  };
  for (const probe of probes) {
    if (!probe.isExpected) continue;
    note('prefix', probe.prefix, probe.name);
    note('location', probe.location, probe.name);
    note('hardware', probe.hardware, probe.name);
    note('version', probe.version, probe.name);
    for (const group of probe.groups) note('group', group, probe.name);
  }
  return [...holders].flatMap(([key, set]) => toTrait(key, set, { isFresh: false, known: null }));
}

/** Routers on their way to one series, of those whose way is known. */
export function hopTraits(paths: readonly FleetPath[], series: FleetSeries): Trait[] {
  const known = new Set<string>();
  const holders = new Map<string, { set: Set<string>; isFresh: boolean }>();
  for (const { probe, target, family, hops, fresh } of paths) {
    if (target !== series.target || family !== series.family) continue;
    known.add(probe);
    for (const hop of new Set(hops)) {
      const entry = holders.get(hop) ?? { set: new Set<string>(), isFresh: false };
      entry.set.add(probe);
      entry.isFresh ||= fresh.includes(hop);
      holders.set(hop, entry);
    }
  }
  return [...holders].flatMap(([hop, { set, isFresh }]) =>
    toTrait(`hop ${hop}`, set, { isFresh, known }),
  );
}

function toTrait(
  key: string,
  holders: ReadonlySet<string>,
  more: Pick<Trait, 'isFresh' | 'known'>,
): Trait[] {
  if (holders.size < 2) return [];
  const blank = key.indexOf(' ');
  const kind = SHARED_KINDS.find((name) => name === key.slice(0, blank));
  return kind === undefined ? [] : [{ kind, value: key.slice(blank + 1), holders, ...more }];
}
