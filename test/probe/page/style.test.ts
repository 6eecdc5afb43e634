import * as assert from 'uvu/assert';
import { styleSheet } from '../../../src/probe/page/style.ts';
import { suite } from '../../helper.ts';

suite('probe/page/style', (s) => {
  s.test('the sheet asks for nothing from elsewhere', () => {
    assert.not.match(styleSheet.body, /url\(|@import|@font-face|https?:/);
  });

  s.test('its path carries a hash and no directory', () => {
    assert.match(styleSheet.path, /^\/style-[0-9a-f]{12}\.css$/);
  });

  s.test('braces are balanced and every property used is defined', () => {
    const { body } = styleSheet;
    assert.is(body.split('{').length, body.split('}').length);
    const used = new Set([...body.matchAll(/var\((--[a-z-]+)\)/g)].map(([, name = '']) => name));
    for (const name of used) assert.ok(body.includes(`${name}:`), name);
  });
});
