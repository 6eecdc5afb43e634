import { deepEqual, equal, ok } from 'node:assert/strict';
import { decodeRounds, encodeRounds } from '../../../src/control/store/history-codec.ts';
import { encode } from '../../../src/core/codec.ts';
import { suite } from '../../helper.ts';
import { NOW_MS } from '../lab.ts';
import { roundAt } from '../report-lab.ts';

suite('control/store/history-codec', (s) => {
  s.test('rounds come back as they went, durations to the nanosecond', () => {
    const rounds = [
      roundAt(NOW_MS),
      roundAt(NOW_MS + 30_000, { family: 'v6', ip: '2001:db8::1', clock: 'unsynced' }),
      roundAt(0, { rttNs: null, jitterNs: null, received: 0, lost: 30, loaded: true }),
      roundAt(8_640_000_000_000_000 - 30_000, { exact: false, sent: Number.MAX_SAFE_INTEGER }),
      roundAt(NOW_MS, { target: '', ip: '', untilMs: 5 }),
    ];

    deepEqual(decodeRounds(encodeRounds(rounds))?.rounds, rounds);
    const [round] = decodeRounds(encodeRounds([roundAt(0, { jitterNs: 1234.56 })]))?.rounds ?? [];
    equal(round?.jitterNs, 1235);
  });

  s.test('it is a third of the size of JSON', () => {
    const rounds = Array.from({ length: 12 }, (_, i) => roundAt(NOW_MS + i * 30_000));
    const bytes = encodeRounds(rounds).length;
    ok(bytes * 3 < JSON.stringify(rounds).length, `${bytes} bytes`);
  });

  s.test('bytes that are no rounds are told apart from rounds, whatever they are', () => {
    const whole = encodeRounds([roundAt(NOW_MS)]);
    const others = [
      new Uint8Array(0),
      encode('text'),
      encode([2, [], []]),
      encode([1, ['a'], [[0, 0, 7, 1, 2, 3]]]),
      encode([1, ['a'], [['x', 0, 0, 1, 2, 3]]]),
      encode([1, [4], [[0, 0, 0, 1, 2, 3]]]),
      encode([1, ['a'], 5]),
    ];
    for (const bytes of others) equal(decodeRounds(bytes), null);
    for (let length = 0; length < whole.length; length++) {
      equal(decodeRounds(whole.subarray(0, length)), null, `${length}`);
    }
  });
});
