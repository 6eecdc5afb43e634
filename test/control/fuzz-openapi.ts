// Requests for every operation of an OpenAPI document, good and bad, and the judge of the answers.
import Ajv, { type ValidateFunction } from 'ajv';
import * as fc from 'fast-check';
import { CALLERS, type CallerName, KNOWN_NAMES, RANKS } from './fuzz-fleet.ts';
import { emit, type Schema, spoil, spoilt, valueFor } from './fuzz-json.ts';

interface Parameter {
  name: string;
  in: 'path' | 'query';
  required?: boolean;
  schema: Schema;
}

interface Media {
  content?: { 'application/json'?: { schema: Schema } };
}

export interface Operation {
  /** For the report of a failure. */
  [fc.toStringMethod]: () => string;
  path: string;
  method: string;
  description: string;
  parameters: Parameter[];
  body: Schema | null;
  /** By status; `default` too. */
  answers: ReadonlyMap<string, ValidateFunction | null>;
}

export interface Shot {
  operation: Operation;
  caller: CallerName;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | undefined;
}

interface Document {
  paths: Record<string, Record<string, Described>>;
}

interface Described {
  description: string;
  parameters?: Parameter[];
  requestBody?: Media;
  responses: Record<string, Media>;
}

const ajv = new Ajv.default({ strict: false, validateFormats: false });

export function operationsOf(document: unknown): Operation[] {
  return Object.entries((document as Document).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, given]) => ({
      [fc.toStringMethod]: () => `${method} ${path}`,
      path,
      method: method.toUpperCase(),
      description: given.description,
      parameters: given.parameters ?? [],
      body: given.requestBody?.content?.['application/json']?.schema ?? null,
      answers: new Map(
        Object.entries(given.responses).map(([status, { content }]) => {
          const schema = content?.['application/json']?.schema;
          return [status, schema === undefined ? null : ajv.compile(plain(schema) as object)];
        }),
      ),
    })),
  );
}

/** OpenAPI 3.0 as JSON Schema: a nullable enum takes null, too. */
function plain(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plain);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, ...rest } = schema as Record<string, unknown>;
  const made = Object.fromEntries(Object.entries(rest).map(([key, part]) => [key, plain(part)]));
  return nullable === true ? { anyOf: [{ enum: [null] }, made] } : made;
}

/** Why the answer breaks what the operation promises; null when it does not. */
export function broken(
  { operation, method, headers }: Shot,
  answer: { status: number; text: string; json: unknown; type: string },
): string | null {
  const { status, text, json, type } = answer;
  if (status >= 500) return `status ${status}`;
  if (status === 304 || method === 'HEAD') return text === '' ? null : 'a body where none is';
  const isNamed = operation.answers.has(String(status));
  const isWrong = status < 400 && (!isNamed || operation.method !== method);
  if (isWrong) return `status ${status} is not described`;
  // Of what is not there a browser gets a page, outside the API.
  const isPage =
    status === 404 && headers['accept'] === 'text/html' && type.startsWith('text/html');
  if (isPage && !operation.path.startsWith('/api/')) return null;
  if (!type.startsWith('application/json')) return `type ${type}`;
  const judge = operation.answers.get(isNamed ? String(status) : 'default') ?? null;
  if (judge === null || judge(json)) return null;
  return `schema of ${status}: ${ajv.errorsText(judge.errors).slice(0, 300)}`;
}

/** Whether the description lets him: by its words alone. */
export function mayCall({
  caller,
  operation,
  method,
}: Pick<Shot, 'caller' | 'operation' | 'method'>) {
  if (method !== operation.method && method !== 'HEAD') return false;
  const { description } = operation;
  const isSafe = method === 'GET' || method === 'HEAD';
  const rank: string = caller === 'no-csrf' && isSafe ? 'admin' : RANKS[caller];
  if (description === 'For everybody.') return true;
  if (description === 'For probes.') return rank === 'probe';
  const wanted = WORDS.findIndex((words) => words.test(description));
  return wanted >= 0 && LADDER.indexOf(rank) >= wanted;
}

const LADDER = ['viewer', 'operator', 'admin'];
const WORDS = [/logged in/, /^For operators/, /^For administrators/];

function invited(operation: Operation): CallerName[] {
  const { method } = operation;
  return CALLERS.filter((caller) => mayCall({ caller, operation, method }));
}

const ODD_SEGMENTS = [
  ...['%00', '%2e%2e', '..%2f..%2fetc', '%2F', '%', '%zz', '%ff', '__proto__', 'constructor', '*'],
  ...['0', '-1', '1e3', '00001', '9007199254740993', '1.0', 'a%20b', '%E2%80%AE', '%F0%9F%98%80'],
  ...['x'.repeat(199), 'x'.repeat(250), '%61', 'PROBE01', 'probe01%00', 'probe01;x=1', '%0d%0ax:y'],
];
const ODD_QUERIES = [
  ...[
    '__proto__=x',
    'constructor[prototype]=x',
    'a[b]=c',
    '%',
    '%00=%00',
    'limit=1&limit=2',
    '&&&',
  ],
  ...[
    'limit=9999999999999999',
    'limit=0',
    'offset=10000000',
    'search=%25_%25_%25',
    'search=%F0%9F',
  ],
  ...[
    '=',
    '?',
    'search=%00',
    'owner=*',
    `search=${'%25_'.repeat(60)}`,
    'sort=__proto__',
    'since=NaN',
  ],
];
const TYPES = [
  ...['application/json', 'application/json; charset=utf-16', 'APPLICATION/JSON', 'text/plain'],
  ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json,'],
  ...['application/octet-stream', 'application/json;;;', 'json', 'text/json; application/json'],
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const BROKEN_BODIES = [
  '',
  '{',
  '\ufeff{}',
  '{}x',
  'null',
  '[]',
  '0',
  '"x"',
  '{"a":}',
  '\u0000',
  'a=b',
];
const HEADERS: readonly Record<string, string>[] = [
  { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil' },
  { 'x-http-method-override': 'DELETE' },
  { 'if-none-match': '*' },
  { 'if-none-match': `${'"a",'.repeat(300)}"` },
  { accept: 'text/html' },
  { origin: 'https://evil.example' },
  { 'sec-fetch-site': 'cross-site' },
  { cookie: 'flint=; flint=x; __proto__=1; =; %' },
  { 'content-encoding': 'gzip' },
  { expect: '100-continue' },
  { range: 'bytes=0-0' },
];

/** `n` in ten as it should be. */
function mostly<T>(n: number, good: fc.Arbitrary<T>, bad: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: n, arbitrary: good }, { weight: 10 - n, arbitrary: bad });
}

export function shotAt(operation: Operation, operations: readonly Operation[]): fc.Arbitrary<Shot> {
  const made = fc.record({
    operation: fc.constant(operation),
    caller: mostly(5, fc.constantFrom(...CALLERS), fc.constantFrom(...invited(operation))),
    method: mostly(9, fc.constant(operation.method), fc.constantFrom(...METHODS)),
    url: fc.tuple(pathOf(operation), queryOf(operation)).map(([path, query]) => `${path}${query}`),
    headers: headersOf(operation),
    body: bodyOf(operation),
  });
  // Another method may be another operation.
  return made.map((shot) => {
    const method = shot.method === 'HEAD' ? 'GET' : shot.method;
    const meant = operations.find((one) => one.path === operation.path && one.method === method);
    return { ...shot, operation: meant ?? operation };
  });
}

function pathOf({ path, parameters }: Operation): fc.Arbitrary<string> {
  const named = parameters.filter((one) => one.in === 'path');
  const pieces = named.map(({ schema }) =>
    mostly(
      8,
      (valueFor(schema, KNOWN_NAMES) as fc.Arbitrary<string>).map(encoded),
      fc.constantFrom(...ODD_SEGMENTS),
    ),
  );
  return fc
    .tuple(...pieces)
    .map((values) =>
      named.reduce((url, { name }, at) => url.replace(`{${name}}`, () => values[at] ?? ''), path),
    );
}

function queryOf({ parameters }: Operation): fc.Arbitrary<string> {
  const named = parameters.filter((one) => one.in === 'query');
  const shape = Object.fromEntries(
    named.map(({ name, schema }) => [name, valueFor(schema, KNOWN_NAMES) as fc.Arbitrary<string>]),
  );
  const good = fc.record(shape, { requiredKeys: [] }).map((values) => {
    const pairs = Object.entries(values).map(([key, one]) => `${key}=${encoded(String(one))}`);
    return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
  });
  return mostly(8, good, fc.constantFrom(...ODD_QUERIES.map((text) => `?${text}`)));
}

/** Lone surrogates cannot be in a URL. */
function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(String(text)).toString());
}

function headersOf({ body }: Operation): fc.Arbitrary<Record<string, string>> {
  const type = mostly(9, fc.constant('application/json'), fc.constantFrom(...TYPES));
  const more = mostly(8, fc.constant({}), fc.constantFrom(...HEADERS));
  return fc
    .tuple(type, more)
    .map(([one, others]) => (body === null ? { ...others } : { 'content-type': one, ...others }));
}

function bodyOf({ body, method }: Operation): fc.Arbitrary<string | undefined> {
  if (body === null) {
    const none = fc.constant<string | undefined>(undefined);
    return method === 'GET' ? none : mostly(8, none, fc.constantFrom('{}', '{"a":1}', 'x'));
  }
  const good = valueFor(body, KNOWN_NAMES);
  const spoilts = fc
    .tuple(good, fc.array(spoil, { minLength: 1, maxLength: 3 }))
    .map(([value, spoils]) => spoils.reduce((one: unknown, how) => spoilt(one, how), value));
  const bad = fc.oneof(
    { weight: 8, arbitrary: spoilts.map(emit) },
    { weight: 1, arbitrary: fc.constantFrom(...BROKEN_BODIES) },
    { weight: 1, arbitrary: good.map((value) => emit(value).slice(0, -1)) },
  );
  return mostly(5, good.map(emit), bad);
}
