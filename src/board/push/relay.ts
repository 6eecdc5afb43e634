import type { ClientRequest, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ProbeError } from '../../core/error.ts';
import { checkAuthorization } from './check.ts';
import { peerUser } from './peer.ts';

const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

// Between vmagent and an old vmauth: a proxy on loopback for one URL alone. It adds nothing to a
// request and takes nothing away; of the answer it passes on the status, and makes 503 of a 400
// that is about the bearer, so that vmagent keeps the block and tries again. It knows no secret:
// the bearer is in vmagent's own request. It is for vmagent alone: whoever else of this machine
// asks would come past the rules of the board on what may go out.

export interface RelayOptions {
  /** Where everything goes. */
  url: string;
  /** What vmagent asks for: `url`, in plain http. */
  asked: string;
  port: number;
  /** PEM; null for those that Node brings. */
  authorities: string | null;
  /** Who connected; null when nobody can say. */
  userOf?: (socket: Socket) => number | null;
}

export interface Relay {
  port: number;
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 16;
const ANSWER_MS_MAX = 90_000;
/** vmagent's largest block has 8 MiB before it is compressed. */
const BODY_BYTES_MAX = 16 << 20;
/** What follows a status is of no use to us, but ends a connection that could serve again. */
const REST_BYTES_MAX = 64 << 10;
const REST_MS_MAX = 5_000;
const HEADERS_MS_MAX = 10_000;
const REQUEST_MS_MAX = 60_000;
/** Longer than vmagent's own, so that it does not ask on one that is just closed. */
const IDLE_MS_MAX = 75_000;
const HEADERS_PASSED: readonly string[] = [
  'authorization',
  'content-type',
  'content-encoding',
  'content-length',
  'user-agent',
  'x-prometheus-remote-write-version',
  'x-victoriametrics-remote-write-version',
];

/** Rejects with ERR_SOCKET_OPEN when the port is taken. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const secure = options.url.startsWith('https:');
  const settings = { keepAlive: true, maxSockets: CONNECTIONS_MAX };
  const agent = secure
    ? new https.Agent({
        ...settings,
        ...(options.authorities === null ? {} : { ca: options.authorities }),
      })
    : new http.Agent(settings);
  const server = http.createServer((request, response) => {
    if (!isAsked(request, options)) refuse(request, response, 403);
    else forward(request, response, { ...options, agent });
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.headersTimeout = HEADERS_MS_MAX;
  server.requestTimeout = REQUEST_MS_MAX;
  server.keepAliveTimeout = IDLE_MS_MAX;
  const { userOf = userAtEnd } = options;
  server.on('connection', (socket: Socket) => {
    const user = userOf(socket);
    if (user !== null && user !== process.getuid?.()) socket.destroy();
  });
  await listen(server, options.port);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Forward = RelayOptions & { agent: import('node:http').Agent };

// A proxy is asked for a whole URL (RFC 9112 §3.2.2).
function isAsked({ method, url = '' }: IncomingMessage, { asked }: RelayOptions): boolean {
  if (method !== 'POST' || !URL.canParse(url)) return false;
  return new URL(url).href === new URL(asked).href;
}

function forward(request: IncomingMessage, response: ServerResponse, options: Forward): void {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) {
    refuse(request, response, 413);
    return;
  }
  const { request: send } = options.url.startsWith('https:') ? https : http;
  const upstream = send(options.url, {
    method: 'POST',
    agent: options.agent,
    headers: passedHeaders(request),
    timeout: ANSWER_MS_MAX,
  });
  const fail = (): void => answer(response, 502);
  upstream.on('timeout', () => upstream.destroy(new Error('no answer')));
  upstream.on('error', fail);
  upstream.on('response', (given) => {
    given.on('error', fail);
    drain(given);
    const said = given.statusCode ?? 0;
    // Below 200 there is no answer (RFC 9110 §15), and a server may say even 099.
    const status = said < 200 ? 502 : said;
    if (status !== 400) answer(response, status);
    else doubt(request, response, options);
  });
  response.on('close', () => end(upstream, response));
  request.on('error', () => upstream.destroy());
  let bytes = 0;
  request.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes <= BODY_BYTES_MAX) return;
    answer(response, 413);
    upstream.destroy();
  });
  request.pipe(upstream);
}

// What it says may quote the bearer, and goes no further. One that goes on and on would hold each
// of our connections in turn.
function drain(given: IncomingMessage): void {
  const timer = setTimeout(() => given.destroy(), REST_MS_MAX);
  let bytes = 0;
  given.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes > REST_BYTES_MAX) given.destroy();
  });
  given.on('close', () => clearTimeout(timer));
}

// A 400 stands only where the same bearer with an empty body is taken: then it is about the body.
function doubt(request: IncomingMessage, response: ServerResponse, options: Forward): void {
  const { authorization = '' } = request.headers;
  checkAuthorization(authorization, options).then(
    ({ kind }) => answer(response, kind === 'taken' ? 400 : 503),
    () => answer(response, 503),
  );
}

function passedHeaders({ headers }: IncomingMessage): Record<string, string> {
  const passed = HEADERS_PASSED.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(passed);
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number): void {
  request.resume();
  answer(response, status);
}

function answer(response: ServerResponse, status: number): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-length': '0' }).end();
}

// vmagent went away in the middle.
function end(upstream: ClientRequest, response: ServerResponse): void {
  if (!response.writableFinished) upstream.destroy();
}

function userAtEnd(socket: Socket): number | null {
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket;
  return peerUser({ localAddress, localPort, remoteAddress, remotePort });
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => reject(cannotListen(port, cause));
    server.once('error', fail);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', fail);
      resolve();
    });
  });
}

// One line: of a stack, whoever keeps the relay running would read the last one.
function cannotListen(port: number, cause: NodeJS.ErrnoException): ProbeError {
  const errno = cause.code ?? 'unknown';
  return new ProbeError(
    'ERR_SOCKET_OPEN',
    `the relay cannot listen on port ${port} of loopback (${errno}): end who has it, or name ` +
      'another as "relayPort" in the section "push"',
    { cause, errno, syscall: 'listen' },
  );
}
