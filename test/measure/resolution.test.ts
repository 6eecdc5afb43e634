import * as assert from 'uvu/assert';
import { type Address, parseAddress } from '../../src/core/address.ts';
import { isSame, keepAddress } from '../../src/measure/resolution.ts';
import { suite } from '../helper.ts';

suite('measure/resolution', ({ test }) => {
  test('stays at the address in use while it is among the answers, in whatever order', () => {
    const answers = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(address);

    for (const inUse of answers) {
      const kept = keepAddress([...answers].reverse(), { ...inUse, bytes: inUse.bytes.slice() });
      assert.equal(kept, inUse);
    }
  });

  test('goes on with the first answer when the one in use is gone, or there was none', () => {
    const answers = ['2001:db8::1', '2001:db8::2'].map(address);

    assert.equal(keepAddress(answers, address('2001:db8::3')), answers[0]);
    assert.equal(keepAddress(answers, null), answers[0]);
  });

  test('has nothing to go on with when there is no answer', () => {
    assert.is(keepAddress([], address('192.0.2.1')), null);
    assert.is(keepAddress([], null), null);
  });

  test('the same bytes on another interface or in another family are another address', () => {
    assert.is(isSame(address('fe80::1%eth0'), address('fe80::1%eth0')), true);
    assert.is(isSame(address('fe80::1%eth0'), address('fe80::1%eth1')), false);
    assert.is(isSame(address('192.0.2.1'), address('::c000:201')), false);
    assert.is(isSame(address('192.0.2.1'), address('192.0.2.2')), false);
  });
});

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`${text} is no address`);
  return parsed;
}
