import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { suite } from '../../helper.ts';
import { get, type Logged, startTestServer, talk } from '../api-client.ts';

// Goal: no bytes that a peer sends make the server throw, answer 5xx, or stop serving others.

const RUNS = 500;

suite('api-fuzz', ({ test }) => {
  test(`${RUNS} requests of any shape are answered or dropped, and none is a failure`, async () => {
    const logged: Logged[] = [];
    const server = await startTestServer({}, logged);
    try {
      await fc.assert(
        fc.asyncProperty(anyRequest, async (bytes) => {
          const text = await talk(server, bytes, 25);
          assert.not.match(text, /^HTTP\/1\.1 5/m);
        }),
        { numRuns: RUNS, seed: 3 },
      );
      assert.equal(logged, []);
      assert.is((await get(server, '/healthz')).status, 200);
    } finally {
      await server.close();
    }
  }, 60_000);
});

// Mostly well formed, or nothing would get past the parser of HTTP; wild in one place or another.
const token = fc.string({ unit: 'binary', maxLength: 40 });
const printable = fc
  .string({ unit: 'grapheme-ascii', maxLength: 40 })
  .map((text) => text.replace(/ /g, '+'));
const escaped = token.map((text) => encodeURIComponent(text));
const piece = fc.oneof(printable, escaped);
const method = often(fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'CONNECT', 'get'), token);
const key = fc.oneof(fc.constantFrom('target', 'family', 'since', 'until', 'limit', 'next'), piece);
const query = fc
  .array(fc.tuple(key, piece), { maxLength: 4 })
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&'));
const place = fc.oneof(
  fc.constantFrom('/', '/metrics', '/metrics/self', '/api/v1/rounds', '/api/v1/status', '/healthz'),
  fc.constantFrom('*', '//x', '/%00', '/%ff', '/..', '/target/%2e%2e%2f', 'http://x/', '/?', '/#'),
  piece.map((text) => `/${text}`),
);
const path = often(
  fc.tuple(place, query).map(([start, search]) => (search === '' ? start : `${start}?${search}`)),
  token,
);
const version = often(fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', ''), token);
const host = often(fc.constantFrom('localhost', '127.0.0.1:9740', 'probe07'), printable);
const header = often(
  fc.constantFrom(
    'Host: attacker.example',
    'Connection: upgrade\r\nUpgrade: websocket',
    'Connection: close',
    'Expect: 100-continue',
    'Expect: 200-ok',
    'Content-Length: 10',
    'Content-Length: 0',
    'Content-Length: -1',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Accept: application/msgpack',
    'Accept: ,,;q=,/',
    'Range: bytes=0-1',
    ' folded: x',
  ),
  fc.tuple(printable, token).map(([name, value]) => `${name}: ${value}`),
);
const whole = fc
  .record({ method, path, version, host, headers: fc.array(header, { maxLength: 2 }) })
  .map(({ method, path, version, host, headers }) =>
    [`${method} ${path} ${version}`, `Host: ${host}`, ...headers, '', ''].join('\r\n'),
  );
const anyRequest = fc.oneof(
  { weight: 8, arbitrary: whole.map((text) => Buffer.from(text)) },
  {
    weight: 2,
    arbitrary: fc.array(whole, { maxLength: 9 }).map((all) => Buffer.from(all.join(''))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }) },
);

function often<Value>(usual: fc.Arbitrary<Value>, rare: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 19, arbitrary: usual }, { weight: 1, arbitrary: rare });
}
