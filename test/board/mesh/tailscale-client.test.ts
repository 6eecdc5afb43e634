import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  openTailscale,
  setWords,
  type TailscaleClient,
  upWords,
} from '../../../src/board/mesh/tailscale-client.ts';
import { suite } from '../../helper.ts';
import { type FakeTailscale, openFakeTailscale } from './fake-tailscale.ts';

const PREFS = {
  loginServer: 'https://headscale.example',
  acceptRoutes: true,
  hostname: 'probe01',
  advertiseRoutes: ['fd00::1/128'],
  netfilter: 'off' as const,
};

suite('the client of tailscale', (s) => {
  let fake: FakeTailscale;
  let client: TailscaleClient;

  s.before(() => {
    fake = openFakeTailscale();
    const { signal } = new AbortController();
    client = openTailscale({ settings: { socket: '/run/x.sock' }, env: fake.env, signal });
  });
  s.after(() => fake.close());

  s.test('reads status, settings and version', async () => {
    const [status, prefs, version] = [
      await client.status(true),
      await client.prefs(),
      await client.version(),
    ];

    ok(status.ok && prefs.ok && version.ok);
    equal(status.value.backend, 'Running');
    equal(prefs.value.CorpDNS, false);
    equal(version.value, '1.98.4');
  });

  s.test('names the file of a key and says the whole of what is wanted', () => {
    deepEqual(upWords({ prefs: PREFS, keyFile: '/x/key-1', isReauth: false, timeoutMs: 44_100 }), [
      'up',
      '--reset',
      '--accept-risk=all',
      '--login-server=https://headscale.example',
      '--auth-key=file:/x/key-1',
      '--accept-dns=false',
      '--accept-routes=true',
      '--advertise-routes=fd00::1/128',
      '--netfilter-mode=off',
      '--hostname=probe01',
      '--timeout=45s',
    ]);
    const bare = { ...PREFS, hostname: null, advertiseRoutes: [], acceptRoutes: false };
    const words = upWords({ prefs: bare, keyFile: null, isReauth: true, timeoutMs: 1 });
    equal(
      words.some((one) => one.startsWith('--auth-key')),
      false,
    );
    ok(words.includes('--force-reauth') && words.includes('--advertise-routes='));
    const set = setWords(bare);
    ok(set.includes('--ssh=false') && set.includes('--exit-node='));
    equal(
      set.some((one) => one.startsWith('--login-server')),
      false,
    );
  });

  s.test('tells what was refused, in the last words of the program', async () => {
    fake.after('up', 'Warning: netfilter=off\nbackend error: authkey \u001b[1mexpired\n');
    const told = await client.up({ prefs: PREFS, keyFile: null, isReauth: false, timeoutMs: 1000 });

    deepEqual(told, {
      ok: false,
      fault: 'refused',
      reason: 'backend error: authkey ?[1mexpired',
    });
  });

  s.test('tells a daemon that is not there from one that says no', async () => {
    const sentence =
      'failed to connect to local tailscaled; it doesn’t appear to be running (sudo …)';
    fake.after('set', sentence);
    const told = await client.set(PREFS);

    ok(!told.ok);
    equal(told.fault, 'silent');
    match(told.reason, /^tailscaled: failed to connect/);
  });

  s.test('leaves the peers out where they are too many', async () => {
    writeFileSync(join(fake.directory, 'large'), '');
    const told = await client.status(true);

    ok(told.ok);
    deepEqual(fake.words().slice(-2), ['status --json', 'status --json --peers=false']);
  });

  s.test('does not take nonsense for an answer', async () => {
    writeFileSync(join(fake.directory, 'prefs.json'), '<html>');
    const told = await client.prefs();

    ok(!told.ok);
    equal(told.fault, 'garbled');
  });

  s.test('gives up on a daemon that hangs, within its deadline', async () => {
    fake.hang(true);
    const startedMs = performance.now();
    const told = await client.status(false);
    const tookMs = performance.now() - startedMs;
    fake.hang(false);

    ok(!told.ok);
    deepEqual([told.fault, told.reason], ['silent', 'tailscaled: it did not answer in time']);
    ok(tookMs > 4_000 && tookMs < 7_000, `${tookMs} ms`);
  });

  s.test('says which program is not there', async () => {
    const { signal } = new AbortController();
    const none = openTailscale({ settings: {}, env: { PATH: '/nowhere' }, signal });
    const named = openTailscale({ settings: { program: '/no/tailscale' }, env: {}, signal });

    for (const [one, name] of [
      [none, 'tailscale'],
      [named, '/no/tailscale'],
    ] as const) {
      deepEqual(await one.status(true), {
        ok: false,
        fault: 'missing',
        reason: `there is no program ${name}: install tailscale`,
      });
    }
  });
});
