import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { formatAddress } from '../../src/core/address.ts';
import { rangeAround } from '../../src/core/address-range.ts';
import {
  addressAt,
  addressKey,
  capacityOf,
  numberOf,
  type Prefix,
  parsePrefix,
} from '../../src/core/prefix.ts';
import type { Family } from '../../src/core/round.ts';
import { suite } from '../helper.ts';

const PREFIX = fc
  .record({
    family: fc.constantFrom<Family>('v4', 'v6'),
    seed: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    length: fc.nat(128),
  })
  .map(({ family, seed, length }) => {
    const bytes = seed.slice(0, family === 'v4' ? 4 : 16);
    const range = rangeAround({ family, bytes }, Math.min(length, 8 * bytes.length));
    return `${formatAddress(family, range.bytes)}/${range.length}`;
  });

suite('core/prefix', ({ test }) => {
  test('network, broadcast and the address of any router are nobody’s', () => {
    assert.equal(all('192.0.2.0/30'), ['192.0.2.1', '192.0.2.2']);
    assert.equal(all('192.0.2.4/31'), ['192.0.2.4', '192.0.2.5']);
    assert.equal(all('192.0.2.4/32'), ['192.0.2.4']);
    assert.equal(all('2001:db8::/126'), ['2001:db8::1', '2001:db8::2', '2001:db8::3']);
    assert.equal(all('2001:db8::/127'), ['2001:db8::', '2001:db8::1']);
    assert.equal(all('2001:db8::5/128'), ['2001:db8::5']);
  });

  test('a large prefix costs no more than a small one', () => {
    const site = prefix('fd00:1:2::/48');
    assert.is(capacityOf(site), 2n ** 80n - 1n);
    assert.is(addressAt(site, 1n), 'fd00:1:2::1');
    assert.is(addressAt(site, site.last), 'fd00:1:2:ffff:ffff:ffff:ffff:ffff');
    assert.is(addressAt(site, site.last + 1n), null);
    assert.is(capacityOf(prefix('10.0.0.0/8')), 2n ** 24n - 2n);
  });

  test('what is no prefix is none', () => {
    const texts = ['', '10.0.0.1/24', '10.0.0.0', '10.0.0.0/33', 'fd00::/129', 'fe80::%eth0/64'];
    for (const text of texts) assert.is(parsePrefix(text), null, text);
  });

  test('number and address are each other’s', () => {
    fc.assert(
      fc.property(PREFIX, fc.bigInt({ min: 0n, max: 2n ** 128n }), (text, seed) => {
        const { first, last, ...rest } = prefix(text);
        const number = first + (seed % (last - first + 1n));
        const address = addressAt({ first, last, ...rest }, number) ?? '';
        assert.is(numberOf({ first, last, ...rest }, address), number);
        assert.ok(last >= first);
        assert.is(addressAt({ first, last, ...rest }, last + 1n), null);
        assert.is(addressAt({ first, last, ...rest }, first - 1n), null);
      }),
      { numRuns: 500 },
    );
  });

  test('an address outside of the prefix has no number', () => {
    const net = prefix('192.0.2.0/24');
    const others = ['192.0.3.1', '192.0.2.0', '192.0.2.255', '2001:db8::1', 'host', 'fe80::1%eth0'];
    for (const address of others) assert.is(numberOf(net, address), null, address);
  });

  test('keys sort as addresses do', () => {
    fc.assert(
      fc.property(PREFIX, fc.nat(1000), fc.nat(1000), (text, a, b) => {
        const net = prefix(text);
        const one = addressAt(net, net.first + BigInt(a));
        const other = addressAt(net, net.first + BigInt(b));
        if (one === null || other === null) return;
        const keys = [addressKey(one) ?? '', addressKey(other) ?? ''] as const;
        assert.is(Math.sign(a - b), keys[0] < keys[1] ? -1 : keys[0] > keys[1] ? 1 : 0);
      }),
      { numRuns: 500 },
    );
    assert.is(addressKey('nothing'), null);
    assert.is(addressKey('192.0.2.1')?.length, 32);
  });
});

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === null) throw new Error(`${text} is no prefix`);
  return parsed;
}

function all(text: string): (string | null)[] {
  const net = prefix(text);
  const numbers = Array.from(
    { length: Number(capacityOf(net)) },
    (_, at) => net.first + BigInt(at),
  );
  return numbers.map((number) => addressAt(net, number));
}
