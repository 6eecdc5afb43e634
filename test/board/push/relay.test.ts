import { request } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { equal, match } from 'uvu/assert';
import { startRelay } from '../../../src/board/push/relay.ts';
import { readRelaySettings, relayEnvironment } from '../../../src/board/push/relay-env.ts';
import { suite } from '../../helper.ts';
import { answer, vmauthLike } from './http-lab.ts';
import { pushSettings } from './settings.ts';

const TOKEN = 'token-of-probe01';

/** As vmagent asks a proxy. */
function ask(port: number, path: string, token: string, body = 'block', method = 'POST') {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on('error', reject)
      .end(body);
  });
}

async function withRelay(
  tokens: readonly string[],
  use: (port: number, url: string, asked: { body: Buffer }[]) => Promise<void>,
): Promise<void> {
  const server = await answer(vmauthLike(() => tokens, 400));
  const { url } = server;
  const relay = await startRelay({ url, asked: url, port: 0, authorities: null });
  try {
    await use(relay.port, url, server.asked);
  } finally {
    await relay.close();
    await server.close();
  }
}

suite('push-relay', ({ test }) => {
  test('what the server takes is taken, whole', async () => {
    await withRelay([TOKEN], async (port, url, asked) => {
      const block = 'x'.repeat(3_000_000);
      equal((await ask(port, url, TOKEN, block)).status, 204);
      equal(asked[0]?.body.length, block.length);
    });
  });

  test('a 400 about the bearer becomes one that vmagent tries again', async () => {
    await withRelay([], async (port, url) => {
      equal(await ask(port, url, TOKEN), { status: 503, text: '' });
    });
  });

  test('a 400 about the block stays one', async () => {
    await withRelay([TOKEN], async (port, url) => {
      equal((await ask(port, url, TOKEN, 'bad')).status, 400);
    });
  });

  test('it leads nowhere else, and takes nothing but writes', async () => {
    await withRelay([TOKEN], async (port, url, asked) => {
      for (const path of ['/', `${url}api/v1/query`, 'http://127.0.0.1:1/']) {
        equal((await ask(port, path, TOKEN)).status, 403, path);
      }
      equal((await ask(port, url, TOKEN, '', 'GET')).status, 403);
      equal(asked.length, 0);
    });
  });

  test('a server that is away is one that fails', async () => {
    const url = 'http://127.0.0.1:1/';
    const relay = await startRelay({ url, asked: url, port: 0, authorities: null });
    equal((await ask(relay.port, url, TOKEN)).status, 502);
    await relay.close();
  });

  test('a server that speaks nonsense is one that fails, and no end of the relay', async () => {
    for (const said of ['HTTP/1.1 099 x', 'HTTP/1.1 000 x', 'HTTP/1.1 101 x\r\nUpgrade: y', 'hi']) {
      const server = createServer((socket) => {
        socket.on('error', () => undefined).end(`${said}\r\nContent-Length: 0\r\n\r\n`);
      });
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const relay = await startRelay({ url, asked: url, port: 0, authorities: null });
      equal((await ask(relay.port, url, TOKEN)).status, 502, said);
      await relay.close();
      server.close();
    }
  });

  test('an answer without an end holds no connection', async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      socket.once('data', () => {
        socket.write('HTTP/1.1 204 x\r\n\r\n'.replace('204', '200'));
        const timer = setInterval(() => socket.write('x'.repeat(10_000)), 5);
        socket.on('close', () => clearInterval(timer));
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const relay = await startRelay({ url, asked: url, port: 0, authorities: null });
    // More than it has connections.
    for (let count = 0; count < 20; count++) {
      equal((await ask(relay.port, url, TOKEN)).status, 200);
    }
    for (let attempt = 0; attempt < 400 && sockets.size > 0; attempt++) {
      await new Promise((resolve) => {
        setTimeout(resolve, 25);
      });
    }
    equal(sockets.size, 0);
    await relay.close();
    server.close();
  });

  test('a body without an end is refused', async () => {
    await withRelay([TOKEN], async (port, url, asked) => {
      const long = 'x'.repeat((16 << 20) + 1);
      equal((await ask(port, url, TOKEN, long)).status, 413);
      equal(asked.length, 0);
    });
  });

  test('another user of this machine is not let in', async () => {
    const server = await answer(vmauthLike(() => [TOKEN], 400));
    const { url } = server;
    const own = process.getuid?.() ?? 0;
    const users = { now: own as number | null };
    const userOf = (): number | null => users.now;
    const relay = await startRelay({ url, asked: url, port: 0, authorities: null, userOf });
    const given: string[] = [];
    for (const now of [own, own + 1, null]) {
      users.now = now;
      given.push(
        await ask(relay.port, url, TOKEN).then(
          ({ status }) => String(status),
          (error: NodeJS.ErrnoException) => error.code ?? '',
        ),
      );
    }
    equal(given, ['204', 'ECONNRESET', '204']);
    await relay.close();
    await server.close();
  });

  test('a port that is taken is told by its number', async () => {
    await withRelay([], async (port, url) => {
      const again = startRelay({ url, asked: url, port, authorities: null });
      const error = await again.then(
        () => null,
        (why) => why,
      );
      equal([error?.errno, error?.syscall], ['EADDRINUSE', 'listen']);
      match(error?.message ?? '', new RegExp(`listen on port ${port} of loopback .EADDRINUSE.`));
    });
  });

  test('its environment says all that it must know', () => {
    const env = relayEnvironment(pushSettings({ url: 'https://m.example/w' }));
    equal(readRelaySettings(env), {
      ...{ url: 'https://m.example/w', asked: 'http://m.example:443/w', port: 9742 },
    });
    equal(readRelaySettings({}), null);
    equal(readRelaySettings({ ...env, FLINT_RELAY_ASKED: 'https://m.example/w' }), null);
    equal(readRelaySettings({ ...env, FLINT_RELAY_PORT: '70000' }), null);
  });
});
