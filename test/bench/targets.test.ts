import { equal, is, throws } from 'uvu/assert';
import { consecutive, echoSpec } from '../../bench/targets.ts';
import { suite } from '../helper.ts';

suite('bench/targets', ({ test }) => {
  test('counts addresses on across their bytes', () => {
    equal(consecutive('10.78.0.254', 4), ['10.78.0.254', '10.78.0.255', '10.78.1.0', '10.78.1.1']);
    is(consecutive('10.78.0.1', 4096).at(-1), '10.78.16.0');
  });

  test('asks with an echo of 64 bytes in either family', () => {
    is(echoSpec('10.78.0.1').payloadBytes, 56);
    equal([echoSpec('10.78.0.1').family, echoSpec('fd78::1').family], ['v4', 'v6']);
    throws(() => echoSpec('no address'), /not an address/);
  });
});
