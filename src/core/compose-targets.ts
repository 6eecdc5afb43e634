// The targets that several measurement sets give one probe: which are the same, and which id each
// has. See compose.ts for the rules.
import * as v from 'valibot';
import { PATH_TARGET } from './config-path.ts';
import { TARGET } from './config-target.ts';
import { isRecord, show } from './config-value.ts';
import { destinationOf } from './policy-caps.ts';

export interface AssignedSet {
  id: string;
  createdMs: number;
  /** The most specific way in which the probe got it. */
  scope: 'all' | 'group' | 'probe';
  /** As in a configuration. */
  measurements: Readonly<Record<string, unknown>>;
}

export type Settings = Record<string, unknown>;

/** What one set says of a kind. */
export interface Part {
  set: AssignedSet;
  /** How much it has to say, from 0 for the most specific. */
  precedence: number;
  settings: Settings;
  targets: Settings[];
}

/** One target, with all sets that have it. */
export interface Entry {
  id: string;
  meaning: string;
  /** The one that was made first. */
  owner: AssignedSet;
  /** The one that has most to say. */
  set: AssignedSet;
  precedence: number;
  target: Settings;
}

const ID_LENGTH_MAX = 253;
/** What makes another series of a target, beside its host. */
const MEANING = ['size', 'tos', 'source', 'device', 'protocol', 'port'] as const;

/** What is told of a kind for its targets, and what a target is when nothing is told. */
export const KINDS: Readonly<Record<string, { carried: readonly string[]; defaults: Settings }>> = {
  smokeping: { carried: ['interval'], defaults: v.getDefaults(TARGET) },
  path: {
    carried: ['interval', 'protocol'],
    defaults: { ...v.getDefaults(PATH_TARGET), protocol: 'icmp' },
  },
};

export function mergeTargets(kind: string, parts: readonly Part[], notes: string[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const part of parts) {
    for (const given of part.targets) {
      const entry = entryOf(kind, part, given);
      const key = `${entry.id} ${entry.meaning}`;
      const other = entries.get(key);
      entries.set(key, other === undefined ? entry : merged(kind, [other, entry], notes));
    }
  }
  return [...entries.values()];
}

function entryOf(kind: string, { set, precedence, settings }: Part, given: Settings): Entry {
  const target = { ...given };
  const { carried = [], defaults = {} } = KINDS[kind] ?? {};
  for (const key of carried) {
    if (target[key] === undefined && settings[key] !== undefined) target[key] = settings[key];
  }
  const { id } = target;
  const host = String(target['host']);
  const parts = MEANING.map((key) => target[key] ?? defaults[key] ?? null);
  const meaning = JSON.stringify([destinationOf(host), ...parts]);
  const name = typeof id === 'string' ? id : idOf(host);
  return { id: name, meaning, owner: set, set, precedence, target };
}

function merged(kind: string, [a, b]: [Entry, Entry], notes: string[]): Entry {
  const [strong, weak] = a.precedence < b.precedence ? [a, b] : [b, a];
  const target: Settings = { ...weak.target, ...strong.target };
  const labels = { ...recordOf(weak.target['labels']), ...recordOf(strong.target['labels']) };
  if (Object.keys(labels).length > 0) target['labels'] = labels;
  const families = [strong.target['families'], weak.target['families']];
  if (families.every(Array.isArray)) target['families'] = [...new Set(families.flat())].sort();
  else delete target['families'];
  const [wanted, other] = [strong.target['interval'], weak.target['interval']];
  if (wanted !== undefined && other !== undefined && wanted !== other) {
    const winner = `${show(wanted)} of set ${strong.set.id}`;
    notes.push(
      `${kind}: ${a.id} every ${show(other)} of set ${weak.set.id} gives way to every ${winner}`,
    );
  }
  return { ...strong, owner: older(a.owner, b.owner), target };
}

/** The id is the oldest set's; the targets are in the order that they came in. */
export function nameTargets(kind: string, entries: readonly Entry[], notes: string[]): Entry[] {
  const owners = new Map<string, Entry>();
  for (const entry of entries) {
    const owner = owners.get(entry.id);
    const isOlder = owner === undefined || older(owner.owner, entry.owner) === entry.owner;
    if (isOlder) owners.set(entry.id, entry);
  }
  const taken = new Set(owners.keys());
  return entries.map((entry) => {
    const owner = owners.get(entry.id);
    if (owner === undefined || owner === entry) return withId(entry, entry.id);
    const id = freeId(entry.id, entry.owner.id, taken);
    notes.push(
      `${kind}: ${entry.id} of set ${entry.owner.id} becomes ${id}, ` +
        `since set ${owner.owner.id} means something else by ${entry.id}`,
    );
    return withId(entry, id);
  });
}

function withId(entry: Entry, id: string): Entry {
  const { id: _, ...target } = entry.target;
  return { ...entry, target: idOf(String(target['host'])) === id ? target : { id, ...target } };
}

function freeId(id: string, set: string, taken: Set<string>): string {
  for (let count = 1; ; count++) {
    const suffix = count === 1 ? `@${set}` : `@${set}-${count}`;
    const wanted = `${id.slice(0, ID_LENGTH_MAX - suffix.length)}${suffix}`;
    if (taken.has(wanted)) continue;
    taken.add(wanted);
    return wanted;
  }
}

/** JSON with the keys of every object in order: the same content is the same text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => compare(a, b));
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]));
}

// By UTF-16 units and not by locale, which differs between machines.
export function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The id of a target that names none: see config-target.ts. */
function idOf(host: string): string {
  return host.replace('%', '@');
}

function older(a: AssignedSet, b: AssignedSet): AssignedSet {
  return (a.createdMs - b.createdMs || compare(a.id, b.id)) <= 0 ? a : b;
}

function recordOf(value: unknown): Settings {
  return isRecord(value) ? value : {};
}
