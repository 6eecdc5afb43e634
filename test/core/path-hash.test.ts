import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { fnv1a64, toPath } from '../../src/core/path-hash.ts';
import { suite } from '../helper.ts';

suite('core/path-hash', ({ test }) => {
  test('FNV-1a gives the published values', () => {
    assert.is(fnv1a64(''), 'cbf29ce484222325');
    assert.is(fnv1a64('a'), 'af63dc4c8601ec8c');
    assert.is(fnv1a64('foobar'), '85944171f73967e8');
  });

  test('FNV-1a is that of 64-bit arithmetic for any text', () => {
    const ascii = fc.string({ unit: 'grapheme-ascii' });
    fc.assert(fc.property(ascii, (text) => assert.is(fnv1a64(text), slowly(text))));
  });

  test('the hash is that of the text that is written down', () => {
    const path = toPath(steps(['192.0.2.1', null, '203.0.113.9']), true);

    assert.is(path.hash, slowly('1 192.0.2.1\n2 *\n3 203.0.113.9\nreached'));
    assert.match(path.hash, /^[0-9a-f]{16}$/);
  });

  test('another address, place, length or end is another path', () => {
    const hashes = [
      toPath(steps(['a', 'b']), true),
      toPath(steps(['a', 'b']), false),
      toPath(steps(['a', 'c']), true),
      toPath(steps(['b', 'a']), true),
      toPath(steps(['a', null, 'b']), true),
      toPath(steps(['a']), true),
    ].map(({ hash }) => hash);

    assert.is(new Set(hashes).size, hashes.length);
  });

  test('silence after the last answer is no part of a path', () => {
    assert.equal(toPath(steps(['a', null, null]), false), toPath(steps(['a']), false));
  });
});

function steps(ips: readonly (string | null)[]): { ttl: number; ip: string | null }[] {
  return ips.map((ip, index) => ({ ttl: index + 1, ip }));
}

function slowly(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, '0');
}
