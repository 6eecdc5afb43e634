import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { SET_INPUT } from '../../src/core/fleet-sets.ts';
import { suite } from '../helper.ts';

suite('core/fleet-sets', ({ test }) => {
  test('a set names its kinds freely, since the probe’s own schema judges them', () => {
    const input = { id: 'x', measurements: { quantum: 1 } };
    assert.equal(v.parse(SET_INPUT, input).assignments, []);
    assert.is(v.is(SET_INPUT, { ...input, id: 'No' }), false);
    assert.is(v.is(SET_INPUT, { ...input, assignments: [{ scope: 'some' }] }), false);
  });

  test('a set that is assigned to all names no value', () => {
    const parsed = v.parse(SET_INPUT, {
      ...{ id: 'x', measurements: {} },
      assignments: [{ scope: 'all' }, { scope: 'group', value: 'north' }],
    });
    assert.equal(parsed.assignments, [
      { scope: 'all', value: '' },
      { scope: 'group', value: 'north' },
    ]);
  });
});
