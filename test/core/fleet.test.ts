import * as assert from 'uvu/assert';
import * as v from 'valibot';
import {
  MAC_INPUT,
  PROBE_INPUT,
  PROBES_QUERY,
  queryNumber,
  SET_INPUT,
} from '../../src/core/fleet.ts';
import { suite } from '../helper.ts';

suite('core/fleet', ({ test }) => {
  test('a number of a query is written in digits and within its bounds', () => {
    const limit = queryNumber(1, 1000);
    assert.is(v.parse(limit, '100'), 100);
    for (const odd of ['', '0', '1001', '-1', '1e2', '1.5', ' 1', '９', 5, null]) {
      assert.is(v.is(limit, odd), false, String(odd));
    }
  });

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

  test('a set names its kinds freely, since the probe’s own schema judges them', () => {
    const input = { id: 'x', measurements: { quantum: 1 } };
    assert.equal(v.parse(SET_INPUT, input).assignments, []);
    assert.is(v.is(SET_INPUT, { ...input, id: 'No' }), false);
    assert.is(v.is(SET_INPUT, { ...input, assignments: [{ scope: 'some' }] }), false);
  });
});
