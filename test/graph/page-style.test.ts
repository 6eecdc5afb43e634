import * as assert from 'uvu/assert';
import { styleSheetOf, themeColours } from '../../src/graph/page-style.ts';
import { suite } from '../helper.ts';

/** Relative luminance and contrast of WCAG 2.2. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const TEXTS = ['ink', 'quiet', 'link', 'good-text', 'few-text', 'some-text', 'many-text'];
const GRAPH_TEXTS = ['mark-text', 'load-text'];
const LINES = ['good', 'few', 'some', 'many', 'mark'];

suite('graph/page-style', (s) => {
  for (const theme of ['light', 'dark'] as const) {
    const colours = themeColours(theme);
    const colour = (name: string): string => {
      const hex = colours.get(name);
      if (hex === undefined) throw new Error(`${theme} has no ${name}`);
      return hex;
    };

    s.test(`all text of the ${theme} theme reaches 4.5:1 on both grounds`, () => {
      for (const name of TEXTS)
        for (const ground of ['ground', 'paper'])
          assert.ok(contrast(colour(name), colour(ground)) >= 4.5, `${name} on ${ground}`);
      for (const name of GRAPH_TEXTS)
        assert.ok(contrast(colour(name), colour('paper')) >= 4.5, name);
      assert.ok(contrast(colour('ink'), colour('edge')) >= 4.5, 'tabs');
    });

    s.test(`all lines and dots of the ${theme} theme reach 3:1`, () => {
      for (const name of LINES)
        for (const ground of ['ground', 'paper'])
          assert.ok(contrast(colour(name), colour(ground)) >= 3, `${name} on ${ground}`);
    });
  }

  s.test('both themes define the same names', () => {
    assert.equal([...themeColours('light').keys()], [...themeColours('dark').keys()]);
  });

  s.test('another body has another path', () => {
    assert.is(styleSheetOf('a').path, styleSheetOf('a').path);
    assert.is.not(styleSheetOf('a').path, styleSheetOf('b').path);
  });
});
