import * as assert from 'uvu/assert';
import { createOnce } from '../../../src/control/page/once.ts';
import { suite } from '../../helper.ts';

suite('control/page/once', (s) => {
  s.test('a secret is told once, to its reader, within two minutes', () => {
    const once = createOnce();
    const key = once.keep('user:anna', 'secret', 0);
    assert.is(once.take('user:otto', key, 1), null);
    assert.is(once.take('user:anna', key, 1), 'secret');
    assert.is(once.take('user:anna', key, 1), null);
    assert.is(once.take('user:anna', once.keep('user:anna', 's', 0), 120_000), null);
    assert.is(once.take('user:anna', undefined, 0), null);
  });

  s.test('it never holds more than some hundreds', () => {
    const once = createOnce();
    const keys = Array.from({ length: 300 }, () => once.keep('r', 's', 0));
    assert.is(once.take('r', keys[0], 0), null);
    assert.is(once.take('r', keys.at(-1), 0), 's');
  });
});
