import { isIP, isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { formatAddress, isIpv4Mapped, isLoopback, parseAddress } from '../../src/core/address.ts';
import { suite } from '../helper.ts';

const RUNS = { numRuns: 2000 };

// Text that is nearly an address, so that the comparison meets the edges of both grammars.
const nearlyIpv6 = fc
  .array(fc.constantFrom('0', '1', 'ab', 'FFFF', '00ff', '12345', '', ':', '::', '1.2.3.4', 'g'), {
    maxLength: 10,
  })
  .chain((parts) => fc.constantFrom(parts.join(':'), parts.join('')));
const nearlyIpv4 = fc
  .array(fc.constantFrom('0', '00', '1', '010', '255', '256', '99', '', ' 1', '-1', '1e1'), {
    minLength: 3,
    maxLength: 5,
  })
  .map((parts) => parts.join('.'));
const bytesOf = (length: number) =>
  fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })), {
    minLength: length,
    maxLength: length,
  });

suite('core/address', ({ test }) => {
  test('accepts the text that node:net accepts, and no other', () => {
    const text = fc.oneof(nearlyIpv6, nearlyIpv4, fc.ipV4(), fc.ipV6(), fc.string());
    fc.assert(
      fc.property(text, (value) => {
        if (value.includes('%')) return;
        const family = parseAddress(value)?.family ?? null;

        assert.is(family === 'v4', isIPv4(value), value);
        assert.is(family === 'v6', isIPv6(value), value);
      }),
      { numRuns: 20_000 },
    );
  });

  test('writes IPv6 as URL does, mapped addresses apart', () => {
    fc.assert(
      fc.property(bytesOf(16), (values) => {
        const bytes = Uint8Array.from(values);
        const text = formatAddress('v6', bytes);

        if (!isIpv4Mapped(bytes)) assert.is(new URL(`http://[${text}]/`).hostname, `[${text}]`);
        assert.equal(parseAddress(text)?.bytes, bytes);
      }),
      RUNS,
    );
  });

  test('reads any spelling to the bytes that URL sees', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const address = parseAddress(text);
        const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);

        assert.equal(address?.bytes, parseAddress(canonical)?.bytes);
      }),
      RUNS,
    );
  });

  test('gives IPv4 back as it came', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const address = parseAddress(text);

        assert.is(address && formatAddress(address.family, address.bytes), text);
        assert.is(new URL(`http://${text}/`).hostname, text);
      }),
      RUNS,
    );
  });

  test('follows the examples of RFC 5952', () => {
    const examples: [string, string][] = [
      ['2001:0db8::0001', '2001:db8::1'],
      ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
      ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
      ['2001:DB8::AAAA', '2001:db8::aaaa'],
      ['::FFFF:C000:0201', '::ffff:192.0.2.1'],
      ['::', '::'],
      ['1::', '1::'],
    ];
    for (const [text, canonical] of examples) {
      const address = parseAddress(text);
      assert.is(address && formatAddress(address.family, address.bytes), canonical, text);
    }
  });

  test('keeps the zone of a link-local address, and takes it on no other', () => {
    const address = parseAddress('fe80::1%eth0.100');

    assert.is(address?.zone, 'eth0.100');
    assert.is(address && formatAddress('v6', address.bytes, address.zone), 'fe80::1%eth0.100');
    assert.is(parseAddress('febf::1%2')?.zone, '2');
    for (const text of ['2001:db8::1%eth0', '::1%lo', 'fe80::1%', 'fe80::1%a b', 'fe80::1%a%b']) {
      assert.is(parseAddress(text), null, text);
    }
    assert.is(parseAddress(`fe80::1%${'x'.repeat(16)}`), null);
    assert.is(parseAddress('127.0.0.1%lo'), null);
  });

  test('never throws and never reads an unbounded text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: 'binary' }), (text) => {
        const address = parseAddress(text);
        if (address?.zone === null) assert.not.equal(isIP(text), 0);
      }),
      RUNS,
    );
    assert.is(parseAddress('0'.repeat(1_000_000)), null);
  });

  test('knows loopback in each spelling', () => {
    for (const text of ['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1']) {
      const address = parseAddress(text);
      assert.ok(address && isLoopback(address), text);
    }
    for (const text of ['128.0.0.1', '0.0.0.0', '::', '::2', '::ffff:10.0.0.1', '7f00::1']) {
      const address = parseAddress(text);
      assert.not.ok(address && isLoopback(address), text);
    }
  });

  test('refuses to write bytes of the wrong length', () => {
    assert.throws(() => formatAddress('v4', new Uint8Array(16)), /16 bytes are no v4 address/);
    assert.throws(() => formatAddress('v6', new Uint8Array(4)), /4 bytes are no v6 address/);
  });
});
