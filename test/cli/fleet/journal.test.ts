import { is } from 'uvu/assert';
import { changeText } from '../../../src/cli/fleet/journal.ts';
import { suite } from '../../helper.ts';

suite('cli/fleet/journal', (s) => {
  s.test('of a change the keys that differ are told', () => {
    is(
      changeText({ before: { location: 'Ulm', note: '' }, after: { location: 'Bonn', note: '' } }),
      'location: "Ulm" → "Bonn"',
    );
    is(changeText({ before: { tags: ['a'] }, after: null }), 'tags: ["a"] → —');
    is(changeText({ before: null, after: { name: 'probe05' } }), 'name: "probe05"');
    is(changeText({ before: null, after: null }), '');
    is(changeText({ before: 'a', after: 'b' }), '"a" → "b"');
    is(changeText({ before: null, after: { note: 'x'.repeat(99) } }).length, 66);
  });
});
