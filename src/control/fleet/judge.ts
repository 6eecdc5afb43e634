// What a change would make probes run is judged before it is saved: one by one each set may be
// right and together too much. Probes that run the same sets are judged once.
import { composeSets, documentText } from '../../core/compose.ts';
import { type AssignedSet, canonicalJson } from '../../core/compose-targets.ts';
import { type ConfigIssue, type ProbeConfig, parseProbeConfig } from '../../core/config.ts';
import { inputInvalid } from '../request/problem.ts';
import type { Db } from '../store/db.ts';
import { type Assigned, compositionKey, type Runner, readAssigned, setsOf } from './assigned.ts';

/** A document has to fit into a request. */
export const DOCUMENT_BYTES_MAX = 262_144;

/** Some ten milliseconds. */
const TARGETS_AT_A_TIME = 200;

export interface Composed {
  config: ProbeConfig;
  text: string;
  notes: string[];
}

/** Throws ERR_INPUT_INVALID for a set that a probe would refuse by itself. */
export function checkMeasurements(measurements: unknown): ProbeConfig {
  const parsed = parseProbeConfig({ schema: 1, measurements }, 'local');
  if (parsed.ok) return parsed.config;
  throw invalid(parsed.issues);
}

/** Composes for one probe. Throws ERR_INPUT_INVALID, with probe and set, where it would refuse. */
export function composeFor(name: string, sets: readonly AssignedSet[]): Composed {
  const { measurements, origins, notes } = composeSets(sets);
  const text = documentText(name, canonicalJson(measurements));
  const parsed = parseProbeConfig(JSON.parse(text), 'control');
  if (!parsed.ok) {
    const all = sets.map(({ id }) => id).join(', ');
    throw invalid(
      parsed.issues.map(({ path, message }) => {
        const set = originOf(path, origins);
        const where = set === null ? `${name} with the sets ${all}` : `${name}, set ${set}`;
        return { path, message: `${message} (${where})` };
      }),
    );
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > DOCUMENT_BYTES_MAX) {
    const all = sets.map(({ id }) => id).join(', ');
    const message =
      `${name} would get a document of ${bytes} bytes from the sets ${all} and takes at most ` +
      `${DOCUMENT_BYTES_MAX}: give it fewer targets`;
    throw invalid([{ path: 'measurements', message }]);
  }
  return { config: parsed.config, text, notes };
}

/**
 * Composes for one probe of each, and lets others have their turn between. Throws as `composeFor`.
 */
export async function composeAll(
  compositions: readonly Composition[],
  take: (composed: Composed, composition: Composition) => void = () => undefined,
): Promise<void> {
  let targets = 0;
  for (const composition of compositions) {
    const composed = composeFor(composition.runners[0]?.name ?? '', composition.sets);
    take(composed, composition);
    const { smokeping, path } = composed.config.measurements;
    targets += smokeping.targets.length + path.targets.length;
    if (targets < TARGETS_AT_A_TIME) continue;
    targets = 0;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** After a change of one probe, inside the write. */
export async function checkRunner(db: Db, probe: Pick<Runner, 'id' | 'name' | 'groups'>) {
  const sets = setsOf(await readAssigned(db), probe.id, probe.groups);
  if (sets.length > 0) composeFor(probe.name, sets);
}

export interface Composition {
  sets: AssignedSet[];
  /** At least one. */
  runners: Runner[];
}

/** Probes by what they run; those of which `isConcerned` is false are left out. */
export function byComposition(
  assigned: Assigned,
  runners: readonly Runner[],
  isConcerned: (sets: readonly AssignedSet[]) => boolean = () => true,
): Composition[] {
  const byKey = new Map<string, Composition>();
  // Most probes have no set of their own, and are in the same groups as many others.
  const byGroups = new Map<string, Composition | null>();
  for (const runner of runners) {
    const own = assigned.byProbe.has(runner.id) ? runner.id : '';
    const groups = `${own} ${runner.groups.join(' ')}`;
    let same = byGroups.get(groups);
    if (same === undefined) {
      const sets = setsOf(assigned, runner.id, runner.groups);
      same = isConcerned(sets) ? kept(byKey, sets) : null;
      byGroups.set(groups, same);
    }
    same?.runners.push(runner);
  }
  return [...byKey.values()];
}

function kept(byKey: Map<string, Composition>, sets: AssignedSet[]): Composition {
  const key = compositionKey(sets);
  const known = byKey.get(key) ?? { sets, runners: [] };
  byKey.set(key, known);
  return known;
}

function originOf(path: string, origins: Readonly<Record<string, string[]>>): string | null {
  const match = /^measurements\.([^.]+)\.targets\.([0-9]+)(?:\.|$)/.exec(path);
  return origins[match?.[1] ?? '']?.[Number(match?.[2])] ?? null;
}

function invalid(issues: readonly ConfigIssue[]) {
  const text = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return inputInvalid(text.join('; ').slice(0, 2000), [...issues]);
}
