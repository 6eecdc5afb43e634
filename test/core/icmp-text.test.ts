import * as assert from 'uvu/assert';
import { icmpErrorText, sendErrorText } from '../../src/core/icmp-text.ts';
import { suite } from '../helper.ts';

suite('core/icmp-text', ({ test }) => {
  test('names the errors of RFC 792, RFC 1812 and RFC 4443', () => {
    assert.is(icmpErrorText('v4', 3 * 256 + 1), 'host unreachable');
    assert.is(icmpErrorText('v4', 3 * 256 + 13), 'communication administratively prohibited');
    assert.is(icmpErrorText('v4', 11 * 256), 'time to live exceeded');
    assert.is(icmpErrorText('v6', 1 * 256), 'no route to destination');
    assert.is(icmpErrorText('v6', 1 * 256 + 3), 'address unreachable');
    assert.is(icmpErrorText('v6', 3 * 256), 'hop limit exceeded');
  });

  test('tells a fragment that is missing from a hop too many', () => {
    assert.is(icmpErrorText('v4', 11 * 256 + 1), 'fragment reassembly time exceeded');
    assert.is(icmpErrorText('v6', 3 * 256 + 1), 'fragment reassembly time exceeded');
  });

  test('the codes of a parameter problem are not told apart', () => {
    for (const code of [0, 1, 2, 9]) {
      assert.is(icmpErrorText('v4', 12 * 256 + code), 'parameter problem');
      assert.is(icmpErrorText('v6', 4 * 256 + code), 'parameter problem');
    }
  });

  test('the same number means another thing in the other family', () => {
    assert.is(icmpErrorText('v4', 1 * 256 + 3), 'ICMP type 1 code 3');
    assert.is(icmpErrorText('v6', 11 * 256), 'ICMP type 11 code 0');
  });

  test('gives type and code of what it does not know', () => {
    assert.is(icmpErrorText('v4', 3 * 256 + 200), 'ICMP type 3 code 200');
    assert.is(icmpErrorText('v6', 255 * 256 + 255), 'ICMP type 255 code 255');
    assert.is(icmpErrorText('v4', 0), 'ICMP type 0 code 0');
  });

  test('says why the kernel did not take a packet, or its number', () => {
    assert.match(sendErrorText(101), /no route \(ENETUNREACH\)/);
    assert.match(sendErrorText(90), /EMSGSIZE/);
    assert.is(sendErrorText(4242), 'errno 4242');
  });
});
