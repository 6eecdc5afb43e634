import net from 'node:net';
import tls from 'node:tls';
import { is, match } from 'uvu/assert';
import { openSocket, type SocketFailure } from '../../src/board/control-socket.ts';
import { suite } from '../helper.ts';
import { SYSTEM_TRUST } from './clients.ts';

const context = tls.createSecureContext();

function open(host: string, port: number, isTls: boolean, timeoutMs = 2_000): Promise<string> {
  return new Promise((resolve) => {
    const endpoint = { isTls, host, port };
    openSocket({ endpoint, trust: SYSTEM_TRUST, context, timeoutMs }, (error, socket) => {
      socket?.destroy();
      const failure = error as SocketFailure | null;
      resolve(failure === null ? 'ok' : `${failure.kind}: ${failure.message}`);
    });
  });
}

async function withServer(
  listener: (socket: net.Socket) => void,
  run: (port: number) => Promise<void>,
): Promise<void> {
  const server = net.createServer(listener).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  try {
    await run((server.address() as net.AddressInfo).port);
  } finally {
    server.close();
  }
}

suite('board/control-socket', ({ test }) => {
  test('a plain connection is given out only to this machine itself', async () => {
    await withServer(
      (socket) => socket.on('error', () => undefined),
      async (port) => {
        is(await open('127.0.0.1', port, false), 'ok');
        is(await open('localhost', port, false), 'ok');
      },
    );
  });

  test('nobody there, or nobody who speaks TLS, is told apart from a wrong one', async () => {
    await withServer(
      (socket) => {
        socket.on('error', () => undefined);
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      },
      async (port) => match(await open('127.0.0.1', port, true), /^tls: /),
    );
    await withServer(
      (socket) => socket.destroy(),
      async (port) => match(await open('127.0.0.1', port, true), /^(unreachable|tls): /),
    );
    match(await open('127.0.0.1', 1, true), /^unreachable: connect ECONNREFUSED/);
  });

  test('a handshake that nobody answers ends in time', async () => {
    await withServer(
      (socket) => socket.on('error', () => undefined),
      async (port) => match(await open('127.0.0.1', port, true, 200), /^unreachable: .*0\.2 s/),
    );
  });
});
