// A process in a namespace that asks over HTTP or HTTPS what it is told, several at once.
import type { Namespace } from '../lab/net.ts';

export interface Question {
  method: string;
  url: string;
  token?: string;
  /** Sent as JSON; a text as it is. */
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Reply {
  /** 0 when there was none; `body` says why. */
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface Asker {
  ask(question: Question): Promise<Reply>;
}

const PROGRAM = `
const fs = require('node:fs');
const ca = fs.readFileSync(process.argv[1]);
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, url, token, body, headers } = JSON.parse(line);
  const tell = (reply) => process.stdout.write(JSON.stringify({ id, ...reply }) + '\\n');
  const isText = body === undefined || typeof body === 'string';
  const text = isText ? body : JSON.stringify(body);
  const request = require(url.startsWith('https:') ? 'node:https' : 'node:http').request(url, {
    method, ca, agent: false, timeout: 10000,
    headers: {
      ...(token ? { authorization: 'Bearer ' + token } : {}),
      ...(text === undefined ? {} : {
        'content-type': 'application/json', 'content-length': Buffer.byteLength(text),
      }),
      ...headers,
    },
  }, (response) => {
    let got = '';
    response.setEncoding('utf8').on('data', (part) => { got += part; });
    response.on('end', () => {
      tell({ status: response.statusCode, headers: response.headers, body: got });
    });
  });
  request.on('timeout', () => request.destroy(new Error('no answer')));
  request.on('error', (error) => tell({ status: 0, headers: {}, body: String(error) }));
  request.end(text);
});
`;

export function openAsker(namespace: Namespace, certFile: string): Asker {
  const { child } = namespace.spawn(process.execPath, ['-e', PROGRAM, certFile]);
  const waiting = new Map<number, (reply: Reply) => void>();
  let asked = 0;
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { id, ...reply } = JSON.parse(line) as Reply & { id: number };
      waiting.get(id)?.(reply);
      waiting.delete(id);
    }
  });
  return {
    ask(question) {
      const id = ++asked;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        child.stdin.write(`${JSON.stringify({ id, ...question })}\n`);
      });
    },
  };
}
