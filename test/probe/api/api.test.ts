import { connect } from 'node:net';
import * as assert from 'uvu/assert';
import { ProbeError } from '../../../src/core/error.ts';
import { suite } from '../../helper.ts';
import { get, type Logged, startTestServer, talk } from '../api-client.ts';
import { makeCrowd, makeSnapshot } from '../metrics-snapshot.ts';

/** Neither a script nor anything remote, and no frame around it. */
const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; " +
  "frame-ancestors 'none'; base-uri 'none'";

suite('api', ({ test }) => {
  test('only GET and HEAD are answered, and Allow says so', async () => {
    const server = await startTestServer();
    try {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
        const answer = await get(server, '/metrics', { method });
        assert.is(answer.status, 405, method);
        assert.is(answer.headers.allow, 'GET, HEAD');
        assert.is(answer.headers.connection, 'close');
      }
    } finally {
      await server.close();
    }
  });

  test('HEAD has the headers of GET and no body', async () => {
    const server = await startTestServer();
    try {
      for (const path of ['/metrics', '/healthz', '/api/v1/rounds', '/nothing']) {
        const head = await get(server, path, { method: 'HEAD' });
        const whole = await get(server, path);
        assert.is(head.body.length, 0);
        assert.is(head.status, whole.status);
        assert.is(head.headers['content-type'], whole.headers['content-type']);
      }
    } finally {
      await server.close();
    }
  });

  test('a foreign Host is refused, whatever is asked for', async () => {
    const server = await startTestServer();
    try {
      for (const host of ['attacker.example', 'attacker.example:9740', '127.0.0.1.evil.example']) {
        const answer = await get(server, '/metrics', { headers: { host } });
        assert.is(answer.status, 421, host);
        assert.match(answer.text, '"code":"misdirected"');
      }
      assert.match(await talk(server, 'GET / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 421 /);
      assert.match(await talk(server, 'GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /);
    } finally {
      await server.close();
    }
  });

  test('every answer carries the security headers and is not kept', async () => {
    const server = await startTestServer();
    try {
      for (const path of ['/metrics', '/api/v1/status', '/nothing', '/%', '/?x']) {
        const { headers } = await get(server, path);
        assert.is(headers['content-security-policy'], POLICY);
        assert.is(headers['x-content-type-options'], 'nosniff');
        assert.is(headers['referrer-policy'], 'no-referrer');
        assert.is(headers['cache-control'], 'no-store');
        assert.is(headers['access-control-allow-origin'], undefined);
      }
    } finally {
      await server.close();
    }
  });

  test('a path that is not well formed gets 400', async () => {
    const server = await startTestServer();
    try {
      assert.is((await get(server, '/%zz')).status, 400);
      assert.is((await get(server, `/${'a'.repeat(3_000)}`)).status, 400);
      const absolute = 'GET http://localhost/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n';
      assert.match(await talk(server, absolute, 300), /^HTTP\/1\.1 400 /);
    } finally {
      await server.close();
    }
  });

  test('a body is refused and the connection ends', async () => {
    const server = await startTestServer();
    const head = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n';
    try {
      const sized = await talk(server, `${head}Content-Length: 5\r\n\r\nhello`);
      const chunked = await talk(server, `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`);
      for (const text of [sized, chunked]) {
        assert.match(text, /^HTTP\/1\.1 400 /);
        assert.match(text, 'body-not-allowed');
      }
    } finally {
      await server.close();
    }
  });

  test('headers beyond 8 KiB are refused', async () => {
    const server = await startTestServer();
    try {
      const long = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`;
      assert.match(await talk(server, long), /^HTTP\/1\.1 431 /);
    } finally {
      await server.close();
    }
  });

  test('a request that never ends its headers is cut off', async () => {
    const server = await startTestServer();
    try {
      const startMs = Date.now();
      const text = await talk(server, 'GET / HTTP/1.1\r\nHost: localhost\r\n', 15_000);
      assert.match(text, /^HTTP\/1\.1 408 /);
      assert.ok(Date.now() - startMs < 10_000);
    } finally {
      await server.close();
    }
  });

  test('what fails inside is logged without the query, and the peer learns nothing', async () => {
    const logged: Logged[] = [];
    const rounds = () => Promise.reject(new Error('disk says no'));
    const server = await startTestServer({ rounds }, logged);
    try {
      const answer = await get(server, '/api/v1/rounds?target=secret');
      assert.is(answer.status, 500);
      assert.not.match(answer.text, 'disk');
      const fields = { path: '/api/v1/rounds', error: 'disk says no' };
      assert.equal(logged, [{ message: 'request failed', fields }]);
    } finally {
      await server.close();
    }
  });

  test('sources that throw at once are answered too', async () => {
    const fail = (): never => {
      throw new Error('not ready');
    };
    const server = await startTestServer({ snapshot: fail, health: fail, page: fail });
    try {
      for (const path of ['/metrics', '/api/v1/status', '/healthz', '/']) {
        assert.is((await get(server, path)).status, 500, path);
      }
    } finally {
      await server.close();
    }
  });

  test('a port in use is named, with what to change', async () => {
    const server = await startTestServer();
    try {
      await startTestServer({ port: server.port });
      assert.unreachable();
    } catch (error) {
      assert.instance(error, ProbeError);
      const { code, errno, message } = error as ProbeError;
      assert.equal([code, errno], ['ERR_SOCKET_OPEN', 'EADDRINUSE']);
      assert.match(message, `127.0.0.1:${server.port}`);
      assert.match(message, 'listen.port');
    } finally {
      await server.close();
    }
  });

  test('an address that is not ours is named', async () => {
    try {
      await startTestServer({ address: '192.0.2.77' });
      assert.unreachable();
    } catch (error) {
      assert.match((error as ProbeError).message, 'listen.address');
    }
  });

  test('IPv6 loopback is served under its address', async () => {
    const server = await startTestServer({ address: '::1' });
    try {
      assert.is((await get(server, '/healthz')).status, 200);
    } finally {
      await server.close();
    }
  });

  test('a reader that stops reading costs no more than what the socket holds', async () => {
    const snapshot = makeSnapshot({ series: makeCrowd(1000) });
    const server = await startTestServer({ snapshot: async () => snapshot });
    const socket = connect(server.port, '127.0.0.1');
    try {
      socket.pause();
      const before = process.memoryUsage().rss;
      socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(20));
      await sleep(1_500);
      assert.is((await get(server, '/healthz')).status, 200);
      assert.ok(process.memoryUsage().rss - before < 150e6);
    } finally {
      socket.destroy();
      await server.close();
    }
  });

  test('requests beyond the limit are told to come again, and the rest goes on', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const rounds = () => gate.then(() => ({ rounds: [], next: null }));
    const server = await startTestServer({ rounds });
    try {
      const waiting = Array.from({ length: 40 }, () => get(server, '/api/v1/rounds'));
      await sleep(300);
      release();
      const answers = await Promise.all(waiting);
      const statuses = answers.map(({ status }) => status);
      assert.is(statuses.filter((status) => status === 503).length, 8);
      assert.is(statuses.filter((status) => status === 200).length, 32);
      assert.is((await get(server, '/api/v1/rounds')).status, 200);
    } finally {
      await server.close();
    }
  });

  test('close ends idle connections and lets an answer under way end', async () => {
    const rounds = () => sleep(200).then(() => ({ rounds: [], next: null }));
    const server = await startTestServer({ rounds });
    const idle = connect(server.port, '127.0.0.1');
    idle.on('error', () => {});
    await sleep(50);

    const answer = get(server, '/api/v1/rounds');
    await sleep(50);
    await server.close();

    assert.is((await answer).status, 200);
    idle.destroy();
  });
});

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
