import * as assert from 'uvu/assert';
import { overviewHref, parseView } from '../../../src/probe/page/input.ts';
import { pageLinks, pagingOf } from '../../../src/probe/page/links.ts';
import { plain } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const view = parseView(new URLSearchParams('span=6h'));
const links = (asked: number, rows: number) =>
  pageLinks(pagingOf(asked, rows), { rows, what: 'things', view, href: overviewHref });

suite('probe/page/links', (s) => {
  s.test('a page that is asked for lies within what there is', () => {
    assert.equal(pagingOf(1, 0), { page: 1, pages: 1, from: 0 });
    assert.equal(pagingOf(3, 201), { page: 3, pages: 3, from: 200 });
    assert.equal(pagingOf(9, 200), { page: 2, pages: 2, from: 100 });
  });

  s.test('one page needs no links, more are numbered and the chosen one is marked', async () => {
    assert.is(links(1, 100), null);
    const markup = String(await links(2, 1201));
    assert.match(plain(markup), /^1 201 things/);
    assert.match(markup, /<a href="\/\?span=6h&amp;page=2" aria-current="page">/);
    assert.is(markup.split('<li>').length - 1, 13);
  });
});
