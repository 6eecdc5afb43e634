import { equal } from 'uvu/assert';
import { xxhash64 } from '../../../src/board/push/xxhash64.ts';
import { suite } from '../../helper.ts';

suite('xxhash64', ({ test }) => {
  test('gives what the reference gives', () => {
    equal(xxhash64('').toString(16), 'ef46db3751d8e999');
    equal(xxhash64('a').toString(16), 'd24ec4f1a98c6e5b');
    equal(xxhash64('abc').toString(16), '44bc2cf5ad770999');
  });

  test('gives what vmagent names a queue', () => {
    equal(xxhash64('http://127.0.0.1:18427/remote_write').toString(16), 'e9a5482bb69e3a7d');
  });
});
