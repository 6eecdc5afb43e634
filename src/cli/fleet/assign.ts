// Who runs a set: all, a group, or one probe.
import type { Assignment } from '../../core/fleet-sets.ts';
import { EXIT, UsageError } from '../command.ts';
import { optionText } from './account.ts';
import { change, type Options, openFleet, slug } from './fleet.ts';
import { readSet, runsOn, setName } from './sets.ts';

/** `flint fleet assign SET --all | --group G | --probe P` */
export async function runAssign(words: readonly string[], options: Options): Promise<number> {
  return await assign(words, options, true);
}

/** `flint fleet unassign SET …` */
export async function runUnassign(words: readonly string[], options: Options): Promise<number> {
  return await assign(words, options, false);
}

/** Exactly one of --all, --group and --probe. */
export function scopeOf(options: Options): Assignment {
  const scopes: Assignment[] = [];
  if (options['all'] === true) scopes.push({ scope: 'all', value: '' });
  for (const scope of ['group', 'probe'] as const) {
    const value = optionText(options, scope);
    if (value !== null) scopes.push({ scope, value: slug(value, `option --${scope}: a name`) });
  }
  const [only] = scopes;
  if (only !== undefined && scopes.length === 1) return only;
  throw new UsageError('expected exactly one of --all, --group NAME and --probe NAME');
}

/** `all probes`, `the group homes`, `probe05`. */
export function scopeText({ scope, value }: Assignment): string {
  if (scope === 'all') return 'all probes';
  return scope === 'group' ? `the group ${value}` : value;
}

// The control takes sets whole: this one is read, and written back with one more or less, unless
// somebody else was faster.
async function assign(
  words: readonly string[],
  options: Options,
  isWanted: boolean,
): Promise<number> {
  const id = setName(words);
  const wanted = scopeOf(options);
  const fleet = openFleet(options);
  const { value } = await readSet(fleet, id);
  const others = value.assignments.filter((one) => !isSame(one, wanted));
  if (isWanted === others.length < value.assignments.length) {
    tellUnchanged(id, wanted, isWanted);
    return isWanted ? EXIT.ok : EXIT.trouble;
  }
  const { title, note, measurements, changedMs } = value;
  const assignments = isWanted ? [...others, wanted] : others;
  const body = { id, title, note, measurements, assignments, changedMs };
  const what = isWanted ? `assign ${id} to ${scopeText(wanted)}` : `take ${id} back`;
  const call = { method: 'PUT', path: `/sets/${id}`, body, what } as const;
  await change(fleet, call, (answer) => {
    const verb = isWanted ? 'is assigned to' : 'is no longer assigned to';
    return `${id} ${verb} ${scopeText(wanted)}${runsOn(answer)}`;
  });
  return EXIT.ok;
}

function isSame(one: Assignment, other: Assignment): boolean {
  return one.scope === other.scope && one.value === other.value;
}

function tellUnchanged(id: string, wanted: Assignment, isWanted: boolean): void {
  const word = isWanted ? 'already' : 'not';
  process.stderr.write(`flint: ${id} is ${word} assigned to ${scopeText(wanted)}\n`);
}
