import { equal } from 'uvu/assert';
import { parseEvent } from '../../src/core/round-schema.ts';
import { addressEvent, stepEvent } from '../../src/measure/smokeping-events.ts';
import { suite } from '../helper.ts';
import { target } from './smokeping-rig.ts';

suite('measure/smokeping-events', (s) => {
  s.test('another address is an event of the target, which the store takes', () => {
    const where = { target: target('a'), family: 'v6' } as const;
    const event = { id: 'e', ...addressEvent(where, { from: '::2', to: '::3', atMs: 7 }) };
    equal(parseEvent(event), event);
    equal([event.target, event.family, event.detail], ['a', 'v6', { from: '::2', to: '::3' }]);
  });

  s.test('a jump of the clock is one of nobody, in whole milliseconds', () => {
    const event = { id: 'e', ...stepEvent({ kind: 'clock-step', atMs: 1000.4, stepNs: -5 }) };
    equal(parseEvent(event), event);
    equal([event.target, event.fromMs, event.detail['stepNs']], [null, 1000, -5]);
  });
});
