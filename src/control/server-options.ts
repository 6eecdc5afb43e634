// Limits and deadlines of the server: nobody holds a socket, a buffer or a turn for long.
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { FastifyHttpOptions, RawServerDefault } from 'fastify';
import type { ControlContext } from './request/context.ts';

const HEADERS_MS = 8_000;
const REQUEST_MS = 15_000;
const HANDLER_MS = 30_000;
/** Nothing moves on the socket; longer than a handler may take. */
const SOCKET_MS = 40_000;
const KEEP_ALIVE_MS = 5_000;
const HEADER_BYTES_MAX = 16_384;
const HEADERS_MAX = 64;
const SOCKETS_MAX = 4_096;
const REQUESTS_A_SOCKET = 1_000;

const SOCKET = {
  maxHeaderSize: HEADER_BYTES_MAX,
  headersTimeout: HEADERS_MS,
  connectionsCheckingInterval: 2_000,
};

export interface Tls {
  cert: Buffer;
  key: Buffer;
}

export function serverOptions(
  context: ControlContext,
  { bodyLimit, tls }: { bodyLimit: number; tls: Tls | null },
): FastifyHttpOptions<RawServerDefault> {
  const { trustedProxies } = context.config;
  // Fastify types the server by this key; for all that we ask of it the two are one.
  const secure = tls === null ? { http: SOCKET } : { https: { ...SOCKET, ...tls } };
  return {
    logger: false,
    bodyLimit,
    trustProxy: trustedProxies.length === 0 ? false : trustedProxies,
    connectionTimeout: SOCKET_MS,
    requestTimeout: REQUEST_MS,
    handlerTimeout: HANDLER_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxRequestsPerSocket: REQUESTS_A_SOCKET,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    genReqId: () => randomBytes(6).toString('hex'),
    routerOptions: { maxParamLength: 200 },
    ...(secure as { http: typeof SOCKET }),
  };
}

export function tightenSockets(server: Server): void {
  server.maxHeadersCount = HEADERS_MAX;
  server.maxConnections = SOCKETS_MAX;
}
