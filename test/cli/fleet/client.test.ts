// One request, one answer, one deadline, whatever is at the other end.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { type Call, openClient } from '../../../src/cli/fleet/client.ts';
import { ProbeError } from '../../../src/core/error.ts';
import { missingOpenssl } from '../../board/certificates.ts';
import { suite } from '../../helper.ts';
import { openRig, type Rig } from '../fleet-rig.ts';

const CALL: Call = { method: 'GET', path: '/probes/probe05', what: 'show probe05' };

async function refusalOf(run: () => Promise<unknown>): Promise<ProbeError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof ProbeError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

function ask(origin: string, more: { token?: string; deadlineMs?: number; caFile?: string } = {}) {
  const { token = null, caFile = null, ...rest } = more;
  return openClient({ origin, token, caFile, ...rest }).call(CALL);
}

suite('cli/fleet/client', (s) => {
  let rig: Rig;
  s.before(async () => {
    rig = await openRig();
  });
  s.after(() => rig.close());

  s.test('a call has the token in its header alone, and the query in order', async () => {
    rig.script = () => ({ headers: { date: 'Sun, 22 Nov 2026 12:00:00 GMT' }, body: { a: 1 } });
    const client = openClient({ origin: rig.origin, token: 'flint_pat_secret', caFile: null });
    const answer = await client.call({ ...CALL, query: { search: 'a&b=c', group: null } });
    const asked = rig.asked.at(-1);

    equal(answer.body, { a: 1 });
    is(answer.nowMs, Date.parse('2026-11-22T12:00:00Z'));
    is(asked?.url, '/api/v1/probes/probe05?search=a%26b%3Dc');
    is(asked?.headers.authorization, 'Bearer flint_pat_secret');
    match(String(asked?.headers['user-agent']), /^flint-fleet\/\d/);
  });

  s.test('an answer without a body is none', async () => {
    rig.script = (_asked, response) => {
      response.writeHead(204).end();
      return undefined;
    };
    is((await ask(rig.origin)).body, null);
  });

  for (const [status, body, code, says] of [
    [
      401,
      { error: 'unauthorized', message: 'no' },
      'ERR_UNAUTHORIZED',
      /nobody is logged in: flint/,
    ],
    [
      403,
      { error: 'forbidden', message: 'needs operator' },
      'ERR_FORBIDDEN',
      /operator; see flint/,
    ],
    [404, { error: 'not-found', message: 'no probe05' }, 'ERR_NOT_FOUND', /5 at .*: no probe05$/],
    [409, { error: 'conflict', message: 'taken' }, 'ERR_CONFLICT', /: taken$/],
    [503, { error: 'unavailable', message: 'busy' }, 'ERR_CONTROL_ANSWER', /busy; try again later/],
    [500, { error: 'internal', message: 'oh' }, 'ERR_CONTROL_ANSWER', /oh; the log of the control/],
    [502, '<html>bad gateway', 'ERR_CONTROL_ANSWER', /it answered 502; the log/],
    [404, '<html>nothing', 'ERR_NOT_FOUND', /is that address a flint control/],
    [500, { error: 7 }, 'ERR_CONTROL_ANSWER', /it answered 500/],
  ] as const) {
    s.test(`${status} ${JSON.stringify(body).slice(0, 30)} is told with what to do`, async () => {
      rig.script = () => ({ status, body });
      const error = await refusalOf(() => ask(rig.origin));

      is(error.code, code);
      match(error.message, /^cannot show probe05 at http:\/\/127/);
      match(error.message, says);
    });
  }

  s.test('a token that ended is told apart from none', async () => {
    rig.script = () => ({ status: 401, body: { error: 'unauthorized', message: 'no' } });
    const error = await refusalOf(() => ask(rig.origin, { token: 'flint_pat_secret' }));

    match(error.message, /your token has ended or was never valid: flint fleet login http/);
    is(error.message.includes('secret'), false);
  });

  s.test('who is throttled learns when to try again', async () => {
    const body = { error: 'throttled', message: 'too many' };
    rig.script = () => ({ status: 429, headers: { 'retry-after': '90' }, body });

    match((await refusalOf(() => ask(rig.origin))).message, /try again in 1.min 30.s$/);
  });

  s.test('issues name the value that is wrong, and hostile ones reach no terminal', async () => {
    const issues = [{ path: 'mac', message: 'expected \u001b[31m a MAC' }];
    rig.script = () => ({ status: 400, body: { error: 'invalid', message: 'bad\u0007', issues } });
    const { message } = await refusalOf(() => ask(rig.origin));

    match(message, 'bad? (mac: expected ?[31m a MAC)');
    is(/\p{Cc}/u.test(message), false);
  });

  s.test('a redirect is not followed, and carries no token away', async () => {
    const before = rig.asked.length;
    rig.script = () => ({ status: 302, headers: { location: `${rig.origin}/evil` }, body: {} });
    const error = await refusalOf(() => ask(rig.origin, { token: 'flint_pat_secret' }));

    match(error.message, /it points to http:.*evil, and your token is not carried there/);
    is(rig.asked.length, before + 1);
  });

  s.test('HTML where JSON should be is no answer', async () => {
    rig.script = () => ({ body: '<!doctype html><title>Captive portal</title>' });
    const { code, message } = await refusalOf(() => ask(rig.origin));

    is(code, 'ERR_CONTROL_ANSWER');
    match(message, /its answer cannot be read: it is no JSON but text\/html, 44 characters/);
  });

  s.test('nothing hangs: neither without an answer nor with one that drips', async () => {
    const began = performance.now();
    rig.script = () => undefined;
    const silent = await refusalOf(() => ask(rig.origin, { deadlineMs: 200 }));
    rig.script = (_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
      return undefined;
    };
    const slow = await refusalOf(() => ask(rig.origin, { deadlineMs: 200 }));

    for (const { code, message } of [silent, slow]) {
      is(code, 'ERR_CONTROL_UNREACHABLE');
      match(message, /no whole answer within 0\.2 s/);
    }
    ok(performance.now() - began < 3000);
  });

  s.test('an answer without end is cut off', async () => {
    const part = ' '.repeat(1_048_576);
    rig.script = (_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = (): void => {
        while (!response.destroyed && response.write(part));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
      return undefined;
    };
    const error = await refusalOf(() => ask(rig.origin));

    match(error.message, /longer than any that a control gives/);
  });

  s.test('a connection that is cut, refused, or speaks something else says so', async () => {
    rig.script = (_asked, response) => {
      response.destroy();
      return undefined;
    };
    match((await refusalOf(() => ask(rig.origin))).message, /the connection was cut/);
    const free = await openRig();
    await free.close();
    match((await refusalOf(() => ask(free.origin))).message, /nothing listens there/);
    const odd = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
    await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
    const { port } = odd.address() as AddressInfo;
    const { message } = await refusalOf(() => ask(`http://127.0.0.1:${port}`));
    odd.close();
    match(message, /no HTTP is spoken there/);
    const tls = rig.origin.replace('http:', 'https:');
    match((await refusalOf(() => ask(tls))).message, /no TLS is spoken there/);
  });

  s.testIf(
    missingOpenssl(),
    'a certificate is believed from the system or from --ca alone',
    async () => {
      const place = mkdtempSync(join(tmpdir(), 'flint-tls-'));
      const [keyFile, certificateFile] = [join(place, 'key'), join(place, 'cert')];
      makeCertificate(keyFile, certificateFile);
      const files = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) };
      const server = createServer(files, (_request, response) => response.end('{"ok":1}'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      try {
        const unknown = await refusalOf(() => ask(`https://localhost:${port}`));
        match(unknown.message, /no authority that this machine trusts.*--ca FILE/);
        const known = { caFile: certificateFile };
        equal((await ask(`https://localhost:${port}`, known)).body, { ok: 1 });
        const other = await refusalOf(() => ask(`https://127.0.0.1:${port}`, known));
        match(other.message, /its certificate is for another name/);
        const none = await refusalOf(async () =>
          ask('https://localhost', { caFile: `${place}/no` }),
        );
        is(none.code, 'ERR_USAGE');
        match(none.message, /option --ca <file>: .*cannot be read/);
      } finally {
        server.close();
        rmSync(place, { recursive: true, force: true });
      }
    },
  );
});

function makeCertificate(keyFile: string, certificateFile: string): void {
  const what = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ];
  const who = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', keyFile, '-out', certificateFile];
  execFileSync('openssl', ['req', '-x509', ...what, ...who, ...files], { stdio: 'ignore' });
}
