import { networkInterfaces } from 'node:os';
import * as assert from 'uvu/assert';
import { interfaceIndex } from '../../src/measure/device.ts';
import { suite } from '../helper.ts';

suite('measure/device', ({ test }) => {
  test('gives the index that the system uses for its interfaces', () => {
    assert.is(interfaceIndex('lo'), 1);
    for (const [name, addresses] of Object.entries(networkInterfaces())) {
      const local = addresses?.find((one) => one.family === 'IPv6' && one.scopeid !== 0);
      if (local?.family === 'IPv6') assert.is(interfaceIndex(name), local.scopeid, name);
    }
  });

  test('is null for an interface that is not there', () => {
    assert.is(interfaceIndex('absent0'), null);
  });

  test('does not look outside the list of interfaces', () => {
    for (const name of ['', '.', '..', '../net/lo', 'lo/../lo', 'a b', 'lo\0', 'x'.repeat(16)]) {
      assert.is(interfaceIndex(name), null, name);
    }
  });
});
