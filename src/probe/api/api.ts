import type {
  ServerOptions as HttpOptions,
  Server as HttpServer,
  IncomingMessage,
  ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ProbeError } from '../../core/error.ts';
import { type Answer, answerError, sendAnswer } from './answer.ts';
import { isHostAllowed } from './host.ts';
import { type ApiSource, answerRequest } from './routes.ts';

// The probe's own HTTP server: read-only, on loopback or the mesh, with a bound on everything that
// a peer can make it hold.

export interface ServerOptions extends ApiSource {
  address: string;
  /** 0 takes any free port. */
  port: number;
  /** Names and addresses under which it may be called, besides loopback's and `address`. */
  hostnames: readonly string[];
  /** Who is answered at all; leave it out for everybody. */
  peers?: PeerGate;
  /** Told about what failed inside; the peer learns no more than that it did. */
  log: { error(message: string, fields: Record<string, string>): void };
}

export interface PeerGate {
  /** `address` is as the kernel writes it. Asked again for each request of a connection. */
  admits(address: string): boolean;
  /** One was turned away. */
  refused(): void;
}

export interface Server {
  address: string;
  port: number;
  /** Lets answers under way end, for two seconds at most. */
  close(): Promise<void>;
  /** Ends at once, with every connection. */
  drop(): void;
}

/** Rejects with ERR_SOCKET_OPEN when the address or the port is not to be had. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const http = process.getBuiltinModule('node:http');
  const state = { active: 0 };
  const server = http.createServer(LIMITS, (request, response) => {
    serve(options, state, { request, response }).catch((error: unknown) => {
      report(options, request, error);
      request.socket.destroy();
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.timeout = IDLE_MS_MAX;
  // Each pipelined answer that waits for the reader listens to the socket.
  server.on('connection', (socket) => socket.setMaxListeners(2 * ACTIVE_MAX));
  // Before HTTP sees it: a stranger's bytes are not even parsed.
  if (options.peers !== undefined) server.prependListener('connection', turnAway(options.peers));
  await listen(server, options);
  server.on('error', (error) => options.log.error('server failed', { error: error.message }));
  const { address, port } = server.address() as AddressInfo;
  return { address, port, close: () => close(server), drop: () => drop(server) };
}

const CONNECTIONS_MAX = 64;
const ACTIVE_MAX = 32;
const ANSWER_MS_MAX = 60_000;
const IDLE_MS_MAX = 30_000;
const CLOSE_MS_MAX = 2_000;
const PATH_LENGTH_MAX = 2_048;

const LIMITS: HttpOptions = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  // Longer than the usual 15 to 60 s between two scrapes, which then share a connection.
  keepAliveTimeout: 75_000,
};

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

async function serve(
  options: ServerOptions,
  state: { active: number },
  { request, response }: Exchange,
): Promise<void> {
  // Without a listener a broken connection would end the process.
  request.on('error', ignore);
  response.on('error', ignore);
  if (!isAdmitted(options.peers, request.socket)) return void request.socket.destroy();
  if (state.active >= ACTIVE_MAX) {
    const busy = answerError(503, 'busy', `More than ${ACTIVE_MAX} requests at a time; try again.`);
    return sendAnswer(request, response, { ...busy, headers: { 'retry-after': '1' } });
  }
  state.active++;
  const deadline = openDeadline(request);
  try {
    const answer = await Promise.race([answerTo(options, request), deadline.passed]);
    if (answer.headers?.['connection'] === 'close') response.shouldKeepAlive = false;
    await sendAnswer(request, response, answer);
  } finally {
    deadline.clear();
    state.active--;
  }
}

// The socket goes when time is up, which also ends an answer that nobody reads.
function openDeadline(request: IncomingMessage) {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      request.socket.destroy();
      reject(new Error(`no answer within ${ANSWER_MS_MAX} ms`));
    }, ANSWER_MS_MAX);
  });
  passed.catch(ignore);
  return { passed, clear: () => clearTimeout(timer) };
}

async function answerTo(options: ServerOptions, request: IncomingMessage): Promise<Answer> {
  const refusal = refuse(options, request);
  if (refusal !== null) return refusal;
  const target = parseTarget(request.url ?? '');
  if (target === null) return answerError(400, 'bad-path', 'The path is not well formed.');
  try {
    return await answerRequest(options, { ...target, accept: request.headers.accept ?? '' });
  } catch (error) {
    if (error instanceof ProbeError && error.code === 'ERR_USAGE') {
      return answerError(400, 'bad-query', error.message);
    }
    report(options, request, error);
    return answerError(500, 'internal', 'The probe could not answer; its log says why.');
  }
}

function refuse(options: ServerOptions, request: IncomingMessage): Answer | null {
  const { method, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    const message = 'This server only reads: GET and HEAD.';
    return closing(answerError(405, 'method-not-allowed', message), { allow: 'GET, HEAD' });
  }
  if ((headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined) {
    return closing(answerError(400, 'body-not-allowed', 'A request here has no body.'), {});
  }
  if (!isHostAllowed(headers.host, [options.address, ...options.hostnames])) {
    const message =
      'The Host header names none of the hosts that this server answers for. ' +
      'Call it by localhost, its address or its host name.';
    return answerError(421, 'misdirected', message);
  }
  return null;
}

// What is left of a body that was not asked for is not read: the connection ends instead.
function closing(answer: Answer, headers: Record<string, string>): Answer {
  return { ...answer, headers: { ...headers, connection: 'close' } };
}

function parseTarget(url: string): { path: string; query: URLSearchParams } | null {
  if (!url.startsWith('/') || url.length > PATH_LENGTH_MAX) return null;
  const mark = url.indexOf('?');
  const path = decode(mark === -1 ? url : url.slice(0, mark));
  if (path === null) return null;
  return { path, query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)) };
}

function decode(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

// The path alone: a query may hold what no log should.
function report(options: ServerOptions, request: IncomingMessage, error: unknown): void {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const reason = error instanceof Error ? error.message : String(error);
  options.log.error('request failed', { path, error: reason });
}

function listen(server: HttpServer, { address, port }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenError(error, { address, port }));
    });
    server.listen({ host: address, port, exclusive: true }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

const LISTEN_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'another program, perhaps another flint, has this port: stop it, or set another listen.port',
  EACCES: 'ports below 1024 need privileges: set a higher listen.port',
  EADDRNOTAVAIL: 'this machine has no such address: correct listen.address',
};

function listenError(
  cause: NodeJS.ErrnoException,
  { address, port }: { address: string; port: number },
): ProbeError {
  const code = cause.code ?? 'unknown';
  const advice = LISTEN_ADVICE[code] ?? 'check listen.address and listen.port';
  const where = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const message = `cannot listen on ${where} (${code}): ${advice}`;
  return new ProbeError('ERR_SOCKET_OPEN', message, { cause, syscall: 'listen', errno: code });
}

async function close(server: HttpServer): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS_MAX);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(timer);
}

function drop(server: HttpServer): void {
  server.close(ignore);
  server.closeAllConnections();
}

function turnAway(peers: PeerGate): (socket: Socket) => void {
  return (socket) => {
    if (isAdmitted(peers, socket)) return;
    peers.refused();
    socket.on('error', ignore);
    socket.resetAndDestroy();
  };
}

function isAdmitted(peers: PeerGate | undefined, { remoteAddress }: Socket): boolean {
  return peers === undefined || (remoteAddress !== undefined && peers.admits(remoteAddress));
}

function ignore(): void {}
