// Between a set and the fields of its form. A form never resets what it does not show: it changes
// the keys that it has fields for, and everything else of the set stays as it was.
import { isRecord } from '../../core/config-value.ts';
import type { MeasurementSet, SetInput } from '../../core/fleet-sets.ts';
import { parseTargetLines, printTargets } from './set-targets.ts';

export type FormValues = Readonly<Record<string, string>>;
type Json = Record<string, unknown>;

export interface ReadSet {
  input: SetInput;
  /** By field. */
  errors: Record<string, string>;
}

const PING_TEXTS = ['interval', 'round', 'timeout'] as const;
const PATH_TEXTS = ['interval', 'protocol'] as const;
const PATH_NUMBERS = ['probes', 'maxTtl', 'packetsPerSecond'] as const;

/** What stands in the fields of a set as it is; `isWhole` false: it says more than lines can. */
export function valuesOfSet(set: MeasurementSet): { values: FormValues; isWhole: boolean } {
  const ping = partOf(set.measurements, 'smokeping');
  const path = partOf(set.measurements, 'path');
  const pingLines = printTargets(targetsOf(ping));
  const isSame = isSameTargets(ping, path);
  const pathLines = isSame ? { text: '', isWhole: true } : printTargets(targetsOf(path));
  const values: Record<string, string> = {
    id: set.id,
    title: set.title,
    note: set.note,
    'smokeping.on': isOn(set.measurements, 'smokeping') ? 'on' : '',
    'smokeping.targets': pingLines.text,
    'path.on': isOn(set.measurements, 'path') ? 'on' : '',
    'path.same': isSame ? 'on' : '',
    'path.targets': pathLines.text,
    'path.multipath': path['multipath'] === true ? 'on' : '',
    json: JSON.stringify(set.measurements, null, 2),
    ...valuesOfAssignments(set.assignments),
  };
  for (const key of PING_TEXTS) values[`smokeping.${key}`] = textOf(ping[key]);
  for (const key of [...PATH_TEXTS, ...PATH_NUMBERS]) values[`path.${key}`] = textOf(path[key]);
  return { values, isWhole: pingLines.isWhole && pathLines.isWhole };
}

/** A new set begins with what most want. */
export const NEW_SET: FormValues = {
  'smokeping.on': 'on',
  'smokeping.targets': '@gateway\n',
  'path.on': 'on',
  'path.same': 'on',
};

/** From the form; `before` is the set as it is saved, null for a new one. */
export function readSet(values: FormValues, before: MeasurementSet | null): ReadSet {
  const errors: Record<string, string> = {};
  const measurements =
    values['as'] === 'json'
      ? readJson(values['json'] ?? '', errors)
      : readKinds(values, before?.measurements ?? {}, errors);
  const input: SetInput = {
    id: (before?.id ?? values['id'] ?? '').trim(),
    title: (values['title'] ?? '').trim(),
    note: (values['note'] ?? '').trim(),
    measurements,
    assignments: readAssignments(values),
  };
  return { input, errors };
}

function readJson(text: string, errors: Record<string, string>): Json {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed)) return parsed;
    errors['json'] = 'expected an object of measurements, such as {"smokeping": {"targets": []}}';
  } catch (error) {
    errors['json'] = `this is no JSON: ${error instanceof Error ? error.message : 'unreadable'}`;
  }
  return {};
}

function readKinds(values: FormValues, before: Json, errors: Record<string, string>): Json {
  const measurements: Json = { ...before };
  const ping = readPart(
    values,
    before,
    { kind: 'smokeping', texts: PING_TEXTS, numbers: [] },
    errors,
  );
  const pingTargets = readTargets(values, 'smokeping.targets', errors);
  assign(measurements, 'smokeping', ping, pingTargets);
  const path = readPart(
    values,
    before,
    { kind: 'path', texts: PATH_TEXTS, numbers: PATH_NUMBERS },
    errors,
  );
  setOrDrop(path, 'multipath', values['path.multipath'] === 'on' ? true : undefined);
  const pathTargets =
    values['path.same'] === 'on'
      ? pingTargets.map(withoutPingKeys)
      : readTargets(values, 'path.targets', errors);
  assign(measurements, 'path', path, pathTargets);
  return measurements;
}

interface Part {
  kind: string;
  texts: readonly string[];
  numbers: readonly string[];
}

function readPart(
  values: FormValues,
  before: Json,
  { kind, texts, numbers }: Part,
  errors: Record<string, string>,
): Json {
  const part: Json = { ...partOf(before, kind) };
  for (const key of texts) {
    const text = (values[`${kind}.${key}`] ?? '').trim();
    setOrDrop(part, key, text === '' ? undefined : text);
  }
  for (const key of numbers) {
    const text = (values[`${kind}.${key}`] ?? '').trim();
    if (text !== '' && !/^\d{1,9}$/.test(text))
      errors[`${kind}.${key}`] = 'expected a whole number';
    setOrDrop(part, key, text === '' ? undefined : Number(text));
  }
  setOrDrop(part, 'enable', values[`${kind}.on`] === 'on' ? undefined : false);
  return part;
}

function readTargets(values: FormValues, name: string, errors: Record<string, string>): unknown[] {
  const { targets, errors: faults } = parseTargetLines(values[name] ?? '');
  if (faults.length > 0) errors[name] = faults.join('; ');
  return targets;
}

/** A kind that is off and empty is not named, so that another set may speak of it. */
function assign(measurements: Json, kind: string, part: Json, targets: unknown[]): void {
  const whole: Json = { ...part, targets };
  const { enable, targets: list, ...rest } = whole;
  const isEmpty = Array.isArray(list) && list.length === 0 && Object.keys(rest).length === 0;
  if (enable === false && isEmpty) delete measurements[kind];
  else measurements[kind] = whole;
}

function valuesOfAssignments(assignments: MeasurementSet['assignments']): FormValues {
  const names = (scope: string): string =>
    assignments.flatMap((one) => (one.scope === scope ? [one.value] : [])).join(', ');
  return {
    'assign.all': assignments.some(({ scope }) => scope === 'all') ? 'on' : '',
    'assign.groups': names('group'),
    'assign.probes': names('probe'),
  };
}

function readAssignments(values: FormValues): SetInput['assignments'] {
  const names = (text: string | undefined): string[] => [
    ...new Set((text ?? '').split(/[\s,]+/).filter((name) => name !== '')),
  ];
  return [
    ...(values['assign.all'] === 'on' ? [{ scope: 'all' as const, value: '' }] : []),
    ...names(values['assign.groups']).map((value) => ({ scope: 'group' as const, value })),
    ...names(values['assign.probes']).map((value) => ({ scope: 'probe' as const, value })),
  ];
}

function isSameTargets(ping: Json, path: Json): boolean {
  const [own, others] = [targetsOf(path), targetsOf(ping)];
  return own.length > 0 && JSON.stringify(own) === JSON.stringify(others.map(withoutPingKeys));
}

/** Size and interval of an echo mean nothing to a trace. */
function withoutPingKeys(target: unknown): unknown {
  if (!isRecord(target)) return target;
  const { size: _size, interval: _interval, ...rest } = target;
  return Object.keys(rest).length === 1 && typeof rest['host'] === 'string' ? rest['host'] : rest;
}

function isOn(measurements: Json, kind: string): boolean {
  return isRecord(measurements[kind]) && partOf(measurements, kind)['enable'] !== false;
}

function partOf(measurements: Json, kind: string): Json {
  const part = measurements[kind];
  return isRecord(part) ? part : {};
}

function targetsOf(part: Json): unknown[] {
  return Array.isArray(part['targets']) ? part['targets'] : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function setOrDrop(part: Json, key: string, value: unknown): void {
  if (value === undefined) delete part[key];
  else part[key] = value;
}
