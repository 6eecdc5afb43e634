import { deepEqual, equal } from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKept, saveKept } from '../../../src/board/mesh/tailnet-kept.ts';
import { suite } from '../../helper.ts';

const NOTHING = { schema: 1, address: null, hostname: null, applied: null, isLeft: false };

suite('what is kept of a tailnet', (s) => {
  const directory = mkdtempSync(join(tmpdir(), 'flint-kept-'));
  const places = { state: join(directory, 'mesh'), configDirectory: directory };
  const file = join(places.state, 'tailnet.json');
  s.after(() => rmSync(directory, { recursive: true }));

  s.test('is nothing at first, and then what was written, for root alone', () => {
    deepEqual(loadKept(places), NOTHING);

    saveKept(places, { address: 'fd00::1', isLeft: true });
    saveKept(places, { applied: { device: 'tailscale0', address: 'fd00::1' } });

    deepEqual(loadKept(places), {
      ...NOTHING,
      address: 'fd00::1',
      isLeft: true,
      applied: { device: 'tailscale0', address: 'fd00::1' },
    });
    equal(statSync(places.state).mode & 0o777, 0o700);
    equal(statSync(file).mode & 0o777, 0o600);
  });

  s.test('is not written again where nothing changed', () => {
    const before = statSync(file).ino;
    saveKept(places, { isLeft: true });
    equal(statSync(file).ino, before);
  });

  s.test('is as nothing where it was spoilt', () => {
    for (const text of ['', '{', '[]', '{"schema":2}', `{"schema":1,"address":"192.0.2.1"}`]) {
      writeFileSync(file, text);
      deepEqual(loadKept(places), NOTHING);
    }
    writeFileSync(file, 'x'.repeat(10_000));
    deepEqual(loadKept(places), NOTHING);
  });
});
