import * as assert from 'uvu/assert';
import type { PathChange } from '../../src/core/path.ts';
import { toPath } from '../../src/core/path-hash.ts';
import { parseEvent } from '../../src/core/round-schema.ts';
import {
  addChange,
  newTelling,
  TOLD_MAX,
  takeChange,
  toPathEvent,
} from '../../src/measure/path-telling.ts';
import { suite } from '../helper.ts';
import { pathTarget } from './paths-rig.ts';

const HOUR_MS = 3_600_000;

suite('measure/path-telling', ({ test }) => {
  test('a change is told once', () => {
    const telling = newTelling();
    assert.is(takeChange(telling, 0), null);
    const change = changeOf(1);
    addChange(telling, change);
    assert.equal(takeChange(telling, 0), { change, leftOut: 0 });
    assert.is(takeChange(telling, 0), null);
  });

  test('beyond so many in an hour the last one waits, and says how many were before it', () => {
    const telling = newTelling();
    let told = 0;
    for (let turn = 0; turn < TOLD_MAX + 5; turn++) {
      addChange(telling, changeOf(turn));
      if (takeChange(telling, turn * 1000) !== null) told++;
    }
    assert.is(told, TOLD_MAX);
    assert.is(takeChange(telling, HOUR_MS - 1), null);
    assert.equal(takeChange(telling, HOUR_MS), { change: changeOf(TOLD_MAX + 4), leftOut: 4 });
    assert.ok(telling.toldMs.length <= TOLD_MAX);
  });

  test('an event has both paths as text, and is fit for the store', () => {
    const target = pathTarget('a', { protocol: 'tcp' });
    const wish = { change: changeOf(7), leftOut: 0, id: 'boot-p0' };
    const event = toPathEvent({ target, family: 'v4' }, wish);

    assert.equal(event.detail, {
      protocol: 'tcp',
      beforeHash: changeOf(7).before.hash,
      afterHash: changeOf(7).after.hash,
      beforeHops: 3,
      afterHops: 3,
      beforeReached: true,
      afterReached: true,
      ttl: 3,
      before: '10.0.0.1 * 10.0.0.7',
      after: '10.0.0.1 * 10.0.0.8',
    });
    assert.equal(parseEvent(event), event);
    const later = toPathEvent({ target, family: 'v4' }, { ...wish, leftOut: 3 });
    assert.is(later.detail['leftOut'], 3);
  });

  test('the longest path of the longest addresses still fits', () => {
    const ip = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
    const hops = Array.from({ length: 64 }, (_, i) => ({ ttl: i + 1, ip }));
    const change = { atMs: 1, seenMs: 2, before: toPath(hops, true), after: toPath(hops, false) };
    const target = pathTarget('a');
    assert.ok(parseEvent(toPathEvent({ target, family: 'v6' }, { change, leftOut: 0, id: 'x' })));
  });
});

function changeOf(number: number): PathChange {
  const path = (last: number) =>
    toPath(
      ['10.0.0.1', null, `10.0.0.${last}`].map((ip, i) => ({ ttl: i + 1, ip })),
      true,
    );
  return { atMs: 5000, seenMs: 4000, before: path(number), after: path(number + 1) };
}
