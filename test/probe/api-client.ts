// A server with made-up sources, and a client that shows everything of an answer.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { type Server, type ServerOptions, startServer } from '../../src/probe/api/api.ts';
import { makeRound, makeSnapshot } from './metrics-snapshot.ts';

export interface Fetched {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  text: string;
}

export interface Logged {
  message: string;
  fields: Record<string, string>;
}

/** Starts on a free loopback port; what it logs is put into `logged`. */
export function startTestServer(
  change: Partial<ServerOptions> = {},
  logged: Logged[] = [],
): Promise<Server> {
  return startServer({
    address: '127.0.0.1',
    port: 0,
    hostnames: ['probe07', 'fd7a:115c::1'],
    snapshot: async () => makeSnapshot(),
    rounds: async () => ({ rounds: [makeRound(), makeRound({ sequence: 813 })], next: 'abc' }),
    events: async () => [],
    health: () => ({ ok: true, reason: null }),
    page: async () => null,
    log: { error: (message, fields) => logged.push({ message, fields }) },
    ...change,
  });
}

export function get(
  server: Server,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Fetched> {
  const { method = 'GET', headers = {} } = options;
  return new Promise((resolve, reject) => {
    const target = { host: server.address, port: server.port, path, method, headers };
    const request = httpRequest({ ...target, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(parts);
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, headers: received, body, text: body.toString() });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

/** Writes bytes as they are and reads until the server closes, or for `waitMs`. */
export function talk(server: Server, bytes: string | Uint8Array, waitMs = 2_000): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(server.port, server.address);
    const timer = setTimeout(() => socket.destroy(), waitMs);
    socket.on('data', (part) => {
      text += part.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
    socket.write(bytes);
  });
}
