import * as assert from 'uvu/assert';
import { columnSpan, columnsOf } from '../../src/graph/column.ts';
import { spanFigures } from '../../src/graph/figures.ts';
import { scaleOf } from '../../src/graph/scale.ts';
import { type SmokeInput, smokePlot } from '../../src/graph/smoke-plot.ts';
import { fakeOutage, fakeRounds, type Line, NOW_MS, ROUND_MS } from '../fake/page.ts';
import { suite } from '../helper.ts';

const span = columnSpan({
  nowMs: NOW_MS,
  spanMs: 3_600_000,
  roundMs: ROUND_MS,
  columnsMax: 240,
});
const calm: Line = { baseMs: 8, noiseMs: 0.1, seed: 1 };

async function plotted(
  line: (timeMs: number) => Line | 'out' | null,
  changes: Partial<SmokeInput> = {},
): Promise<string> {
  const rounds = fakeRounds({ fromMs: span.fromMs, untilMs: NOW_MS - 5000 }, line);
  const columns = columnsOf(rounds, span, ROUND_MS);
  const figures = spanFigures(rounds);
  const input: SmokeInput = {
    id: 'g',
    title: '',
    rounds,
    events: [],
    figures,
    span,
    roundMs: ROUND_MS,
    heightPx: 96,
    hasTooltips: false,
    ...changes,
  };
  return String(await smokePlot(columns, scaleOf(columns, 4), input));
}

const column = (index: number): number => span.fromMs + index * ROUND_MS;

suite('graph/smoke-plot', (s) => {
  s.test('it is stretched: one unit a column, ten a pixel, and it holds no text', async () => {
    const svg = await plotted(() => calm);
    assert.match(svg, /^<svg y="17" width="100%" height="107" viewBox="0 0 120 1070" /);
    assert.match(svg, /preserveAspectRatio="none"/);
    assert.not.match(svg, /<text/);
  });

  s.test('what has no data draws no empty path', async () => {
    assert.not.match(await plotted(() => null), /<path/);
    assert.not.match(await plotted(() => calm), /d=""/);
  });

  s.test('all lost is filled from top to axis, unless an outage tints it', async () => {
    const line = (ms: number) => (ms >= column(30) && ms < column(42) ? 'out' : calm);
    assert.match(await plotted(line), /<path class="lost" d="M30 0h12v960h-12z"\/>/);
    const events = [fakeOutage({ fromMs: column(30), untilMs: column(36) })];
    assert.match(await plotted(line, { events }), /<path class="lost" d="M36 0h6v960h-6z"\/>/);
  });

  s.test('a tooltip says what a column without a reply lost', async () => {
    const svg = await plotted((ms) => (ms === column(3) ? 'out' : calm), { hasTooltips: true });
    assert.match(svg, /<rect class="tip" x="3" [^>]*><title>13:32 UTC: no reply, loss 100\u202f%</);
  });
});
