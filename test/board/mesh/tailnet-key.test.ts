import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type KeyFound,
  type KeyRing,
  openKeyRing,
  removeOldKeys,
  withKeyFile,
} from '../../../src/board/mesh/tailnet-key.ts';
import type { ControlWord } from '../../../src/board/part.ts';
import { suite } from '../../helper.ts';

const LOCAL = 'a'.repeat(48);
const OF_CONTROL = 'c'.repeat(48);
const EXPIRES_MS = 5_000;

suite('keys of a tailnet', (s) => {
  const directory = mkdtempSync(join(tmpdir(), 'flint-keys-'));
  const places = { state: join(directory, 'state'), configDirectory: directory };
  const secret = join(directory, 'secrets.d/tailnet-key');
  const now = { ms: 0 };
  let word: ControlWord = { ok: true, value: null };
  let asked = 0;

  function ring(givenKey: string | null = null, loginServer = 'https://h.example'): KeyRing {
    asked = 0;
    return openKeyRing({
      settings: { key: 'tailnet-key', loginServer, readers: ['fd57::1'] },
      ...{ places, givenKey, monotonicMs: () => now.ms },
      context: {
        env: {},
        isClockSynced: () => true,
        nowMs: () => now.ms,
        async askControl() {
          asked++;
          return word;
        },
      },
    });
  }

  function giveSecret(text: string | null, mode = 0o600): void {
    mkdirSync(join(directory, 'secrets.d'), { recursive: true });
    rmSync(secret, { force: true });
    if (text !== null) writeFileSync(secret, text, { mode });
  }

  const grant = (change = {}): ControlWord => ({
    ok: true,
    value: { key: OF_CONTROL, expiresMs: EXPIRES_MS, ...change },
  });
  const reasonOf = (found: KeyFound): string => (found.ok ? '' : found.reason);

  s.after(() => rmSync(directory, { recursive: true }));

  s.test('are of the secret first, and then the control is left in peace', async () => {
    giveSecret(`${LOCAL}\n`);
    deepEqual(await ring().find(), { ok: true, key: LOCAL, grant: null });
    equal(asked, 0);
    deepEqual(await ring('g'.repeat(48)).find(), { ok: true, key: 'g'.repeat(48), grant: null });
  });

  s.test('are not taken with the address of a reader, to whom the board pushes', async () => {
    giveSecret(null);
    word = grant({ address: 'FD57:0::1' });
    match(reasonOf(await ring().find()), /address for us is a reader's: FD57:0::1/);
    word = grant({ address: 'fd57::2' });
    equal((await ring().find()).ok, true);
  });

  s.test('are asked of the control where there is no good secret', async () => {
    word = grant();
    for (const text of [null, '', 'no key', 'two\nlines']) {
      giveSecret(text);
      const found = await ring().find();
      ok(found.ok);
      equal(found.key, OF_CONTROL);
      equal(asked, 1);
    }
    giveSecret(LOCAL, 0o644);
    word = { ok: true, value: null };
    match(reasonOf(await ring().find()), /others may read it.*the control hands out none/);
  });

  s.test('that were refused are not tried for hours, those of another text at once', async () => {
    giveSecret(LOCAL);
    word = { ok: true, value: null };
    const one = ring();
    await one.find();
    one.refuse();

    match(reasonOf(await one.find()), /the key in the secret tailnet-key was refused; the control/);
    giveSecret('b'.repeat(48));
    equal((await one.find()).ok, true);
    giveSecret(LOCAL);
    now.ms += 6 * 3_600_000;
    equal((await one.find()).ok, true);
  });

  s.test('of the control are kept until they are used, refused or over', async () => {
    giveSecret(null);
    now.ms = 0;
    word = grant();
    const one = ring();

    await one.find();
    await one.find();
    equal(asked, 1);
    one.spend();
    await one.find();
    equal(asked, 2);
    now.ms = EXPIRES_MS;
    await one.find();
    equal(asked, 3);
    one.refuse();
    match(reasonOf(await one.find()), /the control gave a refused key again/);
  });

  s.test('of the control are not used at another login server, nor when they are odd', async () => {
    now.ms = 0;
    word = grant({ loginServer: 'https://evil.example' });
    match(reasonOf(await ring().find()), /for https:\/\/evil\.example, not for/);
    word = grant({ loginServer: 'https://H.example/' });
    equal((await ring().find()).ok, true);
    word = grant({ key: '--force' });
    match(reasonOf(await ring().find()), /its "key" cannot be used/);
  });

  s.test('are waited for as long as the control asks', async () => {
    word = { ok: false, reason: 'it is busy', retryAfterMs: 7_000 };
    deepEqual(await ring().find(), {
      ok: false,
      reason: 'there is no secret tailnet-key; it is busy',
      retryAfterMs: 7_000,
    });
  });

  s.test('lie in a file of root alone, and only as long as they are used', async () => {
    let seen = '';
    const result = await withKeyFile(places, LOCAL, async (file) => {
      seen = file;
      equal(statSync(file).mode & 0o777, 0o600);
      equal(readFileSync(file, 'utf8'), `${LOCAL}\n`);
      return 7;
    });

    equal(result, 7);
    equal(existsSync(seen), false);
    await rejects(
      withKeyFile(places, LOCAL, () => Promise.reject(new Error('x'))),
      /x/,
    );
    deepEqual(readdirSync(places.state), []);
  });

  s.test('of a life that was cut off are removed, those of others are not', () => {
    const others = [`key-${process.pid}`, 'tailnet.json', 'key-x'];
    for (const name of ['key-4194305', '.key-4194305.4194305.new', ...others]) {
      writeFileSync(join(places.state, name), '');
    }
    writeFileSync(join(places.state, 'key-1'), '');
    utimesSync(join(places.state, 'key-1'), 0, 0);
    removeOldKeys(places);

    deepEqual(readdirSync(places.state).sort(), others.sort());
    removeOldKeys({ ...places, state: '/nowhere' });
  });
});
