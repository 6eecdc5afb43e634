import * as assert from 'uvu/assert';
import type { Column } from '../../src/graph/column.ts';
import { scaleOf } from '../../src/graph/scale.ts';
import { suite } from '../helper.ts';

const MS = 1e6;

function column(p90: number, max: number, loaded = false): Column {
  const low = Math.min(p90, max) * MS;
  const rttNs = { min: low, p10: low, p25: low, median: low, p75: low, p90: low, max: max * MS };
  return { state: 'answered', rttNs, sent: 30, received: 30, lost: 0, lossPercent: 0, loaded };
}

const calm = Array.from({ length: 100 }, () => column(8.4, 8.9));

suite('graph/scale', (s) => {
  s.test('it starts at zero and holds what is ordinary', () => {
    const { ticksNs, topNs, peak } = scaleOf(calm, 4);
    assert.is(ticksNs[0], 0);
    assert.is(topNs, 10 * MS);
    assert.is(peak, null);
  });

  s.test('one slow reply does not squeeze the others: it is clipped and named', () => {
    const { topNs, peak } = scaleOf([...calm, column(8.4, 1200), ...calm], 4);
    assert.is(topNs, 10 * MS);
    assert.equal(peak, { column: 100, rttNs: 1200 * MS });
  });

  s.test('a step that lasts is ordinary, not an outlier', () => {
    const raised = Array.from({ length: 40 }, () => column(60, 64));
    assert.is(scaleOf([...calm, ...raised], 4).peak, null);
  });

  s.test('tops that are high in a tenth of all columns are shown', () => {
    const noisy = calm.map((one, index) => (index % 5 === 0 ? column(8.4, 40) : one));
    assert.ok(scaleOf(noisy, 4).topNs >= 40 * MS);
  });

  s.test('rounds under our own load neither stretch it nor count as a peak', () => {
    const loads = Array.from({ length: 30 }, () => column(60, 90, true));
    const { topNs, peak } = scaleOf([...calm, ...loads], 4);
    assert.is(topNs, 10 * MS);
    assert.is(peak, null);
  });

  s.test('where all is under load, the load is shown', () => {
    const loads = Array.from({ length: 30 }, () => column(60, 90, true));
    assert.ok(scaleOf(loads, 4).topNs >= 90 * MS);
  });

  s.test('without a single reply there is still an axis', () => {
    const lost: Column = { ...column(1, 1), state: 'lost', rttNs: null };
    for (const columns of [[], [lost]]) assert.ok(scaleOf(columns, 4).topNs > 0);
  });
});
