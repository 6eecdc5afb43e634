import { canonicalElements, type LockdownSets, SET_NAMES, type SetName } from './sets.ts';

// The table as the kernel has it, from `nft --stateless list table`: the rules as nft writes them,
// and apart from those what is in the sets.

export interface Listing {
  /** `section | line`, in their order: `chain input | iif "lo" accept`. */
  structure: readonly string[];
  /** Canonical; null for a set that is not there. */
  sets: Readonly<Record<SetName, readonly string[] | null>>;
}

const SEPARATOR = ' | ';
const ELEMENTS = /\bset (\S+) \{([^{}]*)elements = \{([^{}]*)\}/g;
const DIFFERENCES_MAX = 20;
const SHOWN_MAX = 200;

export function parseListing(text: string): Listing {
  const found = new Map<string, string>();
  const plain = text.replace(ELEMENTS, (_, name: string, head: string, elements: string) => {
    found.set(name, elements);
    return `set ${name} {${head}`;
  });
  const structure: string[] = [];
  let section = '';
  for (const line of plain.split('\n').map((one) => one.trim())) {
    if (line === '' || line.startsWith('table ')) continue;
    if (line === '}') {
      section = '';
    } else if (line.endsWith('{')) {
      section = line.slice(0, -1).trim();
      structure.push(`${section}${SEPARATOR}`);
    } else {
      structure.push(`${section}${SEPARATOR}${sorted(line)}`);
    }
  }
  return { structure, sets: setsIn(structure, found) };
}

/** nft lists what stands between braces in an order of its own. */
function sorted(line: string): string {
  return line.replace(/\{ ([^{}]*) \}/g, (_, list: string) => {
    return `{ ${list.split(', ').sort().join(', ')} }`;
  });
}

/** How many lines each chain has, its hook included. */
export function chainLengths(structure: readonly string[]): Map<string, number> {
  const lengths = new Map<string, number>();
  for (const [section, line] of structure.map(divide)) {
    if (!section.startsWith('chain ')) continue;
    lengths.set(section, (lengths.get(section) ?? 0) + (line === '' ? 0 : 1));
  }
  return lengths;
}

/** What differs in the rules, for people; empty when nothing does. */
export function compareStructure(expected: readonly string[], actual: readonly string[]): string[] {
  if (expected.length === actual.length && expected.every((line, at) => line === actual[at])) {
    return [];
  }
  const said = [...lacking(expected, actual, 'lacks'), ...lacking(actual, expected, 'has besides')];
  return said.length > 0 ? bounded(said) : [`${misplaced(expected, actual)}: in another order`];
}

/** What differs in the sets, for people. */
export function compareSets(expected: LockdownSets, actual: Listing['sets']): string[] {
  return bounded(
    SET_NAMES.flatMap((name) => {
      const there = actual[name];
      // The rules say already that the set itself is gone.
      if (there === null) return [];
      return [
        ...without(expected[name], there).map((one) => `set ${name} lacks ${one}`),
        ...without(there, expected[name]).map((one) => `set ${name} has besides ${one}`),
      ];
    }),
  );
}

/** The sets whose elements are not these. */
export function changedSets(expected: LockdownSets, actual: Listing['sets']): SetName[] {
  return SET_NAMES.filter((name) => expected[name].join() !== (actual[name] ?? []).join());
}

function setsIn(structure: readonly string[], found: ReadonlyMap<string, string>): Listing['sets'] {
  const entries = SET_NAMES.map((name) => {
    if (!structure.includes(`set ${name}${SEPARATOR}`)) return [name, null];
    const texts = (found.get(name) ?? '').split(',').map((one) => one.trim());
    return [
      name,
      canonicalElements(
        name,
        texts.filter((one) => one !== ''),
      ),
    ];
  });
  return Object.fromEntries(entries) as Listing['sets'];
}

function divide(entry: string): [section: string, line: string] {
  const at = entry.indexOf(SEPARATOR);
  return [entry.slice(0, at), entry.slice(at + SEPARATOR.length)];
}

/** Lines of `from` that `to` has not as often. */
function lacking(from: readonly string[], to: readonly string[], verb: string): string[] {
  const left = new Map<string, number>();
  for (const line of to) left.set(line, (left.get(line) ?? 0) + 1);
  const missing: [string, string][] = [];
  for (const entry of from) {
    const count = left.get(entry) ?? 0;
    if (count > 0) left.set(entry, count - 1);
    else missing.push(divide(entry));
  }
  // Of a section that is gone as a whole the name is enough.
  const whole = new Set(missing.filter(([, line]) => line === '').map(([section]) => section));
  return missing
    .filter(([section, line]) => line === '' || !whole.has(section))
    .map(([section, line]) => {
      if (line === '') return `the table ${verb} ${section}`;
      return `${section === '' ? 'the table' : section} ${verb}: ${line}`;
    });
}

function misplaced(expected: readonly string[], actual: readonly string[]): string {
  const at = expected.findIndex((line, index) => line !== actual[index]);
  return divide(expected[at] ?? SEPARATOR)[0] || 'the table';
}

function without(list: readonly string[], others: readonly string[]): string[] {
  return list.filter((one) => !others.includes(one));
}

function bounded(lines: readonly string[]): string[] {
  const shown = lines.slice(0, DIFFERENCES_MAX).map((line) => line.slice(0, SHOWN_MAX));
  const more = lines.length - shown.length;
  return more > 0 ? [...shown, `and ${more} more`] : shown;
}
