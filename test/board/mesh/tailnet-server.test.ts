import { deepEqual, equal } from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { openResolver } from '../../../src/board/mesh/resolve.ts';
import { openLoginServer } from '../../../src/board/mesh/tailnet-server.ts';
import { suite } from '../../helper.ts';
import { makeCertificate } from '../certificates.ts';

const KEY = { publicKey: `mkey:${'ab'.repeat(32)}` };

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

suite('whether a login server is there', (s) => {
  const never = new AbortController().signal;

  async function answers(listener: RequestListener, signal = never): Promise<boolean> {
    const server = createServer(listener);
    try {
      const loginServer = `http://127.0.0.1:${await listening(server)}`;
      return await openLoginServer({ loginServer, signal }).answers();
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  s.test('it is when it tells its key, and is asked for nothing else', async () => {
    const asked: string[] = [];
    const isThere = await answers((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end(JSON.stringify(KEY));
    });

    equal(isThere, true);
    deepEqual(asked, ['GET /key?v=113']);
  });

  s.test('whether its certificate is good is for tailscaled to say', async () => {
    const { key, cert } = makeCertificate({ names: 'DNS:other.lab', issuer: null });
    const server = createSecure({ key, cert }, (_, response) => response.end(JSON.stringify(KEY)));
    try {
      const loginServer = `https://127.0.0.1:${await listening(server)}`;
      equal(await openLoginServer({ loginServer, signal: never }).answers(), true);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  s.test('whoever says something else is none', async () => {
    const others: RequestListener[] = [
      (_, response) => response.end('<html>log in to this network</html>'),
      (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
      (_, response) => response.writeHead(502).end(JSON.stringify(KEY)),
      (_, response) => response.end(`${'x'.repeat(20_000)}${JSON.stringify(KEY)}`),
      (request) => request.socket.destroy(),
      (request) => request.socket.end('not HTTP at all\r\n\r\n'),
    ];
    for (const listener of others) equal(await answers(listener), false);
  });

  s.test('by its name, in any of its addresses, which is looked up once at a time', async () => {
    const server = createServer((_, response) => response.end(JSON.stringify(KEY)));
    try {
      const loginServer = `http://headscale.test:${await listening(server)}`;
      const resolve = async () => ['::1', '127.0.0.1'];
      equal(await openLoginServer({ loginServer, signal: never, resolve }).answers(), true);
    } finally {
      server.closeAllConnections();
      server.close();
    }
    let asked = 0;
    const hanging = openResolver(() => {
      asked++;
      return new Promise(() => undefined);
    }, 20);
    const loginServer = 'http://headscale.test';
    const silent = openLoginServer({ loginServer, signal: never, resolve: hanging });
    deepEqual([await silent.answers(), await silent.answers(), asked], [false, false, 1]);
  });

  s.test('one that is silent, or not there, holds nobody up for long', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    equal(await answers(() => undefined, stop.signal), false);
    equal(await answers(() => undefined, AbortSignal.abort()), false);
    const closed = createServer();
    const loginServer = `http://127.0.0.1:${await listening(closed)}`;
    await new Promise((resolve) => closed.close(resolve));
    equal(await openLoginServer({ loginServer, signal: never }).answers(), false);
  });
});
