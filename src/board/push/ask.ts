import type { IncomingMessage, RequestOptions } from 'node:http';

const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

// One request, one connection, one answer, with a deadline and a bound on everything. For the
// metrics server and for vmagent's own page; redirects are not followed.

export interface Question {
  url: string;
  method?: 'GET' | 'POST';
  headers?: Readonly<Record<string, string>>;
  body?: string;
  timeoutMs: number;
  bytesMax: number;
  /** PEM; null for those that Node brings. */
  authorities?: string | null;
  signal?: AbortSignal;
}

/** `text` is cut at the bound; then `isCut`. */
export type Answer =
  | { ok: true; status: number; text: string; isCut: boolean }
  | { ok: false; reason: string };

/** Never rejects. */
export function ask(question: Question): Promise<Answer> {
  const { url, body, timeoutMs, bytesMax, signal } = question;
  return new Promise((resolve) => {
    const { request: send } = url.startsWith('https:') ? https : http;
    const request = send(url, requestOptions(question));
    const timer = setTimeout(() => {
      finish({ ok: false, reason: `no whole answer in ${timeoutMs / 1000} s` });
    }, timeoutMs);
    const abort = (): void => finish({ ok: false, reason: 'given up: we are ending' });
    function finish(answer: Answer): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      resolve(answer);
      request.destroy();
    }
    request.on('error', (error) => finish({ ok: false, reason: plainReason(error) }));
    request.on('close', () => finish({ ok: false, reason: 'the connection was closed' }));
    request.on('response', (response) => collect(response, bytesMax, finish));
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    else request.end(body);
  });
}

function requestOptions({ method = 'GET', headers, body, authorities }: Question): RequestOptions {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return {
    method,
    agent: false,
    headers: { 'user-agent': 'flint', ...headers, ...length },
    ...(authorities === undefined || authorities === null ? {} : { ca: authorities }),
  };
}

function collect(
  response: IncomingMessage,
  bytesMax: number,
  done: (answer: Answer) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const end = (isCut: boolean): void => {
    const text = Buffer.concat(chunks).toString('utf8');
    done({ ok: true, status: response.statusCode ?? 0, text, isCut });
  };
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk.subarray(0, bytesMax - bytes));
    bytes += chunk.length;
    if (bytes > bytesMax) end(true);
  });
  response.on('end', () => end(false));
  response.on('error', (error) => done({ ok: false, reason: plainReason(error) }));
}

/** What went wrong, in ASCII: it may be text of the other side. */
function plainReason(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  const text = error.message === '' ? (code ?? 'no connection') : error.message;
  return text.replace(/[^ -~]/g, '?').slice(0, 200);
}
