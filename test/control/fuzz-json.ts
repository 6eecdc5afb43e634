// Values for every schema of an OpenAPI document, and ways to spoil them. What JSON can say and
// JavaScript objects cannot (keys twice, `__proto__`, 1e999) is kept as text.
import * as fc from 'fast-check';

export interface Schema {
  type?: string;
  enum?: unknown[];
  anyOf?: Schema[];
  nullable?: boolean;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
}

const RAW = Symbol('raw');

interface Raw {
  [RAW]: string;
}

/** JSON text as it is. */
export function raw(text: string): Raw {
  return { [RAW]: text };
}

/** Like JSON.stringify, with what `raw` holds as it stands. */
export function emit(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (RAW in value) return (value as Raw)[RAW];
  if (Array.isArray(value)) return `[${value.map(emit).join(',')}]`;
  const pairs = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${emit(one)}`);
  return `{${pairs.join(',')}}`;
}

/** Values that the schema takes, edges often. `known` are texts that may mean something. */
export function valueFor(
  schema: Schema,
  known: readonly string[],
  depth = 0,
): fc.Arbitrary<unknown> {
  const one = plainValue(schema, known, depth);
  if (schema.nullable !== true) return one;
  return fc.oneof({ weight: 3, arbitrary: one }, { weight: 1, arbitrary: fc.constant(null) });
}

function plainValue(schema: Schema, known: readonly string[], depth: number) {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) {
    return fc.oneof(...schema.anyOf.map((part) => valueFor(part, known, depth)));
  }
  switch (schema.type) {
    case 'string':
      return textOf(schema, known);
    case 'integer':
      return wholeOf(schema);
    case 'number':
      return fc.double({
        min: schema.minimum ?? -1e300,
        max: schema.maximum ?? 1e300,
        noNaN: true,
      });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return listOf(schema, known, depth);
    case 'object':
      return objectOf(schema, known, depth);
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

function textOf({ pattern, maxLength = 40 }: Schema, known: readonly string[]) {
  const made = pattern === undefined ? fc.string({ maxLength }) : matching(pattern, maxLength);
  if (known.length === 0) return made;
  return fc.oneof({ weight: 3, arbitrary: made }, fc.constantFrom(...known));
}

const MATCHING = new Map<string, fc.Arbitrary<string>>();

function matching(pattern: string, maxLength: number): fc.Arbitrary<string> {
  const known = MATCHING.get(pattern);
  // Long repetitions take long to draw and tell no more than short ones.
  const short = pattern.replace(
    /\{(\d+),(\d{3,})\}/g,
    (_all, min) => `{${min},${Number(min) + 9}}`,
  );
  const made = known ?? fc.stringMatching(new RegExp(short));
  MATCHING.set(pattern, made);
  return made.map((text) => text.slice(0, maxLength));
}

function wholeOf({ minimum = -(2 ** 53) + 1, maximum = 2 ** 53 - 1 }: Schema) {
  return fc.oneof(
    fc.integer({ min: 0, max: 4 }).map((n) => minimum + n),
    fc.constant(maximum),
    fc.maxSafeInteger().filter((n) => n >= minimum && n <= maximum),
  );
}

function listOf(schema: Schema, known: readonly string[], depth: number) {
  const item = valueFor(schema.items ?? {}, known, depth + 1);
  const max = Math.min(schema.maxItems ?? 4, depth > 2 ? 2 : 4);
  return fc.array(item, { minLength: schema.minItems ?? 0, maxLength: max });
}

function objectOf(schema: Schema, known: readonly string[], depth: number) {
  const entries = Object.entries(schema.properties ?? {});
  const shape = Object.fromEntries(
    entries.map(([name, part]) => [name, valueFor(part, known, depth + 1)]),
  );
  const requiredKeys = (schema.required ?? []) as never[];
  const named = fc.record(shape, { requiredKeys });
  const { additionalProperties: more } = schema;
  if (typeof more !== 'object') return named;
  const rest = fc.dictionary(fc.string({ maxLength: 12 }), valueFor(more, known, depth + 1), {
    maxKeys: 4,
  });
  return fc.tuple(named, rest).map(([own, others]) => ({ ...others, ...own }));
}

const DEEP = `${'['.repeat(4_000)}${']'.repeat(4_000)}`;
const DEEP_OBJECT = `${'{"a":'.repeat(1_500)}1${'}'.repeat(1_500)}`;

const ODD: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, '', ' ', [], {}, [[]], [null]],
  ...['1e999', '-1e999', '-0', '9007199254740993', '1e-400', 'NaN', '"\\ud800"', '"\\udc00x"'].map(
    raw,
  ),
  ...['"\\u0000"', '"a\\u0000b"', DEEP, DEEP_OBJECT, '{"a":1,"a":2}', '1e', '01', "'x'"].map(raw),
  ...['{"__proto__":{"role":"admin"}}', '{"constructor":{"prototype":{"x":1}}}'].map(raw),
  ...['x'.repeat(300), 'x'.repeat(5_000), '\u202eabc', '\u200b', '😀'.repeat(70), 'é'.repeat(99)],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    "' or 1=1 --",
    '%',
    '_',
    '*',
    '*:*',
  ],
  ...['<script>alert(1)</script>', '"><img src=x>', '../../etc/passwd', 'a\r\nb: c', '$&'],
  ...['::ffff:10.0.0.1', '0:0:0:0:0:0:0:1', '1.2.3.4', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff'],
];

const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '',
  'extra',
  'id',
  'role',
  '_csrf',
];

export interface Spoil {
  where: number;
  how: 'replace' | 'remove' | 'add' | 'wrap' | 'twice' | 'grow';
  odd: unknown;
  key: string;
}

export const spoil: fc.Arbitrary<Spoil> = fc.record({
  where: fc.nat(400),
  how: fc.constantFrom('replace', 'replace', 'remove', 'add', 'wrap', 'twice', 'grow'),
  odd: fc.constantFrom(...ODD),
  key: fc.constantFrom(...KEYS),
});

/** The value with one place of it spoilt. */
export function spoilt(value: unknown, given: Spoil): unknown {
  const places = count(value);
  const at = { left: given.where % places };
  return walk(value, at, (part) => spoilPart(part, given));
}

function count(value: unknown): number {
  if (typeof value !== 'object' || value === null || RAW in value) return 1;
  return Object.values(value).reduce((sum: number, one) => sum + count(one), 1);
}

function walk(value: unknown, at: { left: number }, change: (part: unknown) => unknown): unknown {
  if (at.left-- === 0) return change(value);
  if (typeof value !== 'object' || value === null || RAW in value) return value;
  if (Array.isArray(value)) return value.map((one) => walk(one, at, change));
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, walk(one, at, change)]),
  );
}

function spoilPart(part: unknown, { how, odd, key }: Spoil): unknown {
  if (how === 'wrap') return [part];
  if (how === 'grow') return grown(part);
  const isObject =
    typeof part === 'object' && part !== null && !Array.isArray(part) && !(RAW in part);
  if (!isObject || how === 'replace') return odd;
  const text = emit(part);
  if (how === 'remove') return Object.fromEntries(Object.entries(part).slice(1));
  const more = `${JSON.stringify(key)}:${emit(odd)}`;
  const again = how === 'twice' ? text.slice(1, -1) : '';
  return raw(`{${[text.slice(1, -1), again, more].filter((piece) => piece !== '').join(',')}}`);
}

function grown(part: unknown): unknown {
  if (typeof part === 'string') return part.repeat(Math.ceil(400 / Math.max(1, part.length)));
  if (typeof part === 'number') return part * 1e15 + 0.5;
  return Array.from({ length: 300 }, () => part);
}
