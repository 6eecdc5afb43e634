// A metrics server of a few lines, for tests: it answers what the test says, and remembers.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  method: string;
  url: string;
  authorization: string;
  body: Buffer;
}

export interface Answering {
  url: string;
  port: number;
  asked: Asked[];
  close(): Promise<void>;
}

export type Answer = (asked: Asked) => { status: number; text?: string };

export async function answer(decide: Answer): Promise<Answering> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void collect(request).then((body) => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, authorization: headers.authorization ?? '', body };
      asked.push(one);
      const { status, text = '' } = decide(one);
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** vmauth: as it was (400 to an unknown bearer), or as it is (401). */
export function vmauthLike(tokens: () => readonly string[], unknownStatus: 400 | 401): Answer {
  return ({ authorization, body }) => {
    if (!tokens().includes(authorization.replace(/^Bearer /, ''))) {
      return { status: unknownStatus, text: 'cannot find the provided auth token in config' };
    }
    return body.includes('bad') ? { status: 400, text: 'cannot parse' } : { status: 204 };
  };
}

async function collect(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
