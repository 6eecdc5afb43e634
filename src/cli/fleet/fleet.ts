// What every command of `flint fleet` begins with: who asks which control, and where answers go.
// Answers are judged by the schemas that the control is built on. Keys that are new are let pass;
// a row of a list that cannot be read is left out and told of, so that one odd probe of a newer
// control does not hide the others.
import * as v from 'valibot';
import { isRecord } from '../../core/config-value.ts';
import { UsageError } from '../command.ts';
import { readAccount } from './account.ts';
import { type Call, type Client, openClient } from './client.ts';
import { brokenAnswer } from './refusals.ts';
import { counted, openView, type View } from './text.ts';

export type Options = Readonly<Record<string, unknown>>;

export interface Fleet {
  client: Client;
  view: View;
  isJson: boolean;
}

/** What an answer says, read, as it came, and when it was given. */
export interface Reading<T> {
  value: T;
  raw: unknown;
  nowMs: number;
}

export function openFleet(options: Options): Fleet {
  const client = openClient(readAccount(options));
  return { client, view: openView(process.stdout), isJson: options['json'] === true };
}

/** One call whose answer has a known shape. */
export async function readAnswer<T>(
  fleet: Pick<Fleet, 'client'>,
  call: Call,
  schema: v.GenericSchema<unknown, T>,
): Promise<Reading<T>> {
  const { body, nowMs } = await fleet.client.call(call);
  return { value: readValue(fleet, call, schema, body), raw: body, nowMs };
}

/** One call whose answer is a list below `key`, whatever else it says. */
export async function readList<T>(
  fleet: Fleet,
  call: Call,
  { key, schema }: { key: string; schema: v.GenericSchema<unknown, T> },
): Promise<Reading<T[]>> {
  const { body, nowMs } = await fleet.client.call(call);
  const list = isRecord(body) ? body[key] : body;
  if (!Array.isArray(list)) {
    const place = { origin: fleet.client.origin, what: call.what };
    throw brokenAnswer(place, `it has no list "${key}"`);
  }
  return { value: readRows(schema, list, key), raw: body, nowMs };
}

export function readValue<T>(
  { client }: Pick<Fleet, 'client'>,
  { what }: Pick<Call, 'what'>,
  schema: v.GenericSchema<unknown, T>,
  body: unknown,
): T {
  const read = v.safeParse(schema, body);
  if (read.success) return read.output;
  const place = { origin: client.origin, what };
  throw brokenAnswer(place, issueText(read.issues[0]));
}

/** The rows that can be read; how many cannot is told on standard error. */
export function readRows<T>(
  schema: v.GenericSchema<unknown, T>,
  list: readonly unknown[],
  key: string,
): T[] {
  const readings = list.map((one) => v.safeParse(schema, one));
  const odd = readings.flatMap((one) => (one.success ? [] : [one.issues[0]]));
  if (odd[0] !== undefined) {
    const view = openView(process.stderr);
    view.line(
      `flint: ${counted(odd.length, 'row')} of ${key} left out, since they cannot be read: ` +
        `${issueText(odd[0])}; is this flint older than the control?`,
    );
  }
  return readings.flatMap((one) => (one.success ? [one.output] : []));
}

function issueText(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return path === null ? issue.message : `${path}: ${issue.message}`;
}

/** A change: with `--json` what the control said, else the sentence. */
export async function change(
  fleet: Fleet,
  call: Call,
  sentence: (answer: unknown) => string,
): Promise<void> {
  const { body } = await fleet.client.call(call);
  if (fleet.isJson) fleet.view.json(body);
  else fleet.view.line(sentence(body));
}

const SLUG = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** A name as a path and a body may carry it; `what` names it in the complaint. */
export function slug(text: string | undefined, what: string): string {
  if (text !== undefined && SLUG.test(text)) return text;
  throw new UsageError(
    `expected ${what} of 1 to 63 of a-z 0-9 - that does not begin with -, got "${text ?? ''}"`,
  );
}

/** The id of a row, as lists show it. */
export function rowId(text: string | undefined, what: string): string {
  if (text !== undefined && /^[1-9][0-9]{0,15}$/.test(text)) return text;
  throw new UsageError(
    `expected ${what}, a whole number as the list shows it, got "${text ?? ''}"`,
  );
}
