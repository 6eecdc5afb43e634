import * as assert from 'uvu/assert';
import { loadHot } from '../../src/engine/hot.ts';
import { onesSum16 } from '../fake/oracle.ts';
import { createRandom } from '../fake/random.ts';
import { answerAfter, openRig, specOf } from '../fake/rig.ts';
import { suite } from '../helper.ts';

suite('wasm/checksum', ({ test }) => {
  test('agrees with sixteen-bit sums for every length and place', () => {
    const hot = loadHot();
    const random = createRandom(11);
    const at = hot.layout.INBOX;
    for (let length = 0; length <= 1600; length++) {
      const from = at + random.below(16);
      for (let i = 0; i < length; i++) hot.bytes[from + i] = random.below(256);

      const sum = swap(hot.call.onesSum(from, length));

      assert.is(sum, onesSum16(hot.bytes, from, length), `${length} bytes at ${from}`);
    }
  });

  test('carries where every byte is 0xff', () => {
    const hot = loadHot();
    const at = hot.layout.INBOX;
    hot.bytes.fill(0xff, at, at + 65_536);

    for (const length of [1, 2, 3, 4, 5, 7, 8, 63, 64, 1472, 65_535, 65_536]) {
      assert.is(swap(hot.call.onesSum(at, length)), onesSum16(hot.bytes, at, length), `${length}`);
    }
  });

  test('makes IPv4 echoes of any size add up', () => {
    const rig = openRig(answerAfter(1));
    const sizes = [16, 17, 56, 57, 58, 59, 1471, 1472];
    for (const [i, payloadBytes] of sizes.entries()) {
      rig.engine.addSeries(specOf(4, i + 1, { payloadBytes }));
    }

    rig.run(2000);

    for (const { bytes } of rig.transport.sent) {
      assert.is(onesSum16(bytes, 0, bytes.length), 0xffff, `${bytes.length} bytes`);
    }
    assert.is(rig.transport.sent.length, 3 * sizes.length);
  });
});

/** The sum is of words in the order of memory. */
function swap(sum: number): number {
  return ((sum & 0xff) << 8) | (sum >> 8);
}
