// One request against a control that does everything wrong; nothing may throw, hang or pass.
import net from 'node:net';
import { equal, is, match, not, ok } from 'uvu/assert';
import type { ControlClient } from '../../src/board/control-client.ts';
import { type Behaviour, type FakeControl, openFakeControl } from '../fake/control.ts';
import { suite } from '../helper.ts';
import { clientOf, NEVER, tryOnce } from './clients.ts';

suite('board/control-exchange', (s) => {
  let control: FakeControl;
  let client: ControlClient;

  s.before(async () => {
    control = await openFakeControl();
    client = clientOf(control.origin);
  });

  s.after(() => control.close());

  function after(behaviour: Behaviour): Promise<string> {
    control.once('challenge', behaviour);
    return tryOnce(client);
  }

  function say(status: number, body = '', headers = {}): Behaviour {
    return { kind: 'say', status, body, headers };
  }

  s.test('a good answer passes; who asks says who it is', async () => {
    is(await tryOnce(client), 'ok');

    const headers = control.asked.at(-1)?.headers ?? {};
    is(headers['user-agent'], 'flint/1.2.3');
    is(headers['content-type'], 'application/json');
    is(headers['content-length'], '2');
    is(headers.connection, 'close');
    is(`http://${headers.host}`, control.origin);
  });

  s.test('each status is a kind of failure', async () => {
    const kinds: [number, string][] = [
      [400, 'rejected'],
      [401, 'unauthorized'],
      [403, 'refused'],
      [404, 'missing'],
      [413, 'rejected'],
      [429, 'throttled'],
      [500, 'failed'],
      [502, 'failed'],
      [503, 'throttled'],
      [204, 'failed'],
    ];
    for (const [status, kind] of kinds) {
      match(await after(say(status)), new RegExp(`^${kind}: .*${status}`));
    }
  });

  s.test('a redirect is not followed, and says so', async () => {
    const before = control.asked.length;
    for (const status of [301, 302, 307, 308]) {
      const location = `${control.origin}/api/v1/enroll/challenge`;
      match(await after(say(status, '', { location })), /^failed: .*redirects are not followed/);
    }
    is(control.asked.length, before + 4);
  });

  s.test('Retry-After is read in seconds, and nothing else', async () => {
    const wait = async (text: string): Promise<number | null> => {
      control.once('config', say(429, '', { 'retry-after': text }));
      const call = { path: '/api/v1/config', apiKey: 'x', etag: null, signal: NEVER };
      const answer = await client.get(call);
      return answer.ok ? -1 : answer.retryAfterMs;
    };

    equal(await wait('7'), 7_000);
    for (const text of ['-1', 'soon', '1e9', '99999999999', '']) is(await wait(text), null, text);
  });

  s.test('what the control says is told, but nothing that may be a secret of ours', async () => {
    const secret = 'flint_claim_0123456789abcdef';
    const said = await after(say(400, JSON.stringify({ error: 'x', message: `no: ${secret}` })));

    match(said, /rejected: the control answered 400 \(no: …\)/);
    not.match(said, secret);
    for (const body of ['{', '[]', 'null', '{"message":{}}']) {
      is(await after(say(400, body)), 'rejected: the control answered 400');
    }
  });

  s.test('cut, garbled and doubled answers are failures', async () => {
    match(await after({ kind: 'cut', when: 'before' }), /^unreachable/);
    match(await after({ kind: 'cut', when: 'after' }), /^unreachable/);
    match(await after({ kind: 'raw', text: 'SSH-2.0-OpenSSH\r\n' }), /^invalid: no HTTP/);
    match(await after({ kind: 'raw', text: '' }), /^unreachable/);
    match(
      await after({ kind: 'raw', text: 'HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{"nonce"' }),
      /^(invalid|unreachable)/,
    );
    match(
      await after({ kind: 'raw', text: `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(20_000)}\r\n{}` }),
      /^invalid/,
    );
  });

  s.test('an answer larger than 256 KiB is dropped while it comes', async () => {
    match(await after(say(200, `"${'x'.repeat(300_000)}"`)), /^invalid: .*larger/);
  });

  s.test('a document may have 1 MiB, and no more', async () => {
    const ask = async (bytes: number): Promise<string> => {
      control.once('config', say(200, 'x'.repeat(bytes), { etag: '"a"' }));
      const call = { path: '/api/v1/config', apiKey: 'x', etag: null, signal: NEVER };
      const answer = await client.get(call);
      return answer.ok ? 'ok' : answer.message;
    };

    is(await ask(1 << 20), 'ok');
    match(await ask((1 << 20) + 1), /larger than it may be/);
  });

  s.test('silence, and an answer that drips for ever, end at the deadline', async () => {
    const hasty = clientOf(control.origin, {}, 300);
    for (const behaviour of [
      { kind: 'stall', when: 'before' },
      { kind: 'drip', everyMs: 20 },
    ] as const) {
      control.once('challenge', behaviour);
      const startedMs = performance.now();

      match(await tryOnce(hasty), /^unreachable: no whole answer in 0\.3 s/);
      ok(performance.now() - startedMs < 1_500);
    }
  });

  s.test('a server that takes the connection and says nothing is no control', async () => {
    const mute = net.createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((done) => mute.once('listening', done));
    const { port } = mute.address() as net.AddressInfo;

    match(await tryOnce(clientOf(`https://127.0.0.1:${port}`, {}, 300)), /^unreachable: no/);
    mute.close();
  });

  s.test('an end from outside ends the wait at once', async () => {
    const stop = new AbortController();
    control.once('config', { kind: 'stall', when: 'before' });
    const call = { path: '/api/v1/config', apiKey: 'x', etag: null, signal: stop.signal };
    const before = control.count('config');
    const asked = client.get(call);
    await control.until('config', before + 1);
    const startedMs = performance.now();
    stop.abort();

    is((await asked).ok, false);
    ok(performance.now() - startedMs < 200);
    is((await client.get(call)).ok, false);
  });
});
