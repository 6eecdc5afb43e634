import { equal } from 'uvu/assert';
import { sourcePrefixOf } from '../../../src/control/request/source-prefix.ts';
import { suite } from '../../helper.ts';

suite('control/request/source-prefix', (s) => {
  s.test('IPv4 counts by /24, IPv6 by /56, mapped addresses as IPv4, and all else together', () => {
    equal(
      ['192.0.2.77', '::ffff:192.0.2.1', '2001:db8:1:2ff::9', '2001:db8:1:200::', 'x', ''].map(
        sourcePrefixOf,
      ),
      [
        '192.0.2.0/24',
        '192.0.2.0/24',
        '2001:db8:1:200::/56',
        '2001:db8:1:200::/56',
        'unknown',
        'unknown',
      ],
    );
  });
});
