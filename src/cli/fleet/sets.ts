// Measurement sets from the shell: files of SET_INPUT go in as they are, and the control judges
// them, since it alone knows every kind that its probes can measure.
import { isRecord } from '../../core/config-value.ts';
import {
  type MeasurementSet,
  SET_ANSWER,
  SET_PREVIEW,
  type SetPreview,
} from '../../core/fleet-sets.ts';
import { formatCount } from '../../graph/format.ts';
import { EXIT, UsageError } from '../command.ts';
import { askYes, canAsk, confirmName, PIPED_BYTES_MAX, readPiped } from './ask.ts';
import {
  change,
  type Fleet,
  type Options,
  openFleet,
  type Reading,
  readAnswer,
  readList,
  slug,
} from './fleet.ts';
import { previewLines } from './set-preview.ts';
import { ago, counted } from './text.ts';

const fs = process.getBuiltinModule('node:fs');

/** `flint fleet set list` */
export async function runSetList(_words: readonly string[], options: Options): Promise<number> {
  const fleet = openFleet(options);
  const call = { method: 'GET', path: '/sets', what: 'list the sets' } as const;
  const { value, raw, nowMs } = await readList(fleet, call, { key: 'sets', schema: SET_ANSWER });
  if (fleet.isJson) fleet.view.json(raw);
  else if (value.length === 0) fleet.view.line('no set yet; flint fleet set save makes one');
  else showSets(fleet, value, nowMs);
  return EXIT.ok;
}

/** `flint fleet set show ID` */
export async function runSetShow(words: readonly string[], options: Options): Promise<number> {
  const id = setName(words);
  const fleet = openFleet(options);
  const { value, raw } = await readSet(fleet, id);
  if (fleet.isJson) {
    fleet.view.json(raw);
    return EXIT.ok;
  }
  fleet.view.line({ text: value.title === '' ? id : `${id}: ${value.title}`, colour: 'bold' });
  fleet.view.facts([
    ['runs on', `${counted(value.probes, 'probe')} (${assignmentText(value)})`],
    ['note', value.note === '' ? null : value.note],
  ]);
  for (const line of JSON.stringify(value.measurements, null, 2).split('\n')) fleet.view.line(line);
  return EXIT.ok;
}

/** `flint fleet set preview FILE` */
export async function runSetPreview(words: readonly string[], options: Options): Promise<number> {
  const set = await readSetFile(words[0] ?? '-');
  const fleet = openFleet(options);
  const { value, raw } = await preview(fleet, set);
  if (fleet.isJson) fleet.view.json(raw);
  else for (const line of previewLines(value)) fleet.view.line(line);
  return EXIT.ok;
}

/** `flint fleet set save FILE` */
export async function runSetSave(words: readonly string[], options: Options): Promise<number> {
  const set = await readSetFile(words[0] ?? '-');
  const id = slug(typeof set['id'] === 'string' ? set['id'] : undefined, 'a set with an "id"');
  const fleet = openFleet(options);
  if (!fleet.isJson || (canAsk() && options['yes'] !== true)) {
    const { value } = await preview(fleet, set);
    for (const line of previewLines(value)) process.stderr.write(`${line}\n`);
    if (!(await isWanted(options, `Save ${id}?`))) return EXIT.trouble;
  }
  const call = { method: 'PUT', path: `/sets/${id}`, body: set, what: `save ${id}` } as const;
  await change(fleet, call, (body) => `${id} is saved${runsOn(body)}`);
  return EXIT.ok;
}

/** `flint fleet set remove ID` */
export async function runSetRemove(words: readonly string[], options: Options): Promise<number> {
  const id = setName(words);
  const fleet = openFleet(options);
  if (!(await confirmName(options, id, `no probe would run ${id} any more`))) return EXIT.trouble;
  const call = { method: 'DELETE', path: `/sets/${id}`, what: `remove the set ${id}` } as const;
  await change(fleet, call, () => `the set ${id} is removed`);
  return EXIT.ok;
}

export function setName(words: readonly string[]): string {
  return slug(words[0], 'the id of a set');
}

export function readSet(fleet: Fleet, id: string): Promise<Reading<MeasurementSet>> {
  const call = { method: 'GET', path: `/sets/${id}`, what: `show the set ${id}` } as const;
  return readAnswer(fleet, call, SET_ANSWER);
}

/** `; 31 probes run it` of what the control saved. */
export function runsOn(saved: unknown): string {
  const probes = isRecord(saved) ? saved['probes'] : undefined;
  if (typeof probes !== 'number') return '';
  return probes === 1 ? '; 1 probe runs it' : `; ${formatCount(probes)} probes run it`;
}

async function isWanted(options: Options, question: string): Promise<boolean> {
  if (options['yes'] === true || !canAsk()) return true;
  if (await askYes(question)) return true;
  process.stderr.write('flint: nothing was changed\n');
  return false;
}

async function readSetFile(file: string): Promise<Record<string, unknown>> {
  const where = file === '-' ? 'standard input' : file;
  const text = file === '-' ? await readPiped('a set') : readFile(file);
  const set = parseJson(text, where);
  if (isRecord(set)) {
    // What `set show --json` says beside the set, so that its output can be edited and saved.
    const { probes: _probes, createdMs: _created, changedMs: _changed, ...input } = set;
    return input;
  }
  throw new UsageError(`${where}: expected a JSON object with "id" and "measurements"`);
}

function readFile(file: string): string {
  try {
    const { size } = fs.statSync(file);
    if (size > PIPED_BYTES_MAX) throw new Error(`${size} bytes are more than ${PIPED_BYTES_MAX}`);
    return fs.readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${cause instanceof Error ? cause.message : ''}`);
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${where}: expected JSON: ${why}`);
  }
}

function preview(fleet: Fleet, body: unknown): Promise<Reading<SetPreview>> {
  const call = { method: 'POST', path: '/sets/preview', body, what: 'preview the set' } as const;
  return readAnswer(fleet, call, SET_PREVIEW);
}

function showSets({ view }: Fleet, sets: readonly MeasurementSet[], nowMs: number): void {
  view.table(
    [
      { head: 'ID', widthMin: 16 },
      { head: 'PROBES', isRight: true },
      { head: 'ASSIGNED TO', widthMin: 12 },
      { head: 'MEASURES', widthMin: 10, rank: 1 },
      { head: 'CHANGED', rank: 2 },
      { head: 'TITLE', widthMin: 10, rank: 3 },
    ],
    sets.map((set) => [
      set.id,
      formatCount(set.probes),
      assignmentText(set),
      Object.keys(set.measurements).join(', '),
      ago(set.changedMs, nowMs),
      set.title,
    ]),
  );
}

function assignmentText({ assignments }: MeasurementSet): string {
  if (assignments.length === 0) return 'nobody';
  return assignments
    .map(({ scope, value }) => (scope === 'all' ? 'all' : `${scope} ${value}`))
    .join(', ');
}
