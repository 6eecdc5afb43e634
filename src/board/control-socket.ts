import type { Socket } from 'node:net';
import net from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';

const tls = process.getBuiltinModule('node:tls');

import { judgePeer, type Trust } from './control-trust.ts';

// A connection to the control, given out only once it is known who is at its other end: whatever
// is written before that, an API key too, would be at the mercy of whoever answered.

export interface Endpoint {
  isTls: boolean;
  /** Name or address, without brackets. */
  host: string;
  port: number;
}

export interface SocketOptions {
  endpoint: Endpoint;
  trust: Trust;
  context: SecureContext;
  /** For name, connection and handshake together. */
  timeoutMs: number;
}

/** Why there is no connection: nobody there, or somebody else. */
export class SocketFailure extends Error {
  readonly kind: 'unreachable' | 'tls';

  constructor(kind: 'unreachable' | 'tls', message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Calls `done` once. The caller may destroy what was returned at any time. */
export function openSocket(
  options: SocketOptions,
  done: (error: Error | null, socket?: Socket) => void,
): Socket {
  const socket = connect(options);
  const timer = setTimeout(() => {
    socket.destroy(new SocketFailure('unreachable', `no answer in ${options.timeoutMs / 1000} s`));
  }, options.timeoutMs);
  function end(error: Error | null): void {
    clearTimeout(timer);
    socket.removeListener('error', end);
    socket.removeListener('close', gone);
    // Errors that come between here and the first listener of the request must not be fatal.
    socket.on('error', () => undefined);
    if (error !== null) socket.destroy();
    done(error === null ? null : toFailure(error), error === null ? socket : undefined);
  }
  const gone = (): void => end(new SocketFailure('unreachable', 'the connection was closed'));
  socket.on('error', end);
  socket.on('close', gone);
  socket.once(options.endpoint.isTls ? 'secureConnect' : 'connect', () =>
    end(judge(socket, options)),
  );
  return socket;
}

// A fallback to the other family waits this long for the first: some lines have a second of delay.
const ATTEMPT_MS = 2_500;

function connect({ endpoint: { isTls, host, port }, context }: SocketOptions): Socket {
  const ways = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ATTEMPT_MS };
  if (!isTls) return net.connect({ host, port, ...ways });
  // Judged below, not by `rejectUnauthorized`, which knows neither pins nor a clock in 1970.
  const options = { host, port, ...ways, secureContext: context, rejectUnauthorized: false };
  // RFC 6066 §3: addresses are no server names.
  return tls.connect(net.isIP(host) === 0 ? { ...options, servername: host } : options);
}

function judge(socket: Socket, { endpoint: { isTls, host }, trust }: SocketOptions): Error | null {
  if (!isTls) return isLoopback(socket.remoteAddress) ? null : notHere(host, socket.remoteAddress);
  const judged = judgePeer(socket as TLSSocket, host, trust);
  return judged.ok ? null : new SocketFailure('tls', judged.message);
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(::ffff:)?127\./.test(address));
}

function notHere(host: string, address: string | undefined): Error {
  return new SocketFailure(
    'tls',
    `${host} is ${address} and not this machine: plain http stops here, use https`,
  );
}

function toFailure(error: Error): SocketFailure {
  if (error instanceof SocketFailure) return error;
  const { code } = error as NodeJS.ErrnoException;
  const isTls = code !== undefined && /^(ERR_SSL|ERR_TLS|EPROTO)/.test(code);
  return new SocketFailure(isTls ? 'tls' : 'unreachable', messageOf(error));
}

// Of several addresses that were tried in turn, each has its own reason.
function messageOf(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  const reasons = error.errors.map((one) => (one instanceof Error ? one.message : String(one)));
  return [...new Set(reasons)].join('; ').slice(0, 500);
}
