import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, throws } from 'uvu/assert';
import { manifestFile, readManifest } from '../../../src/board/install/manifest.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';

const GOOD = {
  schema: 1,
  prefix: '/usr/lib/flint',
  release: '1.0.0-0a1b2c3d',
  previous: null,
  files: { '/etc/tmpfiles.d/flint.conf': 'a'.repeat(64) },
  links: { '/usr/lib/flint/current': '1.0.0-0a1b2c3d' },
  units: ['flint-probe.service'],
  users: ['flint'],
};

suite('board/install/manifest', ({ test, testIf }) => {
  test('what was installed is known again, and nothing is nothing', () =>
    inPlace(({ directory }) => {
      const file = manifestFile(directory);
      equal(readManifest(file), null);
      writeFileSync(file, JSON.stringify(GOOD), { mode: 0o644 });
      equal(readManifest(file), GOOD);
    }));

  test('one that would have strange things removed is not believed', () =>
    inPlace(({ directory }) => {
      const file = manifestFile(directory);
      for (const bad of ['{', '{}', JSON.stringify({ ...GOOD, release: '../..' })]) {
        writeFileSync(file, bad, { mode: 0o644 });
        throws(() => readManifest(file), /install\.json, which says what was installed, cannot/);
      }
    }));

  testIf(process.getuid?.() === 0 ? null : 'needs root', 'nor is one of another user', () =>
    inPlace(({ directory }) => {
      mkdirSync(join(directory, 'x'));
      const file = manifestFile(join(directory, 'x'));
      writeFileSync(file, JSON.stringify(GOOD), { mode: 0o644 });
      chownSync(file, 4242, 4242);
      throws(() => readManifest(file), /it belongs to user 4242/);
    }),
  );
});
