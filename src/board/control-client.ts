import * as v from 'valibot';
import { clip } from '../core/config-value.ts';
import {
  type Answer,
  type ExchangeOptions,
  type Failure,
  failure,
  openSender,
} from './control-exchange.ts';

// What the board may ask of its control: JSON both ways. The control may be slow, gone, replaced or
// hostile: whatever it answers comes back as data, and an answer that is not what was asked for is
// as good as none.

export type Outcome<T> = { ok: true; value: T; roundTripMs: number } | Failure;

export interface ControlClient {
  origin: string;
  /** Posts JSON; the answer is judged by the schema. */
  post<S extends v.GenericSchema>(call: PostCall<S>): Promise<Outcome<v.InferOutput<S>>>;
  /** Gets a document; its text is left to the caller. */
  get(call: GetCall): Promise<Outcome<Fetched>>;
}

export interface PostCall<S> {
  path: string;
  body: string;
  schema: S;
  apiKey?: string;
  signal: AbortSignal;
}

export interface GetCall {
  path: string;
  apiKey: string;
  etag: string | null;
  signal: AbortSignal;
}

export type Fetched = { isNew: false } | { isNew: true; text: string; etag: string | null };

/** Throws ERR_CONFIG_INVALID when the authorities cannot be read. */
export function openClient(options: ExchangeOptions): ControlClient {
  const send = openSender(options);
  return {
    origin: options.origin,
    async post({ path, body, schema, apiKey, signal }) {
      const headers = { 'content-type': 'application/json', ...bearer(apiKey) };
      const answer = await send({ method: 'POST', path, headers, body, signal });
      return answer.ok ? parseAnswer(answer, schema) : answer;
    },
    async get({ path, apiKey, etag, signal }) {
      const headers = { ...bearer(apiKey), ...(etag === null ? {} : { 'if-none-match': etag }) };
      const answer = await send({ method: 'GET', path, headers, body: null, signal });
      return answer.ok ? toFetched(answer, etag) : answer;
    },
  };
}

function bearer(apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
}

function parseAnswer<S extends v.GenericSchema>(
  { status, text, roundTripMs }: Answer,
  schema: S,
): Outcome<v.InferOutput<S>> {
  if (status !== 200) return failure('failed', `the control answered ${status}`);
  const parsed = v.safeParse(schema, parseJson(text), { abortEarly: true });
  if (parsed.success) return { ok: true, value: parsed.output, roundTripMs };
  // Where it is wrong, not with what: that may be a key.
  const at = v.getDotPath(parsed.issues[0]) ?? 'the whole';
  return failure('invalid', `the answer of the control makes no sense (${clip(at)})`);
}

function toFetched({ status, text, etag, roundTripMs }: Answer, known: string | null) {
  if (status === 200)
    return { ok: true as const, value: { isNew: true as const, text, etag }, roundTripMs };
  if (known === null) return failure('invalid', 'the control says "not modified" of nothing');
  return { ok: true as const, value: { isNew: false as const }, roundTripMs };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
