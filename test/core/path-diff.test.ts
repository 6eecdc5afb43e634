import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { PathStep } from '../../src/core/path.ts';
import { diffPaths } from '../../src/core/path-diff.ts';
import { suite } from '../helper.ts';

suite('core/path-diff', ({ test }) => {
  test('equal paths have only equal rows', () => {
    assert.is(show('a b * c', 'a b * c'), '=a =b =* =c');
  });

  test('another router in the place of one is one changed row', () => {
    assert.is(show('a b c', 'a x c'), '=a b>x =c');
  });

  test('a hop that is put in shifts the rest and changes nothing else', () => {
    assert.is(show('a b c d', 'a x b c d'), '=a +x =b =c =d');
    assert.is(show('a x b c d', 'a b c d'), '=a -x =b =c =d');
  });

  test('of a longer detour what is over is added', () => {
    assert.is(show('a b z', 'a x y z'), '=a b>x +y =z');
    assert.is(show('a x y z', 'a b z'), '=a x>b -y =z');
  });

  test('silent hops do not hold an address apart that is found again', () => {
    assert.is(show('a * b c', 'a b * c'), '=a -* =b +* =c');
    assert.is(show('', 'a'), '+a');
    assert.is(show('a', ''), '-a');
  });

  test('rows give both paths again, in order', () => {
    const path = fc.array(fc.option(fc.constantFrom('a', 'b', 'c', 'd')), { maxLength: 30 });
    fc.assert(
      fc.property(path, path, (left, right) => {
        const rows = diffPaths(steps(left), steps(right));
        const before = rows.flatMap((row) => (row.before === null ? [] : [row.before]));
        const after = rows.flatMap((row) => (row.after === null ? [] : [row.after]));

        assert.equal(before, steps(left));
        assert.equal(after, steps(right));
        for (const row of rows) assert.is(row.kind === 'same', row.before?.ip === row.after?.ip);
      }),
      { numRuns: 300 },
    );
  });

  test('the addresses that stay are as many as can', () => {
    const path = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 9 });
    fc.assert(
      fc.property(path, path, (left, right) => {
        const rows = diffPaths(steps(left), steps(right));
        const same = rows.filter(({ kind }) => kind === 'same').length;

        assert.ok(same >= longest(left, right), `${same} of ${longest(left, right)}`);
      }),
    );
  });
});

function steps(ips: readonly (string | null)[]): PathStep[] {
  return ips.map((ip, index) => ({ ttl: index + 1, ip }));
}

function show(before: string, after: string): string {
  const parse = (text: string): PathStep[] =>
    steps(
      text
        .split(' ')
        .filter((word) => word !== '')
        .map((word) => (word === '*' ? null : word)),
    );
  const name = (step: PathStep | null): string => step?.ip ?? '*';
  return diffPaths(parse(before), parse(after))
    .map((row) => {
      if (row.kind === 'same') return `=${name(row.before)}`;
      if (row.kind === 'added') return `+${name(row.after)}`;
      return row.kind === 'removed'
        ? `-${name(row.before)}`
        : `${name(row.before)}>${name(row.after)}`;
    })
    .join(' ');
}

/** The longest common subsequence, by trying all. */
function longest(left: readonly string[], right: readonly string[]): number {
  const [first, ...rest] = left;
  if (first === undefined || right.length === 0) return 0;
  const at = right.indexOf(first);
  const without = longest(rest, right);
  return at < 0 ? without : Math.max(without, 1 + longest(rest, right.slice(at + 1)));
}
