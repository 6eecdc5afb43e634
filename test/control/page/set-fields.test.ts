import * as assert from 'uvu/assert';
import { readSet, valuesOfSet } from '../../../src/control/page/set-fields.ts';
import type { MeasurementSet } from '../../../src/core/fleet-sets.ts';
import { suite } from '../../helper.ts';

const SET: MeasurementSet = {
  id: 'base',
  title: 'Base',
  note: '',
  measurements: {
    smokeping: { interval: '2s', targets: ['a', { host: 'b', size: 1200 }], future: 1 },
    path: { enable: false, answersPerSecond: 5, targets: ['a', 'b'] },
    http: { targets: ['https://example.net'] },
  },
  assignments: [
    { scope: 'group', value: 'north' },
    { scope: 'probe', value: 'probe01' },
  ],
  probes: 3,
  createdMs: 1,
  changedMs: 2,
};

suite('control/page/set-fields', (s) => {
  s.test(
    'a form that is sent back as it was changes nothing, also not what it does not show',
    () => {
      const { values, isWhole } = valuesOfSet(SET);
      assert.ok(isWhole);
      const { input, errors } = readSet(values, SET);
      assert.equal(errors, {});
      const { id, title, note, measurements, assignments } = SET;
      assert.equal(input, { id, title, note, measurements, assignments });
    },
  );

  s.test('paths to the same targets follow them', () => {
    const { values } = valuesOfSet(SET);
    assert.is(values['path.same'], 'on');
    const { input } = readSet({ ...values, 'smokeping.targets': 'c interval=5s' }, SET);
    assert.equal(input.measurements['path'], {
      enable: false,
      answersPerSecond: 5,
      targets: ['c'],
    });
  });

  s.test('a kind that is off and empty is not named', () => {
    const { input } = readSet({ id: 'n', 'smokeping.on': 'on', 'smokeping.targets': 'a' }, null);
    assert.equal(input.measurements, { smokeping: { targets: ['a'] } });
    assert.equal(input.assignments, []);
  });

  s.test('faults are of their fields', () => {
    const values = { id: 'n', 'smokeping.targets': 'a b', 'path.probes': 'many' };
    const { errors } = readSet(values, null);
    assert.equal(Object.keys(errors).sort(), ['path.probes', 'smokeping.targets']);
    assert.match(readSet({ as: 'json', json: '{' }, null).errors['json'] ?? '', /this is no JSON/);
    assert.match(readSet({ as: 'json', json: '[]' }, null).errors['json'] ?? '', /an object/);
  });

  s.test('names are separated by commas or blanks, each once', () => {
    const { input } = readSet({ 'assign.groups': 'a, b  a', 'assign.all': 'on' }, null);
    assert.equal(input.assignments, [
      { scope: 'all', value: '' },
      { scope: 'group', value: 'a' },
      { scope: 'group', value: 'b' },
    ]);
  });
});
