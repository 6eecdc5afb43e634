import * as assert from 'uvu/assert';
import type { ProbeEvent, Round } from '../../src/core/round.ts';
import { columnSpan } from '../../src/graph/column.ts';
import { spanFigures } from '../../src/graph/figures.ts';
import { type SmokeInput, smokeGraph } from '../../src/graph/smoke.ts';
import { fakeOutage, fakeRounds, type Line, NOW_MS, ROUND_MS } from '../fake/page.ts';
import { suite } from '../helper.ts';

const HOUR_MS = 3_600_000;
const at = (clock: string): number => Date.parse(`2026-11-22T${clock}Z`);
const calm: Line = { baseMs: 8, noiseMs: 0.1, seed: 1 };

function input(changes: Partial<SmokeInput> & { hours?: number } = {}): SmokeInput {
  const spanMs = (changes.hours ?? 1) * HOUR_MS;
  const span = columnSpan({ nowMs: NOW_MS, spanMs, roundMs: ROUND_MS, columnsMax: 240 });
  const rounds = changes.rounds ?? roundsIn(span, () => calm);
  return {
    id: 'g0a',
    title: 'one.one.one.one (IPv4), last hour.',
    rounds,
    events: [],
    figures: spanFigures(rounds.filter(({ loaded }) => !loaded)),
    span,
    roundMs: ROUND_MS,
    heightPx: 96,
    hasTooltips: false,
    ...changes,
  };
}

function roundsIn(
  span: { fromMs: number; untilMs: number },
  line: (timeMs: number) => Line | 'out' | null,
): Round[] {
  return fakeRounds({ fromMs: span.fromMs, untilMs: NOW_MS - 5000 }, line);
}

async function drawn(changes: Parameters<typeof input>[0] = {}): Promise<string> {
  return String(await smokeGraph(input(changes)));
}

/** Attributes of the elements of one class. */
function elements(svg: string, name: string): Array<Record<string, string>> {
  const tags = svg.matchAll(new RegExp(`<(\\w+) class="${name}"([^>]*)>`, 'g'));
  return [...tags].map(([, tag = '', attributes = '']) => ({
    tag,
    ...Object.fromEntries(
      [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
        key,
        value,
      ]),
    ),
  }));
}

function texts(svg: string, name: string): string[] {
  const found = svg.matchAll(new RegExp(`<text class="${name}"[^>]*>([^<]*)<`, 'g'));
  return [...found].map(([, text = '']) => text.replaceAll('\u202f', ' '));
}

const outage = (changes: Partial<ProbeEvent> = {}): ProbeEvent =>
  fakeOutage({ fromMs: at('13:45:30'), untilMs: at('13:51:30'), ...changes });

suite('graph/smoke', (s) => {
  s.test('it is one image with a name and a sentence as its alternative', async () => {
    const svg = await drawn();
    assert.match(svg, /^<svg class="smoke" role="img" aria-labelledby="g0at g0ad"/);
    assert.match(svg, /<title id="g0at">one\.one\.one\.one \(IPv4\), last hour\.<\/title>/);
    assert.match(svg, /<desc id="g0ad">Median 8\.\d\d\u202fms, p99[^<]*No loss\.<\/desc>/);
  });

  s.test(
    'it has the three bands and the median of a calm line in the colour of no loss',
    async () => {
      const svg = await drawn();
      for (const name of ['all', 'most', 'half', 'median none'])
        assert.is(elements(svg, name).length, 1, name);
      assert.is(elements(svg, 'median few').length, 0);
      assert.is(elements(svg, 'loss few').length, 0);
    },
  );

  s.test('text lies outside of the stretched part, so that it keeps its size', async () => {
    const svg = await drawn({ events: [outage()] });
    const inner = /<svg y=[^>]*preserveAspectRatio="none">(.*?)<\/svg>/s.exec(svg)?.[1] ?? '';
    assert.ok(inner.includes('<path'));
    assert.not.match(inner, /<text/);
    assert.not.match(svg.slice(0, svg.indexOf('>')), /viewBox/);
  });

  s.test('an outage is a tinted span at its place with its dates', async () => {
    const svg = await drawn({ events: [outage()] });
    const [span] = elements(svg, 'outage');
    assert.is(span?.['tag'], 'rect');
    assert.is(span?.['x'], '25%');
    assert.is(span?.['width'], '10.00%');
    assert.equal(texts(svg, 'label outage'), ['outage 13:45–13:51']);
    assert.is(elements(svg, 'outageline')[0]?.['x1'], '25%');
  });

  s.test('an open outage reaches the right edge', async () => {
    const svg = await drawn({ events: [outage({ untilMs: null })] });
    assert.is(elements(svg, 'outage')[0]?.['width'], '75.00%');
    assert.equal(texts(svg, 'label outage'), ['outage since 13:45']);
  });

  s.test('all lost without an outage is tinted as well, and inside of one not twice', async () => {
    const isOut = (ms: number): boolean => ms >= at('13:45:30') && ms < at('13:51:30');
    const rounds = roundsIn(input().span, (ms) => (isOut(ms) ? 'out' : calm));
    const alone = await drawn({ rounds });
    assert.is(elements(alone, 'lost')[0]?.['d'], 'M30 0h12v960h-12z');
    assert.is((elements(alone, 'loss many')[0]?.['d'] ?? '').split('M').length - 1, 12);
    assert.is(elements(await drawn({ rounds, events: [outage()] }), 'lost').length, 0);
  });

  s.test(
    'time without data is hatched over its whole width, and said where there is room',
    async () => {
      const rounds = roundsIn(input().span, (ms) => (ms < at('14:00:30') ? null : calm));
      const svg = await drawn({ rounds });
      const [gap] = elements(svg, 'gap');
      assert.is(gap?.['x1'], '0%');
      assert.is(gap?.['x2'], '50%');
      assert.is(gap?.['stroke-width'], '96');
      assert.equal(texts(svg, 'gaptext'), ['no data']);
      assert.match(elements(svg, 'median none')[0]?.['d'] ?? '', /^M60 /);
    },
  );

  s.test('the last rounds are not hatched before they can have closed', async () => {
    assert.is(elements(await drawn(), 'gap').length, 0);
  });

  s.test('a slow reply is clipped, marked and named, and does not stretch the scale', async () => {
    const rounds = roundsIn(input().span, () => calm).map((round, index) =>
      index === 60 && round.rttNs !== null
        ? { ...round, rttNs: { ...round.rttNs, max: 1.2e9 } }
        : round,
    );
    const svg = await drawn({ rounds });
    assert.is(texts(svg, 'tick')[4], '10 ms');
    assert.is(elements(svg, 'clip')[0]?.['d'], 'M60 0h1v20h-1z');
    assert.equal(texts(svg, 'label peak'), ['↑ 1.20 s']);
  });

  s.test('rounds under our own load are tinted, labelled and kept out of the scale', async () => {
    const rounds = roundsIn(input().span, (ms) =>
      ms >= at('14:00:30') && ms < at('14:06:30') ? { ...calm, baseMs: 80 } : calm,
    ).map((round) => ({ ...round, loaded: (round.rttNs?.median ?? 0) > 50e6 }));
    const svg = await drawn({ rounds });
    const [span] = elements(svg, 'loaded');
    assert.is(span?.['x'], '50%');
    assert.is(span?.['width'], '10.00%');
    assert.match(texts(svg, 'label load')[0] ?? '', /^loaded by us: 8\d\.\d ms$/);
    assert.is(texts(svg, 'tick')[4], '10 ms');
    assert.is((elements(svg, 'median none')[0]?.['d'] ?? '').split('M').length - 1, 2);
  });

  s.test('events are dated marks', async () => {
    const events = [outage({ kind: 'address', fromMs: at('14:00:30'), untilMs: null })];
    const svg = await drawn({ events });
    assert.is(elements(svg, 'markline')[0]?.['x1'], '50%');
    assert.equal(texts(svg, 'label mark'), ['14:00 new address']);
  });

  s.test('loss takes the colour of the line and stands as ticks under the axis', async () => {
    const rounds = roundsIn(input().span, (ms) => ({
      ...calm,
      loss: ms < at('13:40:30') ? 0.5 : 0,
    }));
    const svg = await drawn({ rounds });
    assert.match(elements(svg, 'median many')[0]?.['d'] ?? '', /^M0 /);
    assert.match(elements(svg, 'loss many')[0]?.['d'] ?? '', /^M0 970h1v\d+h-1z/);
  });

  s.test('tooltips name each column with its time and figures', async () => {
    const svg = await drawn({ hasTooltips: true });
    const tips = [...svg.matchAll(/<rect class="tip"[^>]*><title>([^<]*)</g)].map(
      ([, text]) => text,
    );
    assert.ok(tips.length >= 117);
    assert.match(tips[0] ?? '', /^13:30 UTC: median \d\.\d\d\u202fms, .* loss 0\u202f%$/);
  });

  s.test('hostile text is escaped and nothing needs a style attribute', async () => {
    const svg = await drawn({ title: '<script>"\'&', events: [outage()] });
    assert.ok(svg.includes('&lt;script&gt;&quot;&#39;&amp;'));
    assert.not.match(svg, /<script|\sstyle=|=[^"'\s>][^>]*>\s*<script/);
  });

  s.test('a day is at most 240 columns and 16 KiB, whatever the line', async () => {
    const span = input({ hours: 24 }).span;
    const rounds = roundsIn(span, () => ({ baseMs: 5, noiseMs: 3, loss: 0.05, seed: 4 }));
    const svg = await drawn({ hours: 24, rounds });
    assert.match(svg, /viewBox="0 0 240 /);
    assert.ok(svg.length < 16_384, `${svg.length} bytes`);
  });
});
