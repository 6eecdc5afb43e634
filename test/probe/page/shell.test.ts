import { html } from 'hono/html';
import * as assert from 'uvu/assert';
import { overviewHref, parseView } from '../../../src/probe/page/input.ts';
import { refreshSeconds, renderShell, spanTabs } from '../../../src/probe/page/shell.ts';
import { styleSheet } from '../../../src/probe/page/style.ts';
import { fakeInput, fakeSeries, fakeSnapshot, NOW_MS } from '../../fake/page.ts';
import { fakeUntraced } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const view = (text = '') => parseView(new URLSearchParams(text));

function shell(query = '', hostname = 'probe07'): Promise<string> {
  const input = fakeInput(fakeSnapshot([fakeSeries('a', 'v4')], { hostname }), { query });
  return renderShell({
    input,
    view: view(query),
    tone: 'bad',
    title: '1 down',
    headline: 'a <does> not answer.',
    subline: '',
    notices: [
      { kind: 'loss', tone: 'warn', title: 'a loses 3\u202f%.', detail: 'x', target: 'a/"b' },
    ],
    href: overviewHref,
    place: 'latency',
    main: html`<p>graphs</p>`,
  });
}

suite('probe/page/shell', (s) => {
  s.test('a page is a whole document with its state in the title', async () => {
    const page = await shell();
    assert.match(page, /^<!doctype html>\n<html lang="en">/);
    assert.match(page, /<title>1 down · probe07<\/title>/);
    assert.match(page, /<meta name="viewport" content="width=device-width, initial-scale=1">/);
    assert.ok(page.includes(`<link rel="stylesheet" href="${styleSheet.path}">`));
    assert.match(page, /<link rel="icon" href="data:image\/svg\+xml,/);
    assert.is(page.split('<h1').length - 1, 1);
  });

  s.test('the first link skips to the graphs', async () => {
    const page = await shell();
    const firstLink = /<a [^>]*>/.exec(page)?.[0];
    assert.is(firstLink, '<a class="skip" href="#main">');
    assert.match(page, /<main id="main" tabindex="-1">/);
  });

  s.test('it says that it reloads itself, until the reader stops it', async () => {
    assert.match(await shell('span=6h'), /href="\/\?span=6h&amp;refresh=off">pause</);
    const paused = await shell('span=6h&refresh=off');
    assert.not.match(paused, /http-equiv/);
    assert.match(paused, /href="\/\?span=6h">resume</);
  });

  s.test('in the first minute it comes back when the first round has closed', () => {
    const young = fakeSnapshot([fakeSeries('a', 'v4', { lastRound: null })], {
      startedMs: NOW_MS - 12_000,
      nowMs: NOW_MS,
    });
    assert.is(refreshSeconds(fakeInput(young)), 3);
    const slow = fakeInput(young, { roundMs: 3_600_000 });
    assert.is(refreshSeconds(slow), 30);
    assert.is(refreshSeconds(fakeInput(fakeSnapshot([fakeSeries('a', 'v4')]))), 30);
  });

  s.test('a probe that only traces comes back soon while the first traces are under way', () => {
    const waiting = fakeSnapshot([], { paths: [fakeUntraced({})] });
    assert.is(refreshSeconds(fakeInput(waiting)), 3);
  });

  s.test('the lists are linked, and the one that is shown is marked', async () => {
    const page = await shell('span=6h');
    assert.match(page, /<a href="\/\?span=6h" aria-current="page">Latency<\/a>/);
    assert.match(page, /<a href="\/paths\?span=6h">Paths<\/a>/);
  });

  s.test('hostile names are text, in the title as in the head', async () => {
    const page = await shell('', '"><script>alert(1)</script>');
    assert.not.match(page, /<script/);
    assert.ok(page.includes('a &lt;does&gt; not answer.'));
    assert.ok(page.includes('href="/target/a%2F%22b"'));
  });

  s.test('the chosen span is marked for screen readers too', async () => {
    const tabs = String(await spanTabs(view('span=6h'), overviewHref));
    const current = /<a href="([^"]*)" aria-current="page">/.exec(tabs)?.[1];
    assert.is(current, '/?span=6h');
    assert.is(tabs.split('<li>').length - 1, 3);
  });
});
