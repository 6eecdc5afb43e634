import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, not, throws } from 'uvu/assert';
import {
  keep,
  keptFile,
  readBootId,
  readKept,
  withConfig,
} from '../../../src/board/mesh/wireguard-kept.ts';
import { ensureKey, keyFile, publicHalf, readKey } from '../../../src/board/mesh/wireguard-key.ts';
import { suite } from '../../helper.ts';

const NOTHING = { publicKey: null, interface: null, bootId: null, isDown: false };
const PUBLIC_KEY = `${'B'.repeat(42)}E=`;

suite('board/mesh/wireguard-key', (s) => {
  const base = mkdtempSync(join(tmpdir(), 'flint-wg-'));
  let places = 0;
  const place = (): string => join(base, `${++places}`, 'mesh');
  s.after(() => rmSync(base, { recursive: true }));

  s.test('a key is made once, for its owner alone', () => {
    const state = place();
    is(readKey(state), null);

    const key = ensureKey(state);

    equal(ensureKey(state), key);
    equal(readKey(state), key);
    equal([statSync(keyFile(state)).mode & 0o777, statSync(state).mode & 0o777], [0o600, 0o700]);
    const bytes = Buffer.from(key.privateKey, 'base64');
    equal([bytes.length, (bytes[0] ?? 0) & 7, (bytes[31] ?? 0) >> 6], [32, 0, 1]);
    not.equal(ensureKey(place()).privateKey, key.privateKey);
  });

  s.test('the public half is that which `wg pubkey` gives', () => {
    const made = '8PDz0x9iF36VRSZQ0ZlUya3lI6VmcmsXrgqIrV3CgVY=';
    is(publicHalf(made), 'OpuALgVHRpW7kBX1dr8WB2uR03LJ9/mgkkhA55/TbjI=');
  });

  s.test('a key that cannot be used is not overwritten, nor shown', () => {
    for (const text of ['', 'short', `${'A'.repeat(43)}=\n${'A'.repeat(43)}=`]) {
      const state = place();
      ensureKey(state);
      writeFileSync(keyFile(state), text);
      throws(() => ensureKey(state), /wireguard\.key cannot be used: it holds no WireGuard key/);
      is(readFileSync(keyFile(state), 'utf8'), text);
    }
  });

  s.test('a key that others could read is no secret any more', () => {
    const state = place();
    const { privateKey } = ensureKey(state);
    chmodSync(keyFile(state), 0o644);
    try {
      ensureKey(state);
      throw new Error('it was taken');
    } catch (error) {
      match(String(error), /others could read it/);
      not.match(String(error), privateKey);
    }
  });

  s.test('what is remembered is the public key, the interface, and whether it is down', () => {
    const state = place();
    const bootId = readBootId();
    equal(readKept(state), NOTHING);
    keep(state, { publicKey: PUBLIC_KEY });
    keep(state, { interface: 'flint0', bootId });
    keep(state, { isDown: true });
    const kept = { publicKey: PUBLIC_KEY, interface: 'flint0', bootId, isDown: true };
    equal(readKept(state), kept);
    match(bootId ?? '', /^[0-9a-f-]{36}$/);
    const before = statSync(keptFile(state)).ino;
    keep(state, { isDown: true });
    is(statSync(keptFile(state)).ino, before, 'written again');
  });

  s.test('a damaged memory is as good as none, and names no other interface', () => {
    const state = place();
    keep(state, { interface: 'flint0' });
    const damaged = [
      ...['{', '[]', '7', '{"interface":"../x"}', '{"interface":7,"isDown":"yes"}'],
      '{"publicKey":"K\\nAllowedIPs = ::/0","bootId":"../x"}',
    ];
    for (const text of damaged) {
      writeFileSync(keptFile(state), text);
      equal(readKept(state), NOTHING);
    }
  });

  s.test('the configuration is lent for the time of its use, also when that fails', async () => {
    const state = place();
    ensureKey(state);
    const mode = await withConfig(state, 'secret', async (file) => {
      is(readFileSync(file, 'utf8'), 'secret');
      return statSync(file).mode & 0o777;
    });
    is(mode, 0o600);
    const failing = withConfig(state, 'secret', async () => {
      throw new Error('no');
    });
    is(await failing.catch(() => 'failed'), 'failed');
    equal(readdirSync(state), ['wireguard.key']);
    is(existsSync(join(state, 'wireguard.conf')), false);
  });
});
