import type { ClientRequest, IncomingMessage } from 'node:http';
import { isRecord } from '../core/config-value.ts';
import { openSocket, SocketFailure } from './control-socket.ts';
import { openContext, type Trust } from './control-trust.ts';

const http = process.getBuiltinModule('node:http');

// One request, one connection, one answer, with a deadline and a size on everything. Redirects are
// not followed, and nothing is kept open: there is one request a minute.

export type FailureKind =
  /** Nobody answered, or not in time. */
  | 'unreachable'
  /** Somebody answered who is not our control. */
  | 'tls'
  /** 401: the API key is not known (any more). */
  | 'unauthorized'
  /** 403: not accepted, or not yet. */
  | 'refused'
  /** 404: it does not offer that. */
  | 'missing'
  /** 429 and 503. */
  | 'throttled'
  /** 400, 413, 422: it does not like what was sent. */
  | 'rejected'
  /** Everything else that is no success. */
  | 'failed'
  /** A success that says nothing that can be understood. */
  | 'invalid';

export interface Failure {
  ok: false;
  kind: FailureKind;
  /** For the log and for people. */
  message: string;
  /** What Retry-After asked for. */
  retryAfterMs: number | null;
}

export interface ExchangeOptions {
  origin: string;
  version: string;
  trust: Trust;
  /** For the whole of a request; 30 s unless said otherwise. */
  deadlineMs?: number;
  /** For name, connection and handshake; 10 s. */
  connectMs?: number;
}

export interface Question {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: string | null;
  signal: AbortSignal;
}

export interface Answer {
  ok: true;
  status: number;
  etag: string | null;
  text: string;
  roundTripMs: number;
}

export const ANSWER_BYTES_MAX = 262_144;
export const DOCUMENT_BYTES_MAX = 1 << 20;

const DEADLINE_MS = 30_000;
const CONNECT_MS = 10_000;

/** Throws ERR_CONFIG_INVALID when the authorities cannot be read. */
export function openSender(
  options: ExchangeOptions,
): (question: Question) => Promise<Answer | Failure> {
  const { trust } = options;
  const url = new URL(options.origin);
  const isTls = url.protocol === 'https:';
  const endpoint = {
    isTls,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port === '' ? (isTls ? 443 : 80) : url.port),
  };
  // Made once: it holds all authorities of the system.
  const context = openContext(isTls ? trust.authorities : null);
  return (question) => {
    const timeoutMs = Math.min(options.connectMs ?? CONNECT_MS, options.deadlineMs ?? DEADLINE_MS);
    const request = http.request({
      method: question.method,
      path: question.path,
      host: endpoint.host,
      port: endpoint.port,
      headers: { ...question.headers, ...commonHeaders(url, options.version, question.body) },
      // http speaks over whatever socket it is given; without an agent it closes it at the end.
      createConnection: (_given, done) =>
        openSocketFor({ endpoint, trust, context, timeoutMs }, question.signal, done),
    });
    return exchange(request, question, options);
  };
}

export function failure(kind: FailureKind, message: string): Failure {
  return { ok: false, kind, message, retryAfterMs: null };
}

type Connected = (error: Error | null, socket: import('node:stream').Duplex) => void;

// Nothing is returned: http would take a returned socket for a connected one.
function openSocketFor(
  options: Parameters<typeof openSocket>[0],
  signal: AbortSignal,
  done: Connected,
): undefined {
  const opened = openSocket(options, (error, socket) => {
    signal.removeEventListener('abort', abort);
    done(error, socket as import('node:net').Socket);
  });
  const abort = (): void => {
    opened.destroy();
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
}

function commonHeaders(url: URL, version: string, body: string | null): Record<string, string> {
  return {
    host: url.host,
    accept: 'application/json',
    'user-agent': `flint/${version}`,
    ...(body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
  };
}

/** Sends, and waits for the whole of the answer, for its limit or for the deadline. */
function exchange(
  request: ClientRequest,
  { method, body, signal }: Question,
  { deadlineMs = DEADLINE_MS }: ExchangeOptions,
): Promise<Answer | Failure> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      finish(failure('unreachable', `no whole answer in ${deadlineMs / 1000} s`));
    }, deadlineMs);
    const abort = (): void => finish(failure('unreachable', 'given up: we are ending'));
    function finish(outcome: Answer | Failure): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      resolve(outcome);
      request.destroy();
    }
    request.on('error', (error) => finish(failureOf(error)));
    request.on('close', () => finish(failure('unreachable', 'the connection was closed')));
    request.on('response', (response) => {
      const bytesMax = method === 'GET' ? DOCUMENT_BYTES_MAX : ANSWER_BYTES_MAX;
      collect(response, bytesMax, (text) => finish(judge(response, text, startedMs)));
    });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    request.end(body ?? undefined);
  });
}

/** Null when it is larger than the limit, or was cut off. */
function collect(
  response: IncomingMessage,
  bytesMax: number,
  done: (text: string | null) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bytesMax) done(null);
    else chunks.push(chunk);
  });
  response.on('end', () => done(Buffer.concat(chunks).toString('utf8')));
  response.on('aborted', () => done(null));
  response.on('error', () => done(null));
}

function judge(
  response: IncomingMessage,
  text: string | null,
  startedMs: number,
): Answer | Failure {
  const { statusCode: status = 0, headers } = response;
  if (text === null) return failure('invalid', 'the answer is cut off, or larger than it may be');
  if (status === 200 || status === 304) {
    const roundTripMs = performance.now() - startedMs;
    return { ok: true, status, etag: headers.etag ?? null, text, roundTripMs };
  }
  return refusal(status, headers['retry-after'], text);
}

const KINDS: Readonly<Record<number, FailureKind>> = {
  400: 'rejected',
  401: 'unauthorized',
  403: 'refused',
  404: 'missing',
  413: 'rejected',
  422: 'rejected',
  429: 'throttled',
  503: 'throttled',
};

function refusal(status: number, retryAfter: string | undefined, text: string): Failure {
  const isRedirect = status >= 300 && status < 400;
  const hint = isRedirect ? '; redirects are not followed: name the control by its own origin' : '';
  return {
    ...failure(KINDS[status] ?? 'failed', `the control answered ${status}${said(text)}${hint}`),
    retryAfterMs: parseRetryAfter(retryAfter),
  };
}

// RFC 9110 §10.2.3; a date would need a clock that is right.
function parseRetryAfter(text: string | undefined): number | null {
  return text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) * 1000 : null;
}

function said(text: string): string {
  try {
    const problem: unknown = JSON.parse(text);
    if (!isRecord(problem) || typeof problem['message'] !== 'string') return '';
    // Whatever is as long as a secret may be one of ours that comes back.
    return ` (${problem['message'].slice(0, 200).replace(/[\w-]{16,}/g, '…')})`;
  } catch {
    return '';
  }
}

function failureOf(error: Error): Failure {
  if (error instanceof SocketFailure) return failure(error.kind, error.message);
  const { code } = error as NodeJS.ErrnoException;
  // What the parser of HTTP does not understand.
  if (code?.startsWith('HPE_') === true) return failure('invalid', `no HTTP: ${error.message}`);
  return failure('unreachable', error.message);
}
