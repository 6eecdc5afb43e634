import * as assert from 'uvu/assert';
import { columnSpan } from '../../../src/graph/column.ts';
import { spanFigures } from '../../../src/graph/figures.ts';
import { parseView } from '../../../src/probe/page/input.ts';
import { seriesNotices } from '../../../src/probe/page/notice-series.ts';
import type { SeriesFacts } from '../../../src/probe/page/series.ts';
import { fakeOutage, fakeSeries, NOW_MS, ROUND_MS } from '../../fake/page.ts';
import { suite } from '../../helper.ts';

const at = (clock: string): number => Date.parse(`2026-11-22T${clock}Z`);

function told(changes: Partial<SeriesFacts>): Array<{ tone: string; text: string }> {
  const facts: SeriesFacts = {
    series: fakeSeries('a400', 'v6'),
    span: columnSpan({ nowMs: NOW_MS, spanMs: 36e5, roundMs: ROUND_MS, columnsMax: 240 }),
    events: [],
    figures: spanFigures([]),
    lossApart: 0,
    lossy: null,
    outages: [],
    outageMs: 0,
    addressChange: null,
    pathMedians: null,
    loadedRounds: 0,
    hasRounds: true,
    ...changes,
  };
  const notices = seriesNotices(facts, parseView(new URLSearchParams()), NOW_MS);
  return notices.map(({ tone, title, detail }) => ({
    tone,
    text: `${title} ${detail}`
      .replace(/<[^>]*>/g, '')
      .replaceAll('\u202f', ' ')
      .trim(),
  }));
}

const lossy = { rounds: 46, lost: 94, firstMs: at('13:30:30'), lastMs: at('14:29:00') };
const change = {
  atMs: at('14:02:11'),
  fromIp: '2001:db8:5::2',
  toIp: '2001:db8:9::7',
  beforeNs: 8.5e6,
  afterNs: 14.2e6,
};

suite('probe/page/notice-series', (s) => {
  s.test('an ordinary series is not mentioned', () => {
    assert.equal(told({}), []);
    assert.equal(told({ lossApart: 0.9, lossy }), []);
  });

  s.test('loss is told with its share, its echoes and when', () => {
    assert.equal(told({ lossApart: 2.66, lossy }), [
      { tone: 'warn', text: 'a400 (IPv6) loses 2.66 %. 94 echoes in 46 rounds, 13:30–14:29 UTC.' },
    ]);
  });

  s.test('loss in a single round has one time, and a fifth lost is bad', () => {
    const one = { ...lossy, rounds: 1, lost: 10, firstMs: at('14:29:00') };
    assert.equal(told({ lossApart: 25, lossy: one }), [
      { tone: 'bad', text: 'a400 (IPv6) loses 25 %. 10 echoes at 14:29 UTC.' },
    ]);
  });

  s.test('an outage that ended is told with both ends', () => {
    const outages = [
      fakeOutage({ fromMs: at('13:40:00'), untilMs: at('13:41:00') }),
      fakeOutage({ fromMs: at('13:50:12'), untilMs: at('13:56:22') }),
    ];
    assert.equal(told({ outages }), [
      {
        tone: 'warn',
        text:
          'a400 (IPv6) was silent 13:50–13:56 UTC: outage of 6 min 10 s, ' +
          'the last of 2 in the last hour. It answers again.',
      },
    ]);
  });

  s.test('its part of an outage of the whole line is not told again', () => {
    const part = fakeOutage({ scope: 'uplink', fromMs: at('13:50:12'), untilMs: at('13:56:22') });
    assert.equal(told({ outages: [part] }), []);
  });

  s.test('a new address that made it slower says by how much and since when', () => {
    assert.equal(told({ addressChange: change }), [
      {
        tone: 'warn',
        text:
          'a400 (IPv6) is 5.70 ms slower since 14:02 UTC. Its address changed at that moment: ' +
          '2001:db8:9::7 instead of 2001:db8:5::2. Median 8.50 ms before, 14.2 ms after.',
      },
    ]);
  });

  s.test('one that made it faster is no trouble', () => {
    const [notice] = told({ addressChange: { ...change, beforeNs: 14.2e6, afterNs: 8.5e6 } });
    assert.is(notice?.tone, 'info');
    assert.match(notice?.text ?? '', /is 5\.70 ms faster since/);
  });

  s.test('one that changed little is told as an address alone', () => {
    assert.equal(told({ addressChange: { ...change, afterNs: 8.6e6 } }), [
      {
        tone: 'info',
        text:
          'a400 (IPv6) has a new address since 14:02 UTC: 2001:db8:9::7 instead of ' +
          '2001:db8:5::2. Median 8.50 ms before, 8.60 ms after.',
      },
    ]);
    const [bare] = told({ addressChange: { ...change, beforeNs: null, fromIp: null } });
    assert.is(bare?.text, 'a400 (IPv6) has a new address since 14:02 UTC: 2001:db8:9::7.');
  });
});
