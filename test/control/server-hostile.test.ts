// What strangers may send: slow, much, odd. Each is refused in bounded time, and others are served
// meanwhile.
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { type Running, speak, startHere } from './running.ts';

const HOST = 'Host: 127.0.0.1\r\n';
const LOGIN = '{"name":"x","password":"y"}';

suite('control/server against strangers', (s) => {
  let running: Running;
  let port = 0;
  s.before(async () => {
    running = await startHere();
    port = running.control.port;
  });
  s.after(() => running.stop());

  function post(headers: string, body: string): Promise<{ text: string }> {
    const length = Buffer.byteLength(body);
    const head = `POST /api/v1/login HTTP/1.1\r\n${HOST}Connection: close\r\n${headers}`;
    return speak(port, [`${head}Content-Length: ${length}\r\n\r\n${body}`]);
  }

  async function statusOf(path: string, headers = ''): Promise<number> {
    const head = `GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n${headers}\r\n`;
    const { text } = await speak(port, [head]);
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
  }

  s.test(
    'slow headers and slow bodies end by themselves, and nobody waits for them',
    async () => {
      const slow = `GET /healthz HTTP/1.1\r\n${HOST}`;
      const many = Array.from({ length: 50 }, () =>
        speak(port, [slow, ...'X-A: b'.repeat(20)], { pauseMs: 500 }),
      );
      const head = `POST /api/v1/login HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`;
      const body = speak(port, [`${head}Content-Length: 999\r\n\r\n`, ...'{"name":"'.repeat(9)], {
        pauseMs: 500,
      });
      const idle = speak(port, [`GET /healthz HTTP/1.1\r\n${HOST}\r\n`]);
      is(await statusOf('/healthz'), 200);
      for (const { text, elapsedMs } of await Promise.all(many)) {
        ok(elapsedMs < 13_000, `${elapsedMs} ms`);
        match(text, /^HTTP\/1\.1 408 /);
      }
      const { elapsedMs } = await body;
      ok(elapsedMs < 19_000, `${elapsedMs} ms`);
      // One that says nothing more is let go after five seconds.
      match((await idle).text, /^HTTP\/1\.1 200 /);
      ok((await idle).elapsedMs < 9_000, `${(await idle).elapsedMs} ms`);
    },
    25_000,
  );

  s.test('too many, too long and broken headers', async () => {
    is(await statusOf('/healthz', `X-Long: ${'x'.repeat(17_000)}\r\n`), 431);
    const many = Array.from({ length: 500 }, (_, n) => `X-${n}: 1\r\n`).join('');
    // What is over the limit is not read; the request is judged by what came first.
    is(await statusOf('/healthz', many), 200);
    is(await statusOf('/healthz', 'Broken\r\n'), 400);
    const { text } = await speak(port, ['GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n']);
    match(text, /^HTTP\/1\.1 400 /);
    const none = await speak(port, ['GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n']);
    match(none.text, /^HTTP\/1\.1 421 /);
  });

  s.test('two lengths at once, and what follows a request, are no second request', async () => {
    const lengths = 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n';
    const smuggled =
      `POST /healthz HTTP/1.1\r\n${HOST}${lengths}\r\n0\r\n\r\n` +
      `GET /healthz HTTP/1.1\r\n${HOST}\r\n`;
    const { text } = await speak(port, [smuggled], { endsMs: 6_000 });
    match(text, /^HTTP\/1\.1 400 /);
    is(text.split('HTTP/1.1 ').length, 2);
  });

  s.test('large bodies are refused before they are read, with and without a length', async () => {
    const type = 'Content-Type: application/json\r\n';
    match((await post(type, ' '.repeat(20_000))).text, /^HTTP\/1\.1 413 [\s\S]*"too-large"/);
    const head = `POST /api/v1/login HTTP/1.1\r\n${HOST}${type}Transfer-Encoding: chunked\r\n\r\n`;
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const chunked = await speak(port, [head, ...Array.from({ length: 8 }, () => chunk)]);
    match(chunked.text, /^HTTP\/1\.1 413 /);
  });

  for (const [type, status] of [
    ['application/json', 401],
    ['APPLICATION/JSON; charset=utf-8', 401],
    ['application/json;', 401],
    ['application/json\t', 401],
    ['application/jsonx', 415],
    ['text/json', 415],
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
    ['application/json, text/plain', 415],
    ['*/*', 415],
    ['', 415],
  ] as const) {
    s.test(
      `content type ${JSON.stringify(type)} is judged or refused, never let through`,
      async () => {
        const { text } = await post(`Content-Type: ${type}\r\n`, LOGIN);
        is(Number(text.slice(9, 12)), status, text);
        const open = await post(`Content-Type: ${type}\r\n`, '{"name":1}');
        ok(['400', '415'].includes(open.text.slice(9, 12)), open.text);
      },
    );
  }

  s.test('JSON that reaches for prototypes, and JSON that is none', async () => {
    const type = 'Content-Type: application/json\r\n';
    for (const body of [
      '{"__proto__":{"role":"admin"},"name":"x","password":"y"}',
      '{"name":"x","password":"y","constructor":{"prototype":{}}}',
      '[1]',
      'null',
      '{',
      '',
      '"\\ud800"',
    ]) {
      const { text } = await post(type, body);
      match(text, /^HTTP\/1\.1 400 [\s\S]*"error":"invalid"/, body);
    }
  });

  s.test('odd paths lead nowhere', async () => {
    for (const path of [
      '/../../etc/passwd',
      '/api/v1/../../healthz',
      '/%2e%2e/%2e%2e/etc/passwd',
      '//evil.example/',
      '/api/v1/users/..%2f..%2f',
      '/healthz/',
      '/HEALTHZ',
      '/healthz%00',
      '/healthz;x=1',
      '/%',
      '/%ff%fe',
      `/${'a'.repeat(9_000)}`,
      '/api//v1/session',
    ]) {
      ok([400, 401, 404].includes(await statusOf(path)), `${path} ${await statusOf(path)}`);
    }
    is(await statusOf('http://evil.example/healthz'), 200);
  });

  s.test('refusals have all headers, and the log no query, no secret and no steering', async () => {
    const secret = `flint_login_${'A'.repeat(43)}`;
    const { text } = await speak(port, [
      `GET /x/${secret}?token=abc HTTP/1.1\r\n${HOST}` +
        'Connection: close\r\nCookie: flint=abc\r\n\r\n',
    ]);
    match(text, /^HTTP\/1\.1 404 /);
    for (const name of ['content-security-policy', 'x-content-type-options', 'cache-control']) {
      match(text, new RegExp(`\r\n${name}: `));
    }
    const log = running.lines.join('');
    equal(
      [log.includes(secret), log.includes('token=abc'), log.includes('flint=abc')],
      [false, false, false],
    );
    match(log, /path=\/x\/flint_login_… |path="\/x\/flint_login_…"/);
  });

  s.test('methods that nobody serves are refused', async () => {
    for (const method of ['TRACE', 'PUT', 'OPTIONS', 'PROPFIND', 'GETX']) {
      const { text } = await speak(port, [
        `${method} /healthz HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
      ]);
      match(text, /^HTTP\/1\.1 (400|404|405|501) /, method);
    }
    const connect = `CONNECT evil.example:80 HTTP/1.1\r\n${HOST}\r\n`;
    const { text } = await speak(port, [connect], { endsMs: 3_000 });
    is(text.includes(' 200 '), false);
  });
});
