import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { equal, is, ok, throws } from 'uvu/assert';
import { openKeys } from '../../../src/control/store/secrets.ts';
import { suite } from '../../helper.ts';
import { inDirectory } from '../places.ts';

suite('control/store/secrets', (s) => {
  s.test('keys are made once, private, and different', () =>
    inDirectory((directory) => {
      const { nonce, csrf } = openKeys(directory);
      equal([nonce.length, csrf.length, nonce.equals(csrf)], [32, 32, false]);
      const file = `${directory}/control/secrets.d/nonce`;
      is(statSync(file).mode & 0o777, 0o600);
      is(readFileSync(file, 'utf8'), `${nonce.toString('base64url')}\n`);
      ok(openKeys(directory).csrf.equals(csrf));
    }),
  );

  s.test('a file that is no key is not replaced behind one’s back', () =>
    inDirectory((directory) => {
      openKeys(directory);
      const file = `${directory}/control/secrets.d/csrf`;
      chmodSync(file, 0o600);
      for (const text of ['', 'abc', 'x'.repeat(500)]) {
        writeFileSync(file, text);
        throws(
          () => openKeys(directory),
          /csrf (holds no key of 32 bytes: remove it|cannot be read)/,
        );
      }
    }),
  );
});
