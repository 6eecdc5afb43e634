import * as assert from 'uvu/assert';
import { STATE_ICONS } from '../../src/graph/tone.ts';
import { suite } from '../helper.ts';

suite('graph/tone', (s) => {
  s.test('each state has an icon of its own that asks for nothing from elsewhere', () => {
    const icons = Object.values(STATE_ICONS);
    assert.is(new Set(icons).size, 4);
    for (const icon of icons) assert.match(icon, /^data:image\/svg\+xml,%3Csvg/);
  });
});
