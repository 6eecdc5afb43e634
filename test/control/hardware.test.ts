import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readHardware } from '../../src/control/hardware.ts';
import { suite } from '../helper.ts';

const GENERIC = {
  ...{ schema: 1, slug: 'generic', name: 'Any', architecture: 'any', interface: null },
  ...{ models: [], note: '' },
};

suite('control/hardware', ({ test }) => {
  test('every profile of the package is read', () => {
    const slugs = readHardware().map(({ slug }) => slug);
    for (const slug of ['generic', 'r2s', 's920']) assert.ok(slugs.includes(slug), slug);
    assert.equal(slugs, [...slugs].sort());
  });

  test('a bad profile is told by its file and key', () => {
    const faults: [string, RegExp][] = [
      ['{', /hardware profile .*generic.profile\.json: cannot be read/],
      [JSON.stringify({ ...GENERIC, architecture: 'mips' }), /architecture: expected aarch64/],
      [JSON.stringify({ ...GENERIC, colour: 'red' }), /colour/],
      [JSON.stringify({ ...GENERIC, slug: 'other' }), /slug: expected "generic"/],
      [' '.repeat(70_000), /more than 65536 bytes/],
    ];
    for (const [text, message] of faults) {
      withProfiles({ generic: text }, (directory) => {
        assert.throws(() => readHardware(directory), message);
      });
    }
  });

  test('without a directory, a profile in it, or the generic one nothing starts', () => {
    assert.throws(() => readHardware('/nowhere/at/all'), /cannot be read/);
    withProfiles({ generic: JSON.stringify(GENERIC), empty: null }, (directory) => {
      assert.throws(() => readHardware(directory), /empty.profile\.json: cannot be read/);
    });
    const one = JSON.stringify({ ...GENERIC, slug: 'one' });
    withProfiles({ one }, (directory) => {
      assert.throws(() => readHardware(directory), /generic.profile\.json: is not there/);
    });
  });
});

function withProfiles(
  profiles: Record<string, string | null>,
  check: (directory: string) => void,
): void {
  const directory = mkdtempSync(join(tmpdir(), 'flint-hardware-'));
  try {
    for (const [slug, text] of Object.entries(profiles)) {
      mkdirSync(join(directory, slug));
      if (text !== null) writeFileSync(join(directory, slug, 'profile.json'), text);
    }
    check(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
