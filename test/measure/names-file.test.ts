import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readText, versionOf } from '../../src/measure/names-file.ts';
import { suite } from '../helper.ts';

suite('measure/names-file', ({ test, after }) => {
  const directory = mkdtempSync(join(tmpdir(), 'flint-file-'));
  const path = join(directory, 'text');
  after(() => rmSync(directory, { recursive: true }));

  test('reads a file of several chunks to its end, a character a byte', () => {
    const bytes = Buffer.from(Array.from({ length: 200_001 }, (_, i) => i % 256));
    writeFileSync(path, bytes);

    assert.is(readText(path, 1e6), bytes.toString('latin1'));
  });

  test('of a file that is too large it reads whole lines', () => {
    writeFileSync(path, 'one\ntwo\nthree\n');

    assert.is(readText(path, 11), 'one\ntwo\n');
    assert.is(readText(path, 8), 'one\ntwo\n');
    assert.is(readText(path, 3), '');
  });

  test('reads files of the kernel, which tell no size', () => {
    const text = readText('/proc/net/route', 1e6);

    assert.match(text, /^Iface\tDestination/);
    assert.is(readText('/proc/self/cmdline', 1e6), readFileSync('/proc/self/cmdline', 'latin1'));
  });

  test('what cannot be read is empty', () => {
    for (const bad of [join(directory, 'absent'), directory, join(path, 'x'), 'a\0b']) {
      assert.is(readText(bad, 100), '', bad);
    }
  });

  test('the version differs after every change, and there is none of no file', () => {
    const versions = new Set<string | null>();
    for (const text of ['a', 'b', 'bb', 'a']) {
      writeFileSync(path, text);
      versions.add(versionOf(path));
      assert.is(versionOf(path), versionOf(path));
    }
    rmSync(path);
    versions.add(versionOf(path));

    assert.ok(versions.has(null));
    assert.ok(versions.size >= 3, [...versions].join('\n'));
  });
});
