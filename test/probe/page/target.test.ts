import * as assert from 'uvu/assert';
import type { Round } from '../../../src/core/round.ts';
import type { SeriesSnapshot } from '../../../src/core/snapshot.ts';
import type { RoundQuery } from '../../../src/probe/page/input.ts';
import { renderTarget } from '../../../src/probe/page/target.ts';
import {
  fakeInput,
  fakeOutage,
  fakeRounds,
  fakeSeries,
  fakeSnapshot,
  NOW_MS,
} from '../../fake/page.ts';
import { fakePath, fakePathEvent, plain } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const rounds = ({ fromMs }: RoundQuery): Round[] =>
  fakeRounds({ fromMs, untilMs: NOW_MS - 5000 }, () => ({ baseMs: 8, noiseMs: 0.1, seed: 1 }));

const both = [fakeSeries('a', 'v4'), fakeSeries('a', 'v6'), fakeSeries('b', 'v4')];

async function page(
  series: SeriesSnapshot[],
  changes: Parameters<typeof fakeInput>[1] & { target?: string } = {},
): Promise<string> {
  const { target = 'a', ...rest } = changes;
  const openEvents = [...(rest.events ?? [])].filter(({ untilMs }) => untilMs === null);
  const input = fakeInput(fakeSnapshot(series, { openEvents }), { rounds, ...rest });
  const text = await renderTarget(input, target);
  if (text === null) throw new Error('no page');
  return text.replaceAll('\u202f', ' ');
}

const headline = (text: string): string =>
  /<p class="headline [^>]*>(.*?)<\/p>/s
    .exec(text)?.[1]
    ?.replace(/<[^>]*>/g, '')
    .trim() ?? '';

suite('probe/page/target', (s) => {
  s.test('a target that is not measured has no page', async () => {
    const input = fakeInput(fakeSnapshot([fakeSeries('a', 'v4', { current: false })]));
    assert.is(await renderTarget(input, 'a'), null);
    assert.is(await renderTarget(input, '__proto__'), null);
  });

  s.test(
    'it shows both families and all spans, the chosen one first and with tooltips',
    async () => {
      const text = await page(both, { query: 'span=6h' });
      const ids = [...text.matchAll(/aria-labelledby="(\w+)t /g)].map(([, id]) => id);
      assert.equal(ids, ['v4x6h', 'v6x6h', 'v4x1h', 'v4x24h', 'v6x1h', 'v6x24h']);
      assert.is(headline(text), 'a answers over IPv4 and IPv6.');
      const tooltips = text.split('class="tip"').length - 1;
      assert.ok(tooltips > 200 * 2 && tooltips <= 240 * 2, `${tooltips}`);
    },
  );

  s.test('a young probe shows the same minutes once', async () => {
    const young = fakeSnapshot(both, { startedMs: NOW_MS - 300_000 });
    young.store.oldestMs = NOW_MS - 300_000;
    const text = (await renderTarget(fakeInput(young, { rounds }), 'a')) ?? '';
    const ids = [...text.matchAll(/aria-labelledby="(\w+)t /g)].map(([, id]) => id);
    assert.equal(ids, ['v4x1h', 'v6x1h']);
    assert.match(text, /last 10\u202fmin\./);
    assert.match(text, /<a href="\/target\/a\?span=24h">/);
  });

  s.test('the path stands beside the graph, family by family, before the other spans', async () => {
    const paths = [fakePath('r1 t'), fakePath('r1 r2 t', { family: 'v6' })];
    const input = fakeInput(fakeSnapshot(both, { paths }), { rounds });
    const text = (await renderTarget(input, 'a')) ?? '';
    const order = [...text.matchAll(/aria-labelledby="(\w+)t |id="(path-v\d)"/g)].map(
      ([, graph, path]) => graph ?? path,
    );
    assert.equal(order, [
      ...['v4x1h', 'path-v4', 'v4x6h', 'v4x24h'],
      ...['v6x1h', 'path-v6', 'v6x6h', 'v6x24h'],
    ]);
    assert.is(text.split('class="pair whole"').length - 1, 2);
  });

  s.test('a change of the path is in the graph, in the history and among the events', async () => {
    const paths = [fakePath('r1 n2 t')];
    const events = [fakePathEvent(NOW_MS - 1_800_000, ['r1 r2 t', 'r1 n2 t'])];
    const input = fakeInput(fakeSnapshot(both, { paths }), { rounds, events });
    const text = (await renderTarget(input, 'a')) ?? '';
    assert.match(text, /14:00 path changed at hop 2<\/text>/);
    assert.match(plain(text), /Changes of the path 14:00:04 IPv4 at hop 2, 3 hops, median as befo/);
    assert.match(plain(text), /path changed IPv4 hop 2: r2 → n2, 3 hops/);
  });

  s.test('a target that is only traced has a page of its path', async () => {
    const paths = [fakePath('r1 t', { target: 'traced' })];
    const input = fakeInput(fakeSnapshot(both, { paths }), { rounds });
    const text = (await renderTarget(input, 'traced')) ?? '';
    assert.is(headline(text).split('.')[0], 'Traces reach traced over IPv4');
    assert.not.match(text, /class="smoke"|class="legend"|How it is measured/);
    assert.match(text, /id="path-v4"/);
  });

  s.test('rounds, events, counters and how it is measured have their places', async () => {
    const text = await page(both);
    const titles = [...text.matchAll(/<h3>([A-Z][^<]*)<\/h3>/g)].map(([, title]) => title);
    assert.equal(titles, [
      'Last rounds over IPv4',
      'Last rounds over IPv6',
      'Outages and events',
      'Counters',
      'How it is measured',
    ]);
    assert.match(text, /<dt>echoes<\/dt><dd>one every 1 s and family, spread by ±5 %<\/dd>/);
    assert.match(text, /a reply counts until 5 s after its echo/);
    assert.match(text, /100 % kernel \(both stamps by the kernel: wire time\)/);
  });

  s.test('an outage of it is the headline, that of another target is not mentioned', async () => {
    const events = [
      fakeOutage({ target: 'a', fromMs: NOW_MS - 240_000, untilMs: null }),
      fakeOutage({ target: 'b', fromMs: NOW_MS - 300_000, untilMs: null }),
    ];
    const series = [
      fakeSeries('a', 'v4', { state: 'down' }),
      fakeSeries('a', 'v6'),
      fakeSeries('b', 'v4', { state: 'down' }),
    ];
    const text = await page(series, { events });
    assert.is(
      headline(text),
      'a (IPv4) has not answered since 14:26 UTC: outage of 4 min. It still answers over IPv6.',
    );
    assert.not.match(text, /b \(IPv4\)|more do not answer/);
  });

  s.test(
    'events of the whole probe are listed, the outage of the whole line by its part',
    async () => {
      const point = { target: null, family: null, scope: null, untilMs: NOW_MS - 600_000 };
      const uplink = {
        fromMs: NOW_MS - 900_000,
        untilMs: NOW_MS - 600_000,
        scope: 'uplink',
      } as const;
      const text = await page(both, {
        events: [
          fakeOutage({
            ...point,
            kind: 'start',
            fromMs: point.untilMs,
            detail: { version: '1.2.3' },
          }),
          fakeOutage({ ...point, kind: 'config', fromMs: point.untilMs, detail: { error: 'no' } }),
          fakeOutage({ ...uplink, target: null, family: null }),
          fakeOutage({ ...uplink, target: 'a' }),
          fakeOutage({ target: 'b' }),
        ],
      });
      const table = /Table of events.*?<\/table>/s.exec(text)?.[0] ?? '';
      assert.is(table.split('<tr>').length - 2, 2);
      assert.match(table, /version: 1\.2\.3/);
      assert.match(table, /<td>uplink outage<\/td>/);
    },
  );

  s.test('a name without an address says why, once', async () => {
    const state = { state: 'unresolved', reason: 'NXDOMAIN' } as const;
    const text = await page([fakeSeries('a', 'v4', state), fakeSeries('a', 'v6', state)], {
      rounds: () => [],
    });
    assert.is(headline(text), 'a has no address.');
    assert.is(text.split('NXDOMAIN').length - 1, 1);
    assert.not.match(text, /role="img"/);
  });

  s.test('in its first minute it says so', async () => {
    const text = await page([fakeSeries('a', 'v4', { lastRound: null })], { rounds: () => [] });
    assert.is(headline(text), 'a is in its first minute.');
    assert.match(text, /the first round closes in/);
  });

  s.test('links lead to its other spans and back to all targets with the same span', async () => {
    const text = await page(both, { query: 'span=6h' });
    assert.match(text, /<a href="\/target\/a">/);
    assert.match(text, /<a href="\/target\/a\?span=24h">/);
    assert.match(text, /<a href="\/\?span=6h">All targets<\/a>/);
  });

  s.test('hostile text stays text', async () => {
    const evil = '"><script>alert(1)</script>';
    const text = await page([fakeSeries(evil, 'v4', { host: evil, source: evil, ip: evil })], {
      target: evil,
    });
    assert.not.match(text, /<script/);
    assert.not.match(text, /\sstyle=/);
  });
});
