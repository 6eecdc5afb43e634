import { deepEqual, equal } from 'node:assert/strict';
import { openPatience } from '../../../src/board/mesh/tailnet-patience.ts';
import { suite } from '../../helper.ts';

suite('patience', (s) => {
  s.test('ends after a while, doubles up to a bound, and begins anew with a change', () => {
    let nowMs = 0;
    const patience = openPatience({ firstMs: 100, mostMs: 300, monotonicMs: () => nowMs });
    const waits: number[] = [];

    for (let i = 0; i < 4; i++) {
      const startMs = nowMs;
      patience.see('same');
      while (!patience.isOver()) nowMs++;
      waits.push(nowMs - startMs);
      patience.renew();
    }
    patience.see('other');
    nowMs += 99;

    deepEqual(waits, [100, 200, 300, 300]);
    equal(patience.isOver(), false);
    nowMs++;
    equal(patience.isOver(), true);
  });
});
