import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { MAINTENANCE_INPUT } from '../../src/core/fleet-maintenance.ts';
import { suite } from '../helper.ts';

suite('core/fleet-maintenance', ({ test }) => {
  test('a window has a scope and two times, and may have a reason', () => {
    const window = { scope: 'all', fromMs: 1, untilMs: 2 };
    assert.equal(v.parse(MAINTENANCE_INPUT, window), { ...window, value: '', reason: '' });
    assert.is(v.is(MAINTENANCE_INPUT, { ...window, scope: 'some' }), false);
    assert.is(v.is(MAINTENANCE_INPUT, { ...window, untilMs: -1 }), false);
    assert.is(v.is(MAINTENANCE_INPUT, { ...window, reason: 'x'.repeat(201) }), false);
  });
});
