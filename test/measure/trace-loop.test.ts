import { is } from 'uvu/assert';
import { loopEnd } from '../../src/measure/trace-loop.ts';
import { suite } from '../helper.ts';

/** 'abcd': who answered at TTL 1, 2, …; '*' for nobody, a space where it is not decided yet. */
function endOf(path: string): number | null {
  const answerers = new Map<number, Set<string | null>>();
  [...path].forEach((name, i) => {
    if (name !== ' ') answerers.set(i + 1, new Set([name === '*' ? null : name]));
  });
  const found = [...answerers.keys()].map((ttl) => loopEnd(answerers, ttl));
  const ends = found.filter((end) => end !== null);
  return ends.length === 0 ? null : Math.min(...ends);
}

suite('measure/trace-loop', (s) => {
  for (const [path, end, why] of [
    ['abcdefgh', null, 'a plain path'],
    ['abcdbcd', 5, 'three routers in a circle'],
    ['abcdcd', 5, 'two routers in a circle'],
    ['abcdcdcd', 5, 'one round is enough'],
    ['abcbd', null, 'paths of unequal length for single packets'],
    ['abcdbe', null, 'the same, longer'],
    ['abbcd', null, 'a router that passes on what has run out'],
    ['abbbbbb', null, 'a router that answers for all behind it'],
    ['ab*b*b', 4, 'a circle of which one router is silent'],
    ['ab b b', null, 'what lies between is not decided yet'],
    ['ab*b*', null, 'once more proves nothing'],
    ['', null, 'nothing'],
  ] as const) {
    s.test(`'${path}' ends at ${end}: ${why}`, () => {
      is(endOf(path), end);
    });
  }
});
