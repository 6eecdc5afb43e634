import * as assert from 'uvu/assert';
import type { ProbeEvent } from '../../../src/core/round.ts';
import type { PathSnapshot } from '../../../src/core/snapshot.ts';
import {
  CHANGES_MAX,
  changesOf,
  firstStep,
  HOPS_MAX,
  isCutBy,
  lastChangeOf,
  toSteps,
} from '../../../src/probe/page/path-changes.ts';
import { fakeInput, fakeSnapshot, NOW_MS } from '../../fake/page.ts';
import { fakeChange, fakePath, fakePathEvent } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const input = (path: PathSnapshot, events: ProbeEvent[]) =>
  fakeInput(fakeSnapshot([], { paths: [path] }), { events });
const HOUR_MS = 3_600_000;

suite('probe/page/path-changes', (s) => {
  s.test('events and the snapshot together tell each change once, newest first', () => {
    const path = fakePath('r1 t', {
      changes: [fakeChange(NOW_MS - 3 * HOUR_MS, 'x', 'y'), fakeChange(NOW_MS - HOUR_MS, 'x', 'y')],
    });
    const events = [
      fakePathEvent(NOW_MS - 5 * HOUR_MS, ['a', 'b']),
      fakePathEvent(NOW_MS - HOUR_MS, ['x', 'y']),
      fakePathEvent(NOW_MS - 1000, ['x', 'z'], { family: 'v6' }),
      fakePathEvent(NOW_MS - 1000, ['x', 'z'], { target: 'b' }),
    ];
    const hours = changesOf(input(path, events), path).map(({ atMs }) => (NOW_MS - atMs) / HOUR_MS);
    assert.equal(hours, [1, 3, 5]);
  });

  s.test('not more than a day back, and not more than so many', () => {
    const path = fakePath('r1 t');
    const old = fakePathEvent(NOW_MS - 25 * HOUR_MS, ['x', 'y']);
    assert.is(lastChangeOf(input(path, [old]), path), null);
    const many = Array.from({ length: 500 }, (_, index) =>
      fakePathEvent(NOW_MS - index * 1000, ['x', 'y']),
    );
    assert.is(changesOf(input(path, many), path).length, CHANGES_MAX);
    assert.is(lastChangeOf(input(path, many), path)?.atMs, NOW_MS);
    assert.is(lastChangeOf(input(path, []), path), null);
    const kept = fakePath('r1 t', { changes: [fakeChange(NOW_MS - 5, 'x t', 'x y')] });
    const last = lastChangeOf(input(kept, many.slice(1)), kept);
    assert.equal([last?.atMs, last?.ttl], [NOW_MS - 5, 2]);
  });

  s.test('a path of an event is read hop by hop, bounded', () => {
    assert.equal(toSteps('192.0.2.1 * 2001:db8::1'), [
      { ttl: 1, ip: '192.0.2.1' },
      { ttl: 2, ip: null },
      { ttl: 3, ip: '2001:db8::1' },
    ]);
    assert.equal(toSteps(''), []);
    assert.is(toSteps('x '.repeat(5000)).length, HOPS_MAX);
    assert.is(toSteps('x'.repeat(5000))[0]?.ip?.length, 64);
  });

  s.test('an event without paths is passed over', () => {
    const path = fakePath('r1 t');
    const bare = fakePathEvent(NOW_MS, ['x', 'y'], { detail: { before: null, after: 7 } });
    assert.equal(changesOf(input(path, [bare]), path), []);
    assert.equal(firstStep(bare), { from: 'none', to: 'none' });
  });

  s.test('who stood at the first hop that differs', () => {
    const step = (before: string, after: string) => firstStep(fakePathEvent(0, [before, after]));
    assert.equal(step('r1 r2 t', 'r1 n2 t'), { from: 'r2', to: 'n2' });
    assert.equal(step('r1 * t', 'r1 n2 t'), { from: 'silent', to: 'n2' });
    assert.equal(step('r1 t', 'r1 t n3'), { from: 'none', to: 'n3' });
  });

  s.test('only a path that led to its target can be cut', () => {
    const cut = (beforeReached: boolean) =>
      isCutBy(fakePathEvent(0, ['x', 'y'], { detail: { beforeReached, afterReached: false } }));
    assert.is(cut(true), true);
    assert.is(cut(false), false);
    assert.is(isCutBy(fakePathEvent(0, ['x', 'y'])), false);
  });
});
