import fc from 'fast-check';
import { equal, is } from 'uvu/assert';
import { parseAddress } from '../../src/core/address.ts';
import { formatRange, isInRange, parseRange, rangeAround } from '../../src/core/address-range.ts';
import { suite } from '../helper.ts';

function holds(range: string, address: string): boolean {
  const [parsedRange, parsedAddress] = [parseRange(range), parseAddress(address)];
  if (parsedRange === null || parsedAddress === null) throw new Error(`${range} ${address}`);
  return isInRange(parsedRange, parsedAddress);
}

suite('core/address-range', (s) => {
  s.test('reads a range and writes it as it was', () => {
    for (const text of ['0.0.0.0/0', '10.0.0.0/8', '192.0.2.1/32', '::/0', 'fc00::/7', '::1/128']) {
      const range = parseRange(text);
      is(range === null ? null : formatRange(range), text);
    }
  });

  s.test('takes nothing that is no range, and none with bits behind its prefix', () => {
    const wrong = ['10.0.0.0', '10.0.0.0/33', '10.0.0.1/8', '::/129', 'fe80::%eth0/10', 'x/8'];
    for (const text of [...wrong, '10.0.0.0/08', '10.0.0.0/ 8', '10.0.0.0/8/8', '', '/', '::/']) {
      is(parseRange(text), null, text);
    }
  });

  s.test('holds its first and last address and not those beside it', () => {
    for (const [range, inside, outside] of [
      ['172.16.0.0/12', ['172.16.0.0', '172.31.255.255'], ['172.15.255.255', '172.32.0.0']],
      ['192.0.2.7/32', ['192.0.2.7'], ['192.0.2.6', '192.0.2.8']],
      ['fc00::/7', ['fc00::', 'fdff::ffff'], ['fbff::', 'fe00::']],
    ] as const) {
      for (const address of inside) is(holds(range, address), true, address);
      for (const address of outside) is(holds(range, address), false, address);
    }
  });

  s.test('no address of one family lies in a range of the other', () => {
    is(holds('0.0.0.0/0', '::1'), false);
    is(holds('::/0', '127.0.0.1'), false);
  });

  s.test('every address lies in the ranges around it, and they are written canonically', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(bytes, fc.nat(128), (raw, wanted) => {
        const address = { family: raw.length === 4 ? 'v4' : 'v6', bytes: raw } as const;
        const range = rangeAround(address, Math.min(wanted, 8 * raw.length));
        is(isInRange(range, address), true);
        equal(parseRange(formatRange(range)), range);
      }),
    );
  });
});
