// Speaks with the control: one request, one JSON answer, one deadline for all of it. Redirects are
// not followed, since they would carry the token elsewhere.
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { ProbeError } from '../../core/error.ts';
import { version } from '../version.ts';
import type { Account } from './account.ts';
import { brokenAnswer, refusal, unreachable } from './refusals.ts';

const fs = process.getBuiltinModule('node:fs');

export const ANSWER_MS_MAX = 15_000;
export const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below /api/v1, without a query: `/probes/probe05`. */
  path: string;
  /** What is left out of it is null. */
  query?: Readonly<Record<string, string | null>>;
  body?: unknown;
  /** Completes "cannot …" for people: `approve probe05`. */
  what: string;
  /** Its refusal is no reason to log in: it is how one does. */
  isLogin?: boolean;
  /** Beyond those that every call has. */
  headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  /** Null where the control had nothing to say (204). */
  body: unknown;
  /** By the clock of the control, or ours where it does not tell. */
  nowMs: number;
  cookies: readonly string[];
}

export interface Client {
  origin: string;
  /** Throws ProbeError for everything but an answer 2xx. */
  call(call: Call): Promise<Answer>;
}

export interface ClientOptions extends Account {
  deadlineMs?: number;
}

export function openClient(options: ClientOptions): Client {
  const certificates = options.caFile === null ? null : readCertificates(options.caFile);
  return {
    origin: options.origin,
    call: async (call) => {
      const raw = await exchange(options, certificates, call);
      return judge(options, call, raw);
    },
  };
}

interface Raw {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

function readCertificates(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProbeError('ERR_USAGE', `option --ca <file>: ${file} cannot be read: ${why}`, {
      cause,
    });
  }
}

function exchange(options: ClientOptions, ca: string | null, call: Call): Promise<Raw> {
  const { origin, deadlineMs = ANSWER_MS_MAX } = options;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      request.destroy();
      reject(unreachable(error, { origin, what: call.what, deadlineMs }));
    };
    const request = openRequest(options, ca, call);
    const timer = setTimeout(() => fail(coded('DEADLINE', 'too late')), deadlineMs);
    request.on('error', fail);
    request.on('response', (response) => {
      collect(response).then((text) => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      }, fail);
    });
    request.end(call.body === undefined ? undefined : JSON.stringify(call.body));
  });
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function openRequest(options: ClientOptions, ca: string | null, call: Call): ClientRequest {
  const url = urlOf(options.origin, call);
  const request: RequestOptions = {
    method: call.method,
    // One question a process, mostly: no connection is worth keeping.
    agent: false,
    headers: headersOf(options.token, call),
  };
  if (url.protocol === 'http:') return process.getBuiltinModule('node:http').request(url, request);
  const https = process.getBuiltinModule('node:https');
  return https.request(url, { ...request, ...(ca === null ? {} : { ca }) });
}

function urlOf(origin: string, { path, query = {} }: Call): URL {
  const url = new URL(`${origin}/api/v1${path}`);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null) url.searchParams.set(name, value);
  }
  return url;
}

function headersOf(token: string | null, call: Call): Record<string, string> {
  return {
    accept: 'application/json',
    'user-agent': `flint-fleet/${version()}`,
    ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...call.headers,
  };
}

async function collect(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > ANSWER_BYTES_MAX) {
      throw coded('TOO_LONG', `more than ${ANSWER_BYTES_MAX} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function judge({ origin, token }: ClientOptions, call: Call, raw: Raw): Answer {
  const { status, headers, text } = raw;
  const place = { origin, what: call.what, hasToken: token !== null, isLogin: call.isLogin };
  if (status < 200 || status > 299) throw refusal(place, { status, headers, text });
  const nowMs = Date.parse(headers.date ?? '');
  return {
    body: text === '' ? null : parseBody(place, raw),
    nowMs: Number.isNaN(nowMs) ? Date.now() : nowMs,
    cookies: headers['set-cookie'] ?? [],
  };
}

function parseBody(place: { origin: string; what: string }, { headers, text }: Raw): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const type = headers['content-type'] ?? 'no content type';
    throw brokenAnswer(place, `it is no JSON but ${type}, ${text.length} characters`);
  }
}
