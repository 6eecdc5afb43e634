import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { crc32c } from '../../src/core/crc32c.ts';
import { suite } from '../helper.ts';

// RFC 3720 appendix B.4 prints the checksums as bytes on the wire; here they are numbers.
const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);
const READ_COMMAND =
  '01c00000000000000000000000000000140000000000040000000014000000182800000000000000' +
  '0200000000000000';

suite('core/crc32c', ({ test }) => {
  test('gives the values of RFC 3720 appendix B.4', () => {
    assert.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
    assert.is(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
    assert.is(crc32c(ascending), 0x46dd794e);
    assert.is(crc32c(ascending.toReversed()), 0x113fdb5c);
    assert.is(crc32c(Buffer.from(READ_COMMAND, 'hex')), 0xd9963a56);
  });

  test('gives the check value of the catalogue, and 0 for nothing', () => {
    assert.is(crc32c(Buffer.from('123456789')), 0xe3069283);
    assert.is(crc32c(new Uint8Array(0)), 0);
  });

  test('agrees with the definition, bit by bit, on any part of any bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 100 });
    fc.assert(
      fc.property(bytes, fc.nat(40), fc.nat(40), (all, left, right) => {
        const start = Math.min(left, all.length);
        const end = Math.max(start, all.length - right);

        assert.is(crc32c(all, start, end), bitwise(all.subarray(start, end)));
      }),
      { numRuns: 2000 },
    );
  });
});

function bitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}
