import * as assert from 'uvu/assert';
import { legend } from '../../src/graph/legend.ts';
import { suite } from '../helper.ts';

suite('graph/legend', (s) => {
  s.test('the key explains our own load only where there is some', async () => {
    assert.match(String(await legend({ hasLoad: true })), /we loaded the line/);
    assert.not.match(String(await legend({ hasLoad: false })), /we loaded the line/);
  });
});
