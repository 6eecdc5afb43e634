import {
  type Finding,
  type FleetFacts,
  type FleetProbe,
  highest,
  lowest,
  MANY_LEAST,
  splitByTime,
} from './overview-facts.ts';
import { explain, type Part, type Shared, type Trait } from './overview-shared.ts';

// Probes that are not heard of: one line, a region, or everybody.

const EVERYBODY_SHARE = 0.8;

/** By the time at which they fell silent and by what they share. */
export function silentFindings({ probes }: FleetFacts, traits: readonly Trait[]): Finding[] {
  const expected = probes.filter(({ isExpected }) => isExpected);
  const silent = expected.filter(({ isSilent }) => isSilent);
  const byName = new Map(silent.map((probe) => [probe.name, probe]));
  const groups = splitByTime(silent.map(({ name, seenMs }) => ({ name, atMs: seenMs ?? 0 })));
  return groups.flatMap((group): Finding[] => {
    const names = group.map(({ name }) => name);
    if (names.length >= MANY_LEAST && names.length >= EVERYBODY_SHARE * expected.length) {
      return [silence(names, byName, { shared: null, isEverybody: true })];
    }
    const population = new Set(expected.map(({ name }) => name));
    const parts = explain({ affected: names, population, traits });
    return parts.flatMap((part) => silenceOf(part, byName, expected));
  });
}

type Silent = ReadonlyMap<string, FleetProbe>;

/** Those that nothing explains are told one by one, unless they are many. */
function silenceOf(part: Part, byName: Silent, expected: readonly FleetProbe[]): Finding[] {
  const { probes, shared } = part;
  if (shared !== null || probes.length > MANY_LEAST) {
    return [silence(probes, byName, { shared, isEverybody: false })];
  }
  return probes.map((name) => {
    const one = silence([name], byName, { shared: null, isEverybody: false });
    const prefix = byName.get(name)?.prefix ?? null;
    if (prefix === null) return one;
    const near = expected.filter((other) => other.prefix === prefix && other.name !== name);
    const well = near.filter(({ isSilent }) => !isSilent).length;
    return { ...one, neighbours: { prefix, well, silent: near.length - well } };
  });
}

function silence(
  probes: string[],
  byName: Silent,
  more: { shared: Shared | null; isEverybody: boolean },
): Extract<Finding, { kind: 'silent' }> {
  const times = probes.map((name) => byName.get(name)?.seenMs ?? 0);
  const [fromMs, untilMs] = [lowest(times), highest(times)];
  return { kind: 'silent', probes, fromMs, untilMs, neighbours: null, ...more };
}
