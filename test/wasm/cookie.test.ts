import * as assert from 'uvu/assert';
import { loadHot } from '../../src/engine/hot.ts';
import { createRandom } from '../fake/random.ts';
import { answerAfter, COOKIE_KEY, openRig, specOf } from '../fake/rig.ts';
import { suite } from '../helper.ts';

const MASK = (1n << 64n) - 1n;

suite('wasm/cookie', ({ test }) => {
  test('makes the reference vector of SipHash-2-4 for eight bytes', () => {
    const { call } = loadHot();

    // vectors_sip64[8] of the reference implementation: key 00 … 0f, message 00 … 07.
    const hash = call.sipHash(word(0), word(8), word(0));

    assert.is(BigInt.asUintN(64, hash), 0x93f5f5799a932462n);
  });

  test('agrees with SipHash written from the paper for random keys and messages', () => {
    const { call } = loadHot();
    const random = createRandom(3);
    const any = (): bigint =>
      (BigInt(random.below(2 ** 31)) << 33n) ^ (BigInt(random.below(2 ** 31)) << 11n) ^ 5n;
    for (let i = 0; i < 500; i++) {
      const [k0, k1, message] = [any(), any(), any()];

      assert.is(BigInt.asUintN(64, call.sipHash(k0, k1, message)), sipHash24(k0, k1, message));
    }
  });

  test('stands behind slot and generation in every packet', () => {
    const rig = openRig(answerAfter(1), { packetsPerSecond: 1 });
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 10 }));
    rig.engine.addSeries(specOf(6, 2, { intervalMs: 10 }));

    rig.run(200);

    const cookies = new Set<bigint>();
    for (const { bytes } of rig.transport.sent) {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const message = view.getBigUint64(8, true);
      assert.is(view.getBigUint64(16, true), sipHash24(word(0), word(8), message));
      cookies.add(view.getBigUint64(16, true));
    }
    assert.is(cookies.size, rig.transport.sent.length);
    assert.ok(cookies.size >= 38);
  });

  test('is another one under another key', () => {
    const { call } = loadHot();

    assert.is.not(call.sipHash(1n, 2n, 3n), call.sipHash(1n, 3n, 3n));
    assert.is.not(call.sipHash(1n, 2n, 3n), call.sipHash(2n, 2n, 3n));
    assert.is.not(call.sipHash(1n, 2n, 3n), call.sipHash(1n, 2n, 4n));
  });
});

/** Eight bytes of the key, which counts from 0, read as a little-endian word. */
function word(from: number): bigint {
  return new DataView(COOKIE_KEY.buffer).getBigUint64(from, true);
}

/** Aumasson, Bernstein 2012, for one word. */
function sipHash24(k0: bigint, k1: bigint, message: bigint): bigint {
  const v: [bigint, bigint, bigint, bigint] = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  for (const block of [message, 8n << 56n]) {
    v[3] ^= block;
    sipRounds(v, 2);
    v[0] ^= block;
  }
  v[2] ^= 0xffn;
  sipRounds(v, 4);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

function sipRounds(v: [bigint, bigint, bigint, bigint], n: number): void {
  const left = (value: bigint, bits: bigint): bigint =>
    ((value << bits) | (value >> (64n - bits))) & MASK;
  for (let i = 0; i < n; i++) {
    v[0] = (v[0] + v[1]) & MASK;
    v[1] = left(v[1], 13n) ^ v[0];
    v[0] = left(v[0], 32n);
    v[2] = (v[2] + v[3]) & MASK;
    v[3] = left(v[3], 16n) ^ v[2];
    v[0] = (v[0] + v[3]) & MASK;
    v[3] = left(v[3], 21n) ^ v[0];
    v[2] = (v[2] + v[1]) & MASK;
    v[1] = left(v[1], 17n) ^ v[2];
    v[2] = left(v[2], 32n);
  }
}
