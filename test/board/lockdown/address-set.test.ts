import { deepEqual, equal } from 'node:assert/strict';
import {
  canonicalAddresses,
  formatInterval,
  overlaps,
  parseInterval,
} from '../../../src/board/lockdown/address-set.ts';
import { suite } from '../../helper.ts';

function canonical(text: string): string | null {
  const interval = parseInterval(text);
  return interval === null ? null : formatInterval(interval);
}

suite('sets of addresses', (s) => {
  s.test('an address, a prefix and a range are read and written as nft does', () => {
    equal(canonical('10.0.0.1'), '10.0.0.1');
    equal(canonical('10.1.2.3/8'), '10.0.0.0/8');
    equal(canonical('10.0.0.0-10.0.0.255'), '10.0.0.0/24');
    equal(canonical('10.0.0.1-10.0.0.3'), '10.0.0.1-10.0.0.3');
    equal(canonical('FD00::1/64'), 'fd00::/64');
    equal(canonical('::/0'), '::/0');
    equal(canonical('0.0.0.0/0'), '0.0.0.0/0');
    equal(canonical('fe80::1%eth0'), 'fe80::1');
  });

  s.test('what is no address is nothing', () => {
    const bad = ['', 'host.example', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '1.2.3.4-', '-'];
    for (const text of [...bad, '10.0.0.9-10.0.0.1', '10.0.0.1-fd00::1', 'fd00::/129', '1/8']) {
      equal(parseInterval(text), null, text);
    }
  });

  s.test('what overlaps or touches becomes one, of one family', () => {
    const texts = ['10.0.0.0/24', '10.0.1.0/24', '10.0.0.7', '9.9.9.9', 'fd00::1', 'nonsense'];

    deepEqual(canonicalAddresses(texts, 'v4'), ['9.9.9.9', '10.0.0.0/23']);
    deepEqual(canonicalAddresses(texts, 'v6'), ['fd00::1']);
  });

  s.test('two that share an address overlap', () => {
    const interval = (text: string) => parseInterval(text) ?? { family: 'v4', first: 0n, last: 0n };
    equal(overlaps(interval('10.0.0.0/8'), interval('10.2.0.0/16')), true);
    equal(overlaps(interval('10.0.0.0/8'), interval('11.0.0.0/8')), false);
    equal(overlaps(interval('0.0.0.0/0'), interval('::/0')), false);
  });
});
