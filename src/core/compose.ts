// The measurement sets of one probe become one document. A probe runs the sets that are assigned to
// all, to one of its groups and to itself, and that is their order from general to specific; of
// equally specific ones the lower id goes first.
//
// A setting of a kind (round, timeout, maxTtl, enable …) is that of the most specific set that
// states it, for all targets of the kind. How often, and by which protocol, is a matter of the
// targets: what a set says of it holds for its own.
//
// Targets are concatenated. Two with the same id that mean the same (host, size, TOS, source,
// device, protocol, port) are one: it is measured in the families of both, as often as the most
// specific says, under the labels of both. Two that mean something else are both kept: the id
// belongs to the set that was made first, so that a new set never renames what has a history, and
// the other is called `id@set`. Whatever gives way to something else is told in a note.
import {
  type AssignedSet,
  canonicalJson,
  compare,
  KINDS,
  mergeTargets,
  nameTargets,
  type Part,
  type Settings,
} from './compose-targets.ts';
import { isRecord, show } from './config-value.ts';

export interface Composition {
  measurements: Record<string, unknown>;
  /** By kind: the set that each target is of, in the order of the targets. */
  origins: Record<string, string[]>;
  /** What gave way to what, a sentence each. */
  notes: string[];
}

const NOTES_MAX = 20;
const RANKS = { all: 0, group: 1, probe: 2 } as const;

/** Most general first. */
export function inOrder<T extends { id: string; scope: AssignedSet['scope'] }>(
  sets: readonly T[],
): T[] {
  return [...sets].sort((a, b) => RANKS[a.scope] - RANKS[b.scope] || compare(a.id, b.id));
}

export function composeSets(sets: readonly AssignedSet[]): Composition {
  const ordered = inOrder(sets);
  const kinds = new Set(ordered.flatMap(({ measurements }) => Object.keys(measurements)));
  const composition: Composition = { measurements: {}, origins: {}, notes: [] };
  for (const kind of [...kinds].sort()) composeKind(kind, ordered, composition);
  composition.notes = shortened(composition.notes);
  return composition;
}

/** The document of a probe; `measurements` is canonical JSON. */
export function documentText(hostname: string, measurements: string): string {
  return `{"hostname":${JSON.stringify(hostname)},"measurements":${measurements},"schema":1}`;
}

function composeKind(kind: string, ordered: readonly AssignedSet[], result: Composition): void {
  const parts = partsOf(kind, ordered);
  const bySpecific = [...parts].sort((a, b) => a.precedence - b.precedence);
  const known = KINDS[kind];
  if (known === undefined) {
    // Of a later version: what its parts mean is not known, so they are not mixed.
    const [first, ...others] = bySpecific;
    if (first === undefined) return;
    result.measurements[kind] = first.set.measurements[kind];
    for (const { set } of others) {
      result.notes.push(`${kind} of set ${set.id} gives way to that of set ${first.set.id}`);
    }
    return;
  }
  const settings = mixSettings(kind, bySpecific, result.notes);
  const entries = nameTargets(kind, mergeTargets(kind, parts, result.notes), result.notes);
  noteSwitchedOff(kind, { settings, parts }, result.notes);
  const targets = entries.map(({ target }) => target);
  result.measurements[kind] = { ...settings, targets };
  result.origins[kind] = entries.map(({ set }) => set.id);
}

// Sets that are equally specific: the lower id has more to say.
function partsOf(kind: string, ordered: readonly AssignedSet[]): Part[] {
  const specificFirst = [...ordered].sort(
    (a, b) => RANKS[b.scope] - RANKS[a.scope] || compare(a.id, b.id),
  );
  return ordered.flatMap((set) => {
    const said = set.measurements[kind];
    if (!isRecord(said)) return [];
    const { targets, ...settings } = said;
    const list = Array.isArray(targets) ? targets : [];
    const asObjects = list.map((one) => (isRecord(one) ? one : { host: String(one) }));
    return [{ set, precedence: specificFirst.indexOf(set), settings, targets: asObjects }];
  });
}

function mixSettings(kind: string, bySpecific: readonly Part[], notes: string[]): Settings {
  const mixed = new Map<string, { value: unknown; set: string }>();
  for (const { set, settings } of bySpecific) {
    for (const [key, value] of Object.entries(settings)) {
      if (KINDS[kind]?.carried.includes(key) === true) continue;
      const stronger = mixed.get(key);
      if (stronger === undefined) mixed.set(key, { value, set: set.id });
      else if (canonicalJson(stronger.value) !== canonicalJson(value)) {
        const winner = `${show(stronger.value)} of set ${stronger.set}`;
        notes.push(`${kind}: ${key} ${show(value)} of set ${set.id} gives way to ${winner}`);
      }
    }
  }
  return Object.fromEntries([...mixed].map(([key, { value }]) => [key, value]));
}

interface Switched {
  settings: Settings;
  parts: readonly Part[];
}

function noteSwitchedOff(kind: string, { settings, parts }: Switched, notes: string[]): void {
  if (settings['enable'] !== false) return;
  const others = parts.filter((part) => part.settings['enable'] !== false);
  const count = others.reduce((sum, { targets }) => sum + targets.length, 0);
  const off = parts.filter((part) => part.settings['enable'] === false).map(({ set }) => set.id);
  if (count === 0) return;
  const of = others.map(({ set }) => set.id).join(', ');
  notes.push(`${kind} is switched off by ${off.join(', ')}: ${count} targets of ${of} do not run`);
}

function shortened(notes: readonly string[]): string[] {
  const rest = notes.length - NOTES_MAX;
  return rest <= 0 ? [...notes] : [...notes.slice(0, NOTES_MAX), `and ${rest} more like these`];
}
