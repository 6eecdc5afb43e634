import * as assert from 'uvu/assert';
import type { ProbeEvent } from '../../../src/core/round.ts';
import type { SeriesSnapshot } from '../../../src/core/snapshot.ts';
import { glance } from '../../../src/probe/page/glance.ts';
import { parseView, SPANS, seriesByTarget } from '../../../src/probe/page/input.ts';
import { gatherFacts } from '../../../src/probe/page/series.ts';
import {
  fakeInput,
  fakeOutage,
  fakeRound,
  fakeSeries,
  fakeSnapshot,
  NOW_MS,
} from '../../fake/page.ts';
import { suite } from '../../helper.ts';

const waiting = { lastRound: null };
const nameless = { state: 'unresolved', reason: 'NXDOMAIN' } as const;
const down = { state: 'down' } as const;

const plain = (text: string): string =>
  text
    .replace(/<[^>]*>/g, '')
    .replace(/ +/g, ' ')
    .replaceAll('\u202f', ' ')
    .trim();

interface Given {
  series: SeriesSnapshot[];
  /** Lost echoes of 30 in the only round of each target. */
  lost?: Record<string, number>;
  openEvents?: ProbeEvent[];
  startedMs?: number;
}

async function glanced({ series, lost = {}, ...changes }: Given) {
  const snapshot = fakeSnapshot(series, changes);
  if (changes.startedMs !== undefined) snapshot.config.appliedMs = changes.startedMs;
  const input = fakeInput(snapshot, {
    rounds: ({ target }) => {
      const samples = Array.from({ length: 30 - (lost[target] ?? 0) }, () => 8e6);
      return [fakeRound(samples, { sent: 30, fromMs: NOW_MS - 64_000 })];
    },
  });
  const targets = [...seriesByTarget(snapshot)].map(([id, list]) => ({ id, series: list }));
  const [span] = SPANS;
  if (span === undefined) throw new Error('no span');
  const facts = [];
  for (const one of series)
    facts.push((await gatherFacts(input, one, { span, columnsMax: 240 })).facts);
  const { tone, title, headline, subline } = glance(input, targets, facts, parseView(input.query));
  return { tone, title, text: plain(`${headline} ${subline}`) };
}

suite('probe/page/glance', (s) => {
  s.test('all is well', async () => {
    const series = ['a', 'b'].map((id) => fakeSeries(id, 'v4'));
    assert.equal(await glanced({ series }), {
      tone: 'good',
      title: 'well',
      text: 'All 2 targets answer. No loss in the last hour.',
    });
  });

  s.test('the highest loss is named', async () => {
    const series = ['a', 'b'].map((id) => fakeSeries(id, 'v4'));
    const { tone, title, text } = await glanced({ series, lost: { b: 3 } });
    assert.equal([tone, title], ['warn', 'loss']);
    assert.is(text, 'All 2 targets answer. Highest loss in the last hour: 10 % to b (IPv4).');
  });

  s.test('a single outage is the headline, and how the others do', async () => {
    const series = [fakeSeries('a', 'v4', down), fakeSeries('b', 'v4'), fakeSeries('c', 'v4')];
    const openEvents = [fakeOutage({ target: 'a', fromMs: NOW_MS - 240_000, untilMs: null })];
    const { tone, title, text } = await glanced({ series, openEvents });
    assert.equal([tone, title], ['bad', '1 down']);
    assert.is(
      text,
      'a (IPv4) has not answered since 14:26 UTC: outage of 4 min. All 2 other targets answer.',
    );
  });

  s.test('several outages are counted', async () => {
    const series = [
      fakeSeries('a', 'v4', down),
      fakeSeries('b', 'v4', down),
      fakeSeries('c', 'v4'),
      fakeSeries('d', 'v4', nameless),
    ];
    const { title, text } = await glanced({ series });
    assert.is(title, '2 down');
    assert.is(text, '1 of 4 targets answer.');
  });

  s.test('a name without an address is missing from those that answer', async () => {
    const series = [fakeSeries('a', 'v4'), fakeSeries('b', 'v4', nameless)];
    const { tone, text } = await glanced({ series });
    assert.is(tone, 'warn');
    assert.match(text, /^1 of 2 targets answer\./);
  });

  s.test('a family that is not available takes nothing from a target', async () => {
    const series = [fakeSeries('a', 'v4'), fakeSeries('a', 'v6', { state: 'unavailable' })];
    assert.match((await glanced({ series })).text, /^The one target answers\./);
  });

  s.test('the first minute says since when and when there will be something', async () => {
    const series = [
      fakeSeries('a', 'v4', waiting),
      fakeSeries('a', 'v6', { state: 'unavailable' }),
      fakeSeries('b', 'v4', waiting),
    ];
    assert.equal(await glanced({ series, startedMs: NOW_MS - 12_000 }), {
      tone: 'info',
      title: 'starting',
      text: 'Measuring 2 targets since 12 s. The first round closes in 1 s; then the graphs begin.',
    });
  });

  s.test('a name without an address does not hide the first minute of the others', async () => {
    const series = [fakeSeries('a', 'v4', waiting), fakeSeries('b', 'v4', nameless)];
    const { tone, text } = await glanced({ series, startedMs: NOW_MS - 12_000 });
    assert.is(tone, 'info');
    assert.match(text, /^Measuring one target since 12 s\. The first round closes in/);
  });

  s.test('a target that was added later is in its first minute alone', async () => {
    const series = [fakeSeries('a', 'v4'), fakeSeries('b', 'v4', waiting)];
    const { tone, text } = await glanced({ series });
    assert.is(tone, 'good');
    assert.match(text, /^1 of 2 targets answer; 1 more in the first minute\./);
  });

  s.test('without a target it says where to add one', async () => {
    const { tone, text } = await glanced({ series: [] });
    assert.is(tone, 'warn');
    assert.match(text, /no target is configured\. Add one in \/etc\/flint\/probe\.json under/);
  });
});
