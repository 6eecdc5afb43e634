// What do those have in common that are in trouble? An answer is claimed only where it would be odd
// for it to be a coincidence: all of a part share it, (nearly) none of the others do, and as many
// of one kind would hardly have been drawn by chance from the fleet. Better to say nothing than to
// send somebody to the wrong cabinet.

export const SHARED_KINDS = ['hop', 'prefix', 'location', 'group', 'hardware', 'version'] as const;
export type SharedKind = (typeof SHARED_KINDS)[number];

export interface Shared {
  kind: SharedKind;
  value: string;
  /** A hop that was not on their path before. */
  isFresh: boolean;
  /** Those outside of the part of which it is known, and how many of them share it as well. */
  others: number;
  exceptions: number;
}

/** Some of those in trouble; `shared` is null for what nothing explains. */
export interface Part {
  probes: string[];
  shared: Shared | null;
}

/** One thing that probes may have in common, and all that have it. */
export interface Trait {
  kind: SharedKind;
  value: string;
  isFresh: boolean;
  holders: ReadonlySet<string>;
  /** Those of whom it is known whether they share it; null for all. */
  known: ReadonlySet<string> | null;
}

export interface Question {
  affected: readonly string[];
  population: ReadonlySet<string>;
  traits: readonly Trait[];
}

const PARTS_MAX = 5;
const PROBES_LEAST = 2;
/** Of the size of the part: so many others may share it. */
const EXCEPTIONS_SHARE = 0.1;
/** For the whole question, however many traits are asked about (Bonferroni). */
const CHANCE_MOST = 0.02;

/** Parts with a common trait, the largest first; last those without, if any. */
export function explain(question: Question): Part[] {
  const parts: Part[] = [];
  let rest = question;
  while (parts.length < PARTS_MAX && rest.affected.length >= PROBES_LEAST) {
    const found = best(rest);
    if (found === null) break;
    parts.push(found);
    const told = new Set(found.probes);
    rest = {
      traits: rest.traits,
      affected: rest.affected.filter((probe) => !told.has(probe)),
      population: new Set([...rest.population].filter((probe) => !told.has(probe))),
    };
  }
  if (rest.affected.length > 0) parts.push({ probes: [...rest.affected], shared: null });
  return parts;
}

interface Candidate {
  trait: Trait;
  probes: string[];
  /** In the population, of which only those count of whom it is known. */
  holders: number;
  population: number;
  drawn: number;
}

function best({ affected, population, traits }: Question): Part | null {
  const sizes = new Map<Trait['known'], { population: number; drawn: number }>();
  const sizesOf = (known: Trait['known']): { population: number; drawn: number } => {
    const counted = sizes.get(known) ?? {
      population: countIn(population, known),
      drawn: countIn(affected, known),
    };
    sizes.set(known, counted);
    return counted;
  };
  const candidates = traits.flatMap((trait): Candidate[] => {
    const probes = affected.filter((probe) => trait.holders.has(probe));
    if (probes.length < PROBES_LEAST) return [];
    const holders = countIn(trait.holders, population);
    return [{ trait, probes, holders, ...sizesOf(trait.known) }];
  });
  const chanceMost = CHANCE_MOST / Math.max(1, candidates.length);
  const [first] = candidates
    .filter((one) => isTelling(one, chanceMost))
    .sort(
      (a, b) =>
        b.probes.length - a.probes.length ||
        Number(b.trait.isFresh) - Number(a.trait.isFresh) ||
        a.holders - b.holders ||
        SHARED_KINDS.indexOf(a.trait.kind) - SHARED_KINDS.indexOf(b.trait.kind),
    );
  if (first === undefined) return null;
  const { kind, value, isFresh } = first.trait;
  const others = first.population - first.probes.length;
  const exceptions = first.holders - first.probes.length;
  return { probes: first.probes, shared: { kind, value, isFresh, others, exceptions } };
}

function isTelling(candidate: Candidate, chanceMost: number): boolean {
  const { trait, probes, holders, population, drawn } = candidate;
  const exceptions = holders - probes.length;
  if (exceptions > Math.floor(EXCEPTIONS_SHARE * probes.length)) return false;
  // What the whole fleet shares tells nobody apart.
  if (population - holders < 1) return false;
  // They moved there at that moment: that is no coincidence that needs to be ruled out.
  if (trait.isFresh) return true;
  return chanceOf({ population, holders, drawn }, probes.length) <= chanceMost;
}

function countIn(list: Iterable<string>, known: ReadonlySet<string> | null): number {
  let count = 0;
  for (const one of list) if (known === null || known.has(one)) count++;
  return count;
}

/** Chance that at least `hits` of the drawn are holders (hypergeometric distribution). */
export function chanceOf(
  draw: { population: number; holders: number; drawn: number },
  hits: number,
): number {
  const { population, holders, drawn } = draw;
  const all = logChoose(population, drawn);
  let chance = 0;
  for (let k = hits; k <= Math.min(holders, drawn); k++) {
    chance += Math.exp(logChoose(holders, k) + logChoose(population - holders, drawn - k) - all);
  }
  return Math.min(1, chance);
}

function logChoose(n: number, k: number): number {
  if (k < 0 || k > n) return Number.NEGATIVE_INFINITY;
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const logs: number[] = [0, 0];

function logFactorial(n: number): number {
  for (let i = logs.length; i <= n; i++) logs.push((logs[i - 1] ?? 0) + Math.log(i));
  return logs[n] ?? 0;
}
