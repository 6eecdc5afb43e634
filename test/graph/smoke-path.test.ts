import * as assert from 'uvu/assert';
import type { Column } from '../../src/graph/column.ts';
import {
  bandPath,
  boxPath,
  lossClass,
  lossPath,
  medianPath,
  runsInState,
} from '../../src/graph/smoke-path.ts';
import { suite } from '../helper.ts';

/** A column whose figures are all `value`, 1 unit of path each, but its maximum. */
function answered(value: number, max = value, percent = 0): Column {
  const rttNs = {
    min: value,
    p10: value,
    p25: value,
    median: value,
    p75: value,
    p90: value,
    max,
  };
  return {
    state: 'answered',
    rttNs,
    sent: 30,
    received: 30,
    lost: percent > 0 ? 1 : 0,
    lossPercent: percent,
    loaded: false,
  };
}

const missing: Column = { ...answered(0), state: 'missing', rttNs: null, lossPercent: null };
const lost: Column = { ...answered(0), state: 'lost', rttNs: null, lossPercent: 100 };
const down = (rttNs: number): number => 1000 - rttNs;

suite('graph/smoke-path', (s) => {
  s.test('loss has four classes and unknown loss is none of the bad ones', () => {
    assert.equal([null, 0, 0.01, 4.99, 5, 19.9, 20, 100].map(lossClass), [
      'none',
      'none',
      'few',
      'few',
      'some',
      'some',
      'many',
      'many',
    ]);
  });

  s.test('a gap ends a run and another one begins after it', () => {
    const columns = [answered(1), answered(1), missing, lost, answered(1)];
    assert.equal(runsInState(columns, 'answered'), [
      { from: 0, until: 2 },
      { from: 4, until: 5 },
    ]);
    assert.equal(runsInState(columns, 'missing', 'lost'), [{ from: 2, until: 4 }]);
  });

  s.test('a band is a closed outline: along its tops, back along its floors', () => {
    const columns = [answered(100, 300), answered(100, 300), answered(200, 250)];
    assert.is(bandPath(columns, down, 'min', 'max'), 'M0 700h2v50h1V800h-1v100h-2z');
  });

  s.test('a band stops at a gap instead of reaching for zero', () => {
    const columns = [answered(100, 300), missing, answered(100, 300)];
    assert.is(bandPath(columns, down, 'min', 'max'), 'M0 700h1V900h-1zM2 700h1V900h-1z');
  });

  s.test('the median of another loss class hangs on to its left neighbour', () => {
    const columns = [answered(100), answered(200, 200, 3), answered(200, 200, 30), missing];
    assert.is(medianPath(columns, down, 'none'), 'M0 900h1');
    assert.is(medianPath(columns, down, 'few'), 'M1 900v-100h1');
    assert.is(medianPath(columns, down, 'many'), 'M2 800h1');
    assert.is(medianPath(columns, down, 'some'), '');
  });

  s.test('the median does not cross a gap', () => {
    assert.is(
      medianPath([answered(100), missing, answered(300)], down, 'none'),
      'M0 900h1M2 700h1',
    );
  });

  s.test('loss ticks grow with the loss and fill their height at 100 %', () => {
    const heightAt = (percent: number): number => {
      const columns = [percent === 100 ? lost : answered(1, 1, percent)];
      const path = lossPath(columns, lossClass(percent), { baseY: 10, mostY: 100 });
      return Number(/^M0 10h1v(\d+)h-1z$/.exec(path)?.[1]);
    };
    const heights = [0.1, 1, 4, 10, 30, 100].map(heightAt);
    assert.equal(
      heights,
      [...heights].sort((a, b) => a - b),
    );
    assert.is(new Set(heights).size, heights.length);
    assert.is(heights.at(-1), 100);
    assert.ok((heights[0] ?? 0) >= 10);
  });

  s.test('no loss draws no tick', () => {
    assert.is(lossPath([answered(1), missing], 'none', { baseY: 10, mostY: 100 }), '');
  });

  s.test('a box covers whole columns', () => {
    assert.is(boxPath([{ from: 3, until: 5 }], 0, 960), 'M3 0h2v960h-2z');
  });
});
