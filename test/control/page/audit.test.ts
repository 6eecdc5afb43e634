import * as assert from 'uvu/assert';
import { differences } from '../../../src/control/page/audit.ts';
import { suite } from '../../helper.ts';

suite('control/page/audit', (s) => {
  s.test('only what differs is told, by its place', () => {
    const before = {
      a: 1,
      groups: ['x', 'y'],
      deep: { b: 'old', c: true },
      gone: 'z',
      list: [{ q: 1 }],
    };
    const after = { a: 1, groups: ['x'], deep: { b: 'new', c: true }, list: [{ q: 2 }] };
    assert.equal(differences(before, after), [
      { path: 'groups', before: 'x, y', after: 'x' },
      { path: 'deep.b', before: 'old', after: 'new' },
      { path: 'gone', before: 'z', after: null },
      { path: 'list.0.q', before: '1', after: '2' },
    ]);
  });

  s.test('nothing before, nothing after, and values without keys', () => {
    assert.equal(differences(null, null), []);
    assert.equal(differences(null, { a: 'x', b: '' }), [{ path: 'a', before: null, after: 'x' }]);
    assert.equal(differences('a', 'b'), [{ path: '', before: 'a', after: 'b' }]);
  });

  s.test('long values are cut and deep ones end somewhere', () => {
    let deep: unknown = 'x'.repeat(500);
    for (let level = 0; level < 50; level++) deep = { deep };
    const [one] = differences(null, deep);
    assert.ok((one?.after?.length ?? 0) <= 161);
  });
});
