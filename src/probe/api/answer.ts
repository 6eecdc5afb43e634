import type { IncomingMessage, ServerResponse } from 'node:http';
import { encode } from '../../core/codec.ts';
import { startSlice } from '../time-slice.ts';

// One way out for every answer. A long one is a sequence of parts: it waits for a slow reader and
// lets the tick pass, so that neither memory nor the measurement pays for it.

export type Part = string | Uint8Array;

export interface Answer {
  status: number;
  type: string;
  body: Part | AsyncIterable<Part> | Iterable<Part>;
  headers?: Readonly<Record<string, string>>;
}

export const JSON_TYPE = 'application/json; charset=utf-8';
export const MSGPACK_TYPE = 'application/msgpack';

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; " +
    "frame-ancestors 'none'; base-uri 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

export function answerJson(value: unknown, status = 200): Answer {
  return { status, type: JSON_TYPE, body: `${JSON.stringify(value)}\n` };
}

/** `code` is for programs, `message` a sentence for people. */
export function answerError(status: number, code: string, message: string): Answer {
  return answerJson({ error: { code, message } }, status);
}

/** JSON `{ …head, [key]: [items], …tail }`, an item a line. */
export function* jsonList(list: {
  head: object;
  key: string;
  items: Iterable<unknown>;
  tail: object;
}): Generator<string> {
  const head = JSON.stringify(list.head).slice(0, -1);
  yield `${head}${head === '{' ? '' : ','}${JSON.stringify(list.key)}:[`;
  let separator = '\n';
  for (const item of list.items) {
    yield separator + JSON.stringify(item);
    separator = ',\n';
  }
  const tail = JSON.stringify(list.tail).slice(1);
  yield `\n]${tail === '}' ? '' : ','}${tail}\n`;
}

/** msgpack of `{ [key]: [items], next }`; each item is encoded by itself. */
export function* packedList(list: {
  key: string;
  items: readonly unknown[];
  next: string | null;
}): Generator<Uint8Array> {
  const size = Buffer.alloc(5);
  size.writeUInt8(0xdd, 0);
  size.writeUInt32BE(list.items.length, 1);
  yield Buffer.concat([Uint8Array.of(0x82), encode(list.key), size]);
  for (const item of list.items) yield encode(item);
  yield Buffer.concat([encode('next'), encode(list.next)]);
}

/** Resolves when all is handed to the socket, or when the reader is gone. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
): Promise<void> {
  const { body } = answer;
  response.statusCode = answer.status;
  const headers = {
    ...SECURITY_HEADERS,
    'cache-control': 'no-store',
    'content-type': answer.type,
    ...answer.headers,
  };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (typeof body === 'string' || body instanceof Uint8Array) {
    // Encoded here, and not once for its length and again by the socket.
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    response.setHeader('content-length', bytes.length);
    response.end(bytes);
  } else if (request.method === 'HEAD') {
    response.end();
  } else {
    await sendParts(request, response, body);
  }
}

const PART_LENGTH = 16_384;

async function sendParts(
  request: IncomingMessage,
  response: ServerResponse,
  parts: AsyncIterable<Part> | Iterable<Part>,
): Promise<void> {
  const slice = startSlice();
  let held: Part[] = [];
  let heldLength = 0;
  for await (const part of parts) {
    held.push(part);
    heldLength += part.length;
    if (heldLength < PART_LENGTH) continue;
    const isAccepted = response.write(joined(held));
    held = [];
    heldLength = 0;
    if (!isAccepted) await drained(request, response);
    if (request.socket.destroyed) return;
    if (slice.isOver()) await slice.next();
  }
  response.end(joined(held));
}

// A string goes to the kernel as it is: bytes of it would be a copy more, and garbage.
function joined(parts: readonly Part[]): Part {
  if (parts.every((part) => typeof part === 'string')) return parts.join('');
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

// A pipelined answer is no one's turn yet and never hears `close`, so the socket is asked as well.
function drained(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { socket } = request;
  return new Promise((resolve) => {
    function settle(): void {
      response.off('drain', settle);
      socket.off('close', settle);
      resolve();
    }
    if (socket.destroyed || !response.writableNeedDrain) return resolve();
    response.on('drain', settle);
    socket.on('close', settle);
  });
}
