// Between a request and a page: who reads it, what was typed, and what becomes of an error. A form
// that was refused comes back with what was typed and the message at the field.
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { ProbeError } from '../../core/error.ts';
import type { Actor, ControlContext } from '../request/context.ts';
import { csrfTokenOf } from '../request/csrf.ts';
import type { InputIssue } from '../request/problem.ts';
import type { FormState } from './form.ts';
import { type Frame, type Page, renderPage, withQuery } from './shell.ts';

/** Of a page for people who are logged in, of a page that changes something, of a public one. */
export const VIEWER_PAGE = { access: 'viewer', isPage: true } as const;
export const OPERATOR_PAGE = { access: 'operator', isPage: true } as const;
export const ADMIN_PAGE = { access: 'admin', isPage: true } as const;
export const PUBLIC_PAGE = { access: 'public', isPage: true } as const;

const HTML = 'text/html; charset=utf-8';
const VALUE_LENGTH_MAX = 262_144;

/** Any query: a page takes what it knows and leaves the rest. */
export const ANY_QUERY = v.record(v.string(), v.unknown());
/** Any form; what is in it is judged where it is read. */
export const ANY_FORM = v.record(v.string(), v.unknown());

export type Values = Readonly<Record<string, string>>;

export function frameOf(context: ControlContext, request: FastifyRequest): Frame {
  const query = valuesOf(request.query);
  const { actor } = request;
  return {
    house: context.config.title,
    version: context.version,
    nowMs: context.nowMs(),
    reader: actor === null ? null : readerOf(actor),
    csrf: csrfTokenOf(context, request),
    href: withQuery(request.url.startsWith('/') ? request.url : '/', {
      refresh: null,
      done: null,
      once: null,
    }),
    isPaused: query['refresh'] === 'off',
    done: query['done'] ?? null,
    isStatic: false,
  };
}

function readerOf({ name, role, kind }: Actor): Frame['reader'] {
  return { name, role, isVisitor: kind === 'visitor' };
}

/** The page with its headers; a reader who pauses it gets one that stays as it is. */
export async function sendPage(
  reply: FastifyReply,
  frame: Frame,
  page: Page,
  status = 200,
): Promise<FastifyReply> {
  if (page.reloadSeconds !== null && !frame.isPaused) {
    // Without the note of what was done: that was a while ago.
    const to = frame.done === null ? '' : `; url=${frame.href}`;
    reply.header('refresh', `${page.reloadSeconds}${to}`);
  }
  return reply
    .code(status)
    .type(HTML)
    .send(await renderPage(frame, page));
}

/** To a page that says what was done, by a key of `DONE`. */
export function goTo(reply: FastifyReply, href: string, done?: string): FastifyReply {
  return reply.redirect(done === undefined ? href : withQuery(href, { done }), 303);
}

/** Of a query or a form: the texts, of repeated ones the last. */
export function valuesOf(given: unknown): Values {
  if (typeof given !== 'object' || given === null) return {};
  const values: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(given)) {
    const one: unknown = Array.isArray(value) ? value.at(-1) : value;
    if (typeof one === 'string') values[name] = one.slice(0, VALUE_LENGTH_MAX);
  }
  return values;
}

export type Judged<Output> = { ok: true; value: Output } | { ok: false; state: FormState };

/** By a schema; errors are of the field that the path begins with. */
export function judge<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
  values: Values,
): Judged<v.InferOutput<Schema>> {
  const parsed = v.safeParse(schema, input);
  if (parsed.success) return { ok: true, value: parsed.output };
  const issues = parsed.issues.map((issue) => ({
    path: v.getDotPath(issue) ?? '',
    message: issue.message,
  }));
  return { ok: false, state: { values, errors: errorsOf(issues, values) } };
}

export type Attempted<Result> =
  | { ok: true; result: Result }
  | { ok: false; state: FormState; status: number };

/** What was typed, judged by a schema and then done; a refusal of either is at its field. */
export async function attemptJudged<Schema extends v.GenericSchema, Result>(
  schema: Schema,
  { input, values }: { input: unknown; values: Values },
  work: (value: v.InferOutput<Schema>) => Promise<Result>,
): Promise<Attempted<Result>> {
  const judged = judge(schema, input, values);
  return judged.ok ? await attempt(values, () => work(judged.value)) : { ...judged, status: 400 };
}

/**
 * Does it, or says at which field it was refused. What the input is not to blame for is thrown on.
 */
export async function attempt<Result>(
  values: Values,
  work: () => Promise<Result>,
): Promise<Attempted<Result>> {
  try {
    return { ok: true, result: await work() };
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
    const status = FORM_ERRORS[error.code];
    if (status === undefined) throw error;
    const { issues = [] } = error as { issues?: InputIssue[] };
    const told = issues.length > 0 ? issues : [{ path: '', message: error.message }];
    return { ok: false, status, state: { values, errors: errorsOf(told, values) } };
  }
}

const FORM_ERRORS: Readonly<Record<string, number>> = {
  ERR_INPUT_INVALID: 400,
  ERR_NOT_FOUND: 404,
  ERR_CONFLICT: 409,
  ERR_LIMIT_EXCEEDED: 409,
  ERR_UNAUTHORIZED: 401,
  ERR_THROTTLED: 429,
};

function errorsOf(issues: readonly InputIssue[], values: Values): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { path, message } of issues.slice(0, 20)) {
    const name = fieldOf(path, message, values);
    const text = name === '' && path !== '' ? `${path}: ${message}` : message;
    const words = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
    errors[name] = errors[name] === undefined ? words : `${errors[name]}; ${text}`;
  }
  return errors;
}

/** The field that a path means, or a message that begins with its name. */
function fieldOf(path: string, message: string, values: Values): string {
  const parts = path.replace(/^measurements\./, '').split('.');
  for (let length = parts.length; length > 0; length--) {
    const name = parts.slice(0, length).join('.');
    if (name !== '' && Object.hasOwn(values, name)) return name;
  }
  if (path !== '') return '';
  const first = /^(?:the )?([a-z]+)\b/i.exec(message)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(values, first) ? first : '';
}
