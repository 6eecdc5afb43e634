import * as assert from 'uvu/assert';
import {
  firstCloseMs,
  overviewHref,
  parseView,
  pathsByTarget,
  pathsHref,
  seriesByTarget,
  seriesName,
  shownSpan,
  targetHref,
} from '../../../src/probe/page/input.ts';
import { fakeInput, fakeSeries, fakeSnapshot } from '../../fake/page.ts';
import { fakePath } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const view = (text: string) => parseView(new URLSearchParams(text));

suite('probe/page/input', (s) => {
  s.test('an empty query is the last hour, the first page, refreshing', () => {
    const { span, page, isPaused } = view('');
    assert.equal([span.name, page, isPaused], ['1h', 1, false]);
  });

  s.test('paths are grouped by target, IPv4 first, and have a list of their own', () => {
    const paths = [
      fakePath('t', { target: 'b', family: 'v6' }),
      fakePath('t'),
      fakePath('t', { target: 'b' }),
    ];
    const groups = pathsByTarget(fakeSnapshot([], { paths }));
    assert.equal([...groups.keys()], ['b', 'a']);
    assert.equal(
      groups.get('b')?.map(({ family }) => family),
      ['v4', 'v6'],
    );
    assert.is(pathsHref(view('span=6h&page=2')), '/paths?span=6h&page=2');
  });

  s.test('a known span, a page and the pause are taken', () => {
    const { span, page, isPaused } = view('span=24h&page=3&refresh=off');
    assert.equal([span.name, page, isPaused], ['24h', 3, true]);
  });

  s.test('anything else in the query means the default', () => {
    for (const text of ['span=7d&page=0', 'span=&page=-1', 'page=1e3&span=1H', 'page=99999']) {
      const { span, page } = view(text);
      assert.equal([span.name, page], ['1h', 1], text);
    }
  });

  s.test('links keep the span and the pause, and leave out what is the default', () => {
    assert.is(overviewHref(view('')), '/');
    assert.is(overviewHref(view('span=6h&page=2&refresh=off')), '/?span=6h&page=2&refresh=off');
    assert.is(targetHref('a400', view('span=6h&page=2')), '/target/a400?span=6h');
  });

  s.test('whatever an id holds, its link is one path segment of this probe', () => {
    for (const id of ['a/b', '"><script>', "'onclick='x", 'javascript:alert(1)', 'a?b#c', 'ü ']) {
      const href = targetHref(id, view(''));
      assert.match(href, /^\/target\/[A-Za-z0-9%._~!*'()-]+$/);
      const url = new URL(href, 'http://127.0.0.1:9740');
      assert.is(url.host, '127.0.0.1:9740');
      assert.is(decodeURIComponent(url.pathname.slice('/target/'.length)), id);
    }
  });

  s.test('series are grouped by target in their order, IPv4 first, replaced ones left out', () => {
    const snapshot = fakeSnapshot([
      fakeSeries('b', 'v6'),
      fakeSeries('a', 'v4'),
      fakeSeries('b', 'v4'),
      fakeSeries('a', 'v4', { current: false, ip: '192.0.2.1' }),
    ]);
    const groups = [...seriesByTarget(snapshot)].map(([id, list]) => [
      id,
      ...list.map(({ family }) => family),
    ]);
    assert.equal(groups, [
      ['b', 'v4', 'v6'],
      ['a', 'v4'],
    ]);
  });

  s.test('the first round closes at its end plus the timeout', () => {
    const startedMs = Date.parse('2026-11-22T14:29:41Z');
    const closes = (clock: string): string => {
      const nowMs = Date.parse(`2026-11-22T${clock}Z`);
      const snapshot = fakeSnapshot([], { startedMs, nowMs });
      snapshot.config.appliedMs = startedMs;
      return new Date(firstCloseMs(fakeInput(snapshot))).toISOString().slice(11, 19);
    };
    assert.is(closes('14:29:53'), '14:30:05');
    assert.is(closes('14:30:04'), '14:30:05');
    assert.is(closes('14:30:07'), '14:30:35');
  });

  s.test('a young probe shows as much as it knows, and never more than was asked for', () => {
    const shown = (name: string, ageMs: number): string => {
      const nowMs = Date.parse('2026-11-22T14:30:04Z');
      const snapshot = fakeSnapshot([], { startedMs: nowMs - ageMs });
      snapshot.store.oldestMs = null;
      const { span } = view(`span=${name}`);
      return shownSpan(span, fakeInput(snapshot)).label.replaceAll('\u202f', ' ');
    };
    const minute = 60_000;
    assert.equal(
      [0.2, 9, 11, 35, 59, 61].map((age) => shown('1h', age * minute)),
      ['10 min', '10 min', '20 min', '40 min', '1 h', '1 h'],
    );
    assert.equal(
      [9, 70, 300, 500, 5000].map((age) => shown('24h', age * minute)),
      ['10 min', '2 h', '6 h', '12 h', '24 h'],
    );
  });

  s.test('a probe that was started again shows what it stored before', () => {
    const nowMs = Date.parse('2026-11-22T14:30:04Z');
    const snapshot = fakeSnapshot([], { startedMs: nowMs - 5000 });
    snapshot.store.oldestMs = nowMs - 7_200_000;
    assert.is(shownSpan(view('').span, fakeInput(snapshot)).ms, 3_600_000);
  });

  s.test('a name carries its family', () => {
    assert.is(seriesName(fakeSeries('dns.quad9.net', 'v6')), 'dns.quad9.net (IPv6)');
  });
});
