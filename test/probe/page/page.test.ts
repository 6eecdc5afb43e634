import { readdirSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { renderOverview, styleSheet } from '../../../src/probe/page/page.ts';
import { fakeInput, fakeSeries, fakeSnapshot } from '../../fake/page.ts';
import { suite } from '../../helper.ts';

const SOURCES = ['../../../src/graph/', '../../../src/probe/page/'].flatMap((folder) => {
  const url = new URL(folder, import.meta.url);
  return readdirSync(url).map((name) => ({ name, text: readFileSync(new URL(name, url), 'utf8') }));
});

suite('probe/page/page', (s) => {
  s.test('a page asks for its own style sheet and for nothing else', async () => {
    const page = await renderOverview(fakeInput(fakeSnapshot([fakeSeries('a', 'v4')])));
    const asked = [...page.matchAll(/<(?:link|img|script|iframe|object)\b[^>]*>/g)].map(
      ([tag]) => /(?:href|src)="([^"]*)"/.exec(tag)?.[1] ?? tag,
    );
    assert.is(asked.length, 2);
    assert.is(asked[0], styleSheet.path);
    assert.match(asked[1] ?? '', /^data:image\/svg\+xml,/);
  });

  s.test('no template has an unquoted attribute, a style attribute or raw text', () => {
    assert.ok(SOURCES.length > 20);
    for (const { name, text } of SOURCES) {
      assert.not.match(text, /[a-z]=\$\{/, name);
      assert.not.match(text, /<[a-z][^>]*\sstyle=/, name);
      assert.not.match(text, /\braw\(/, name);
    }
  });
});
