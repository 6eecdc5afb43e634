import * as assert from 'uvu/assert';
import {
  mediansBeside,
  movedWords,
  roundsApart,
  shiftBeside,
  shiftMedians,
} from '../../../src/probe/page/path-shift.ts';
import { fakeRound, NOW_MS } from '../../fake/page.ts';
import { fakePathEvent, fakeShift } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const ROUND = 30_000;
const at = NOW_MS - 600_000;
const rounds = (levels: number[]) =>
  levels.map((ns, index) =>
    fakeRound([ns, ns, ns], { fromMs: at + (index - levels.length / 2) * ROUND }),
  );
const words = (text: string): string => text.replaceAll('\u202f', ' ');

suite('probe/page/path-shift', (s) => {
  s.test('the medians either side of a moment', () => {
    assert.equal(mediansBeside(rounds([8e6, 8e6, 12e6, 12e6]), at), {
      beforeNs: 8e6,
      afterNs: 12e6,
    });
    assert.is(mediansBeside(rounds([8e6, 12e6]), at), null);
    assert.is(mediansBeside([], at), null);
  });

  s.test('rounds in which we loaded the line say nothing', () => {
    const loaded = rounds([8e6, 8e6, 90e6, 90e6]).map((round) => ({
      ...round,
      loaded: round.fromMs >= at,
    }));
    assert.is(mediansBeside(loaded, at), null);
  });

  s.test('a median that moved is told, and that it stayed is told as well', () => {
    const said = (beforeNs: number, afterNs: number) => words(movedWords({ beforeNs, afterNs }));
    assert.is(said(8.3e6, 12.1e6), 'median 8.30 ms → 12.1 ms');
    assert.is(said(8.3e6, 8.4e6), 'median as before, 8.40 ms');
    assert.is(said(50e3, 90e3), 'median as before, 90.0 µs');
    assert.is(movedWords(null), '');
  });

  s.test('a shift belongs to a change that is near, the nearest one', () => {
    const change = fakePathEvent(at, ['x', 'y']);
    const beside = (...offsets: number[]) => {
      const shifts = offsets.map((offset) => fakeShift(at + offset, [8e6, 12e6]));
      const found = shiftBeside(shifts, change, { roundMs: ROUND, intervalMs: ROUND });
      return found === null ? null : found.fromMs - at;
    };
    assert.is(beside(3 * ROUND), 3 * ROUND);
    assert.is(beside(-2 * ROUND, ROUND), ROUND);
    assert.is(beside(10 * ROUND), null);
    assert.is(beside(-10 * ROUND), null);
  });

  s.test('how far they are apart is said in rounds', () => {
    const apart = (offset: number) =>
      roundsApart(fakePathEvent(at, ['x', 'y']), fakeShift(at + offset, [1, 2]), ROUND);
    assert.is(apart(10_000), 'in the same round');
    assert.is(apart(ROUND), 'one round later');
    assert.is(apart(3 * ROUND + 5), 'three rounds later');
    assert.is(apart(-10_000), 'one round before');
    assert.is(apart(9 * ROUND), '9 rounds later');
  });

  s.test('an event without figures has no medians', () => {
    assert.is(shiftMedians(fakeShift(at, [1, 2], { detail: {} })), null);
    assert.equal(shiftMedians(fakeShift(at, [1, 2])), { beforeNs: 1, afterNs: 2 });
  });
});
