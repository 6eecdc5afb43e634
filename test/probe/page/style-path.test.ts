import * as assert from 'uvu/assert';
import { pathStyle } from '../../../src/probe/page/style-path.ts';
import { suite } from '../../helper.ts';

suite('probe/page/style-path', (s) => {
  s.test('braces are balanced, and nothing is asked for from elsewhere', () => {
    assert.is(pathStyle.split('{').length, pathStyle.split('}').length);
    assert.not.match(pathStyle, /url\(|@import|https?:/);
  });

  s.test('what is shown beside colour is generated text that a browser understands', () => {
    assert.match(pathStyle, /content:"\\2212\\a0"/);
    assert.match(pathStyle, /content:"\+\\a0"/);
  });
});
