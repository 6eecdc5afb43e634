import * as assert from 'uvu/assert';
import type { Round } from '../../../src/core/round.ts';
import type { SeriesSnapshot } from '../../../src/core/snapshot.ts';
import type { PageInput, RoundQuery } from '../../../src/probe/page/input.ts';
import { renderOverview } from '../../../src/probe/page/overview.ts';
import {
  fakeInput,
  fakeRound,
  fakeRounds,
  fakeSeries,
  fakeSnapshot,
  type Line,
  NOW_MS,
} from '../../fake/page.ts';
import { fakePath, fakeUntraced, plain } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const calm: Line = { baseMs: 8, noiseMs: 1, seed: 1 };
const until = (query: RoundQuery) => ({ fromMs: query.fromMs, untilMs: NOW_MS - 5000 });

/** Targets in the order of their cards. */
function cards(page: string): string[] {
  return [...page.matchAll(/<article class="card[^"]*"><header><h2><a href="[^"]*">([^<]*)</g)].map(
    ([, id = '']) => id,
  );
}

function render(series: SeriesSnapshot[], changes: Parameters<typeof fakeInput>[1] = {}) {
  const rounds: PageInput['rounds'] = (query) => fakeRounds(until(query), () => calm);
  return renderOverview(fakeInput(fakeSnapshot(series), { rounds, ...changes }));
}

function lossy(percent: Record<string, number>): PageInput['rounds'] {
  return (query): Round[] =>
    fakeRounds(until(query), () => calm).map((round) => {
      const lost = Math.round((30 * (percent[query.target] ?? 0)) / 100);
      return { ...round, received: 30 - lost, lost };
    });
}

suite('probe/page/overview', (s) => {
  s.test('every target has a card with a graph for each family', async () => {
    const page = await render([
      fakeSeries('a', 'v4'),
      fakeSeries('a', 'v6'),
      fakeSeries('b', 'v4'),
      fakeSeries('c', 'v4'),
    ]);
    assert.equal(cards(page), ['a', 'b', 'c']);
    assert.is(page.split('role="img"').length - 1, 4);
    assert.match(page, /<article class="card two">/);
  });

  s.test(
    'the worst stand first: down, then by loss in the span, without a graph last',
    async () => {
      const series = [
        fakeSeries('calm', 'v4'),
        fakeSeries('nameless', 'v4', { state: 'unresolved', reason: 'NXDOMAIN' }),
        fakeSeries('little', 'v4'),
        fakeSeries('much', 'v4'),
        fakeSeries('down', 'v4', { state: 'down' }),
      ];
      const loss = lossy({ little: 3.4, much: 10 });
      const rounds: PageInput['rounds'] = (query) =>
        query.target === 'nameless' ? [] : loss(query);
      assert.equal(cards(await render(series, { rounds })), [
        'down',
        'much',
        'little',
        'calm',
        'nameless',
      ]);
    },
  );

  s.test('a half row that would stay alone goes to the end', async () => {
    const series = [fakeSeries('one', 'v4'), fakeSeries('two', 'v4'), fakeSeries('two', 'v6')];
    assert.equal(cards(await render(series, { rounds: lossy({ one: 10 }) })), ['two', 'one']);
  });

  s.test('a hundred are on a page, and the worst of all on the first', async () => {
    const series = Array.from({ length: 103 }, (_, index) => fakeSeries(`t${index}`, 'v4'));
    const last = series[102];
    if (last !== undefined)
      last.lastRound = fakeRound([8e6], { sent: 30, fromMs: NOW_MS - 60_000 });
    const first = await render(series, { rounds: () => [] });
    assert.is(cards(first).length, 100);
    assert.ok(cards(first).includes('t102'));
    assert.match(first, /103 targets, worst first/);
    assert.match(first, /<a href="\/" aria-current="page">/);
    assert.match(first, /<a href="\/\?page=2">/);
    const second = await render(series, { rounds: () => [], query: 'page=2' });
    assert.is(cards(second).length, 3);
    assert.is(cards(await render(series, { rounds: () => [], query: 'page=7' })).length, 3);
  });

  s.test('rounds are read one series at a time', async () => {
    let open = 0;
    let most = 0;
    await render([fakeSeries('a', 'v4'), fakeSeries('a', 'v6'), fakeSeries('b', 'v4')], {
      rounds: async () => {
        open++;
        most = Math.max(most, open);
        await new Promise((resolve) => setImmediate(resolve));
        open--;
        return [];
      },
    });
    assert.is(most, 1);
  });

  s.test('the span of the query reaches the graphs', async () => {
    const asked: RoundQuery[] = [];
    const rounds = (query: RoundQuery): Round[] => {
      asked.push(query);
      return [];
    };
    const page = await render([fakeSeries('a', 'v4')], { rounds, query: 'span=24h' });
    const [query] = asked;
    assert.is((query?.untilMs ?? 0) - (query?.fromMs ?? 0), 86_400_000);
    assert.match(page, /last 24 hours/);
    assert.match(page, /href="\/target\/a\?span=24h"/);
  });

  s.test('a path is a line below the graph of its family', async () => {
    const paths = [fakePath('r1 r2 t'), fakePath('r1 t', { family: 'v6' })];
    const rounds: PageInput['rounds'] = (query) => fakeRounds(until(query), () => calm);
    const snapshot = fakeSnapshot([fakeSeries('a', 'v4'), fakeSeries('a', 'v6')], { paths });
    const page = await renderOverview(fakeInput(snapshot, { rounds }));
    const panels = page.split('<section class="panel">').slice(1);
    assert.match(plain(panels[0]), /3 hops, unchanged for 6 d/);
    assert.match(plain(panels[1]), /2 hops, unchanged for 6 d/);
  });

  s.test('a target may be traced and not pinged, or the other way round', async () => {
    const paths = [
      fakePath('r1 t', { target: 'traced' }),
      fakeUntraced({ target: 'nameless', state: 'unresolved', reason: 'NXDOMAIN' }),
    ];
    const rounds: PageInput['rounds'] = (query) => fakeRounds(until(query), () => calm);
    const snapshot = fakeSnapshot([fakeSeries('pinged', 'v4')], { paths });
    const page = await renderOverview(fakeInput(snapshot, { rounds }));
    assert.equal(cards(page).sort(), ['nameless', 'pinged', 'traced']);
    assert.match(plain(page), /IPv42 hops, unchanged for 6 d/);
    assert.match(plain(page), /The one target answers\./);
    const alone = await renderOverview(fakeInput(fakeSnapshot([], { paths })));
    assert.match(plain(alone), /1 of 2 paths reach their targets\./);
  });

  s.test('in the first minute there are no graphs and no key to them', async () => {
    const page = await render([fakeSeries('a', 'v4', { lastRound: null })], { rounds: () => [] });
    assert.not.match(page, /role="img"|class="legend"/);
    assert.match(page, /echoes answered so far; the first round closes in/);
  });

  s.test('hostile ids, hosts, labels, addresses and reasons are text', async () => {
    const evil = `"><script>alert('x')</script>`;
    const series = [
      fakeSeries(evil, 'v4', { host: `${evil}host`, labels: { [evil]: evil }, ip: evil }),
      fakeSeries(evil, 'v6', { state: 'unavailable', reason: evil }),
      fakeSeries('x onmouseover=alert(1)', 'v4', { state: 'unresolved', reason: evil }),
    ];
    const page = await render(series);
    assert.not.match(page, /<script/);
    assert.ok(page.split('&lt;script&gt;').length > 5);
    for (const [, href = ''] of page.matchAll(/\shref="([^"]*)"/g))
      assert.match(href, /^(\/(target\/|paths$|style-|metrics|api\/|\?|$)|#main|data:image\/svg)/);
    // Outside of quotes no attribute holds anything.
    const tags = page.replace(/"[^"]*"/g, '""').match(/<[a-z][^>]*>/g) ?? [];
    for (const tag of tags) assert.not.match(tag, /=[^"]|\son[a-z]+=|\sstyle=/, tag);
  });

  s.test('a hundred targets with both families stay below 2 MB', async () => {
    const series = Array.from({ length: 100 }, (_, index) => [
      fakeSeries(`t${index}.probe.example`, 'v4'),
      fakeSeries(`t${index}.probe.example`, 'v6'),
    ]).flat();
    const rounds = fakeRounds({ fromMs: NOW_MS - 4_000_000, untilMs: NOW_MS - 5000 }, () => ({
      ...calm,
      noiseMs: 4,
      loss: 0.05,
    }));
    const hops = Array.from({ length: 16 }, (_, index) => `r${index}`).join(' ');
    const paths = series.map(({ target, family }) => fakePath(hops, { target, family }));
    const input = fakeInput(fakeSnapshot(series, { paths }), { rounds: () => rounds });
    const page = await renderOverview(input);
    assert.is(page.split('role="img"').length - 1, 200);
    assert.is(page.split('class="strip"').length - 1, 200);
    assert.ok(Buffer.byteLength(page) < 2_000_000, `${Buffer.byteLength(page)} bytes`);
  });
});
