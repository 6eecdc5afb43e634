import { equal, ok } from 'uvu/assert';
import { probeIdentity } from '../../../src/board/push/probe-identity.ts';
import { suite } from '../../helper.ts';

suite('push-probe-identity', ({ test }) => {
  test('the name that the control gave tells boards apart, else the machine', () => {
    equal(probeIdentity({ probeName: () => 'probe01' }), 'probe01');
    const unnamed = { probeName: () => null };
    ok(probeIdentity(unnamed).length > 0);
    equal(probeIdentity(unnamed, '/nowhere').endsWith(' '), true);
  });
});
