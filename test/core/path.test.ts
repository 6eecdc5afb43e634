import * as assert from 'uvu/assert';
import { isTargetAnswer, type Path, toPathEventDetail } from '../../src/core/path.ts';
import { toPath } from '../../src/core/path-hash.ts';
import { suite } from '../helper.ts';

suite('core/path', ({ test }) => {
  test('only what the target itself says reaches it', () => {
    const kinds = [
      'echo-reply',
      'port-unreachable',
      'syn-ack',
      'rst',
      'time-exceeded',
      'unreachable',
      'lost',
    ] as const;

    assert.equal(kinds.map(isTargetAnswer), [true, true, true, true, false, false, false]);
  });

  test('the detail of an event has hashes, lengths and the TTL where the paths part', () => {
    const [before, after] = [path('a b c'), path('a x c d')];
    const detail = toPathEventDetail('udp', { atMs: 0, seenMs: 1, before, after });

    assert.equal(detail, {
      protocol: 'udp',
      beforeHash: before.hash,
      afterHash: after.hash,
      beforeHops: 3,
      afterHops: 4,
      beforeReached: true,
      afterReached: true,
      ttl: 2,
    });
  });

  test('paths part where one goes on and the other ends', () => {
    assert.is(ttlOf('a b', 'a b c'), 3);
    assert.is(ttlOf('a b c', 'a b'), 3);
  });
});

function path(words: string): Path {
  const hops = words.split(' ').map((ip, index) => ({ ttl: index + 1, ip }));
  return toPath(hops, true);
}

function ttlOf(before: string, after: string): number {
  const change = { atMs: 0, seenMs: 1, before: path(before), after: path(after) };
  return toPathEventDetail('icmp', change).ttl;
}
