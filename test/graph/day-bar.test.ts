import * as assert from 'uvu/assert';
import { dayBar } from '../../src/graph/day-bar.ts';
import { suite } from '../helper.ts';

suite('graph/day-bar', (s) => {
  s.test('each state is one path, higher the worse it is', async () => {
    const text = String(await dayBar(['well', 'down', 'unknown', 'some'], 'a "day"'));
    assert.match(text, /aria-label="a &quot;day&quot;"/);
    assert.match(text, /<path class="well" d="M0 12h8v8h-8z"\/>/);
    assert.match(text, /<path class="down" d="M10 0h8v20h-8z"\/>/);
    assert.match(text, /<path class="some" d="M30 6h8v14h-8z"\/>/);
  });

  s.test('an empty day is an empty picture', async () => {
    assert.not.match(String(await dayBar([], '')), /<path/);
  });
});
