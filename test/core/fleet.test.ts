import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { MAC_INPUT, PROBE_INPUT, PROBES_QUERY } from '../../src/core/fleet.ts';
import { suite } from '../helper.ts';

suite('core/fleet', ({ test }) => {
  test('a query without words asks for the first page, worst first', () => {
    assert.equal(v.parse(PROBES_QUERY, {}), { search: '', sort: 'worst', limit: 100, offset: 0 });
    assert.is(v.is(PROBES_QUERY, { page: '2' }), false);
    assert.is(v.is(PROBES_QUERY, { health: 'ill' }), false);
  });

  test('a probe needs a MAC of one board, and hardware is generic unless it is said', () => {
    assert.equal(v.parse(PROBE_INPUT, { mac: '02:00:5e:10:00:01' }).hardware, 'generic');
    for (const mac of [
      '',
      'ff:ff:ff:ff:ff:ff',
      '01:00:5e:00:00:01',
      '02:00:5e:10:00',
      'x'.repeat(33),
    ]) {
      assert.is(v.is(MAC_INPUT, mac), false, mac);
    }
    assert.is(v.is(PROBE_INPUT, { mac: '02:00:5e:10:00:01', colour: 'red' }), false);
    assert.is(v.is(PROBE_INPUT, { mac: '02:00:5e:10:00:01', note: 'a\u202eb' }), false);
  });
});
