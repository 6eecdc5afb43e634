import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { decode, encode } from '../../src/core/codec.ts';
import { suite } from '../helper.ts';

suite('core/codec', ({ test }) => {
  test('writes plain MessagePack that any reader understands', () => {
    assert.is(hex(encode({ a: 1 })), '81a16101');
    assert.is(hex(encode([1, 255, 65_536, -1, null, true])), '9601ccffce00010000ffc0c3');
    assert.is(hex(encode({ timeMs: 2 ** 40 })), '81a674696d654d73cb4270000000000000');
  });

  test('gives back any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const plain = JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto'));
        assert.equal(decode(encode(plain)), plain);
      }),
      { numRuns: 2000 },
    );
  });

  test('keeps what it encoded while more is encoded', () => {
    const first = encode({ text: 'first' });
    for (let round = 0; round < 2000; round++) encode({ text: 'x'.repeat(round % 300) });

    assert.equal(decode(first), { text: 'first' });
  });

  test('reads 64-bit integers as numbers', () => {
    assert.is(decode(Buffer.from('cf0000018bcfe56800', 'hex')), 1_700_000_000_000);
    assert.is(decode(Buffer.from('d3ffffffffffffffff', 'hex')), -1);
  });

  test('throws on what is cut short, and never takes a name for the prototype', () => {
    const whole = encode({ text: 'abcdef', list: [1, 2, 3] });
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => decode(whole.subarray(0, length)), undefined, `${length} bytes`);
    }
    const hostile = decode(Buffer.from('81a95f5f70726f746f5f5f81a16101', 'hex')) as object;
    assert.is(Object.getPrototypeOf(hostile), Object.prototype);
  });

  test('ends on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decode(bytes);
        } catch (error) {
          assert.instance(error, Error);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
