import * as assert from 'uvu/assert';
import type { SeriesSnapshot } from '../../../src/core/snapshot.ts';
import { aboutCard } from '../../../src/probe/page/about.ts';
import { fakeCounters, fakeInput, fakeSeries, fakeSnapshot } from '../../fake/page.ts';
import { suite } from '../../helper.ts';

async function about(series: SeriesSnapshot[]): Promise<Map<string, string>> {
  const html = String(await aboutCard(series, fakeInput(fakeSnapshot(series))));
  return new Map(
    [...html.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/g)].map(([, name = '', text = '']) => [
      name,
      text.replaceAll('\u202f', ' '),
    ]),
  );
}

suite('probe/page/about', (s) => {
  s.test('interval, round, timeout and stamps are told with their units', async () => {
    const rows = await about([fakeSeries('a', 'v4', { intervalMs: 200 })]);
    assert.is(rows.get('echoes'), 'one every 0.2 s and family, spread by ±5 %');
    assert.is(rows.get('rounds'), '30 s; a reply counts until 5 s after its echo');
    assert.is(rows.get('stamps'), 'kernel, by native');
    assert.is(rows.get('kept'), '1 d 17 h');
  });

  s.test('a source that nobody chose is not left blank, an unknown TTL is not 0', async () => {
    const rows = await about([
      fakeSeries('a', 'v4', { source: '', ttl: null }),
      fakeSeries('a', 'v6', { source: '2001:db8::7', ttl: 57 }),
    ]);
    assert.is(rows.get('source'), 'IPv4 chosen by the kernel, IPv6 2001:db8::7');
    assert.is(rows.get('TTL of replies'), 'unknown, 57');
  });

  s.test('every kind of sample comes with its share and its meaning', async () => {
    const quality = { kernel: 75, mixed: 0, user: 25, hardware: 0 };
    const none = { kernel: 0, mixed: 0, user: 0, hardware: 0 };
    const rows = await about([
      fakeSeries('a', 'v4', { counters: fakeCounters({ quality }) }),
      fakeSeries('a', 'v6', { counters: fakeCounters({ quality: none }) }),
    ]);
    assert.match(
      rows.get('samples IPv4') ?? '',
      /^75 % kernel \(both stamps by the kernel: wire time\); 25 % user \(both stamps by this/,
    );
    assert.is(rows.get('samples IPv6'), 'none yet');
  });

  s.test('without a series there is nothing to tell', async () => {
    assert.is((await about([])).size, 0);
  });
});
