import * as assert from 'uvu/assert';
import { INBOX_MAX, STAMPS_MAX } from '../../src/engine/limits.ts';
import { unpackDrain } from '../../src/engine/transport.ts';
import { suite } from '../helper.ts';

suite('engine/transport', ({ test }) => {
  test('a full drain comes apart into its packets and stamps', () => {
    const packed = INBOX_MAX + STAMPS_MAX * 65536;

    assert.equal(unpackDrain(packed), { packets: INBOX_MAX, stamps: STAMPS_MAX });
    assert.equal(unpackDrain(0), { packets: 0, stamps: 0 });
    assert.equal(unpackDrain(65535 * 65536), { packets: 0, stamps: 65535 });
  });
});
