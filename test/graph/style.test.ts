import * as assert from 'uvu/assert';
import { columnSpan } from '../../src/graph/column.ts';
import { spanFigures } from '../../src/graph/figures.ts';
import { smokeGraph } from '../../src/graph/smoke.ts';
import { graphStyle } from '../../src/graph/style.ts';
import { styleSheet } from '../../src/probe/page/page.ts';
import { fakeOutage, fakeRounds, NOW_MS, ROUND_MS } from '../fake/page.ts';
import { suite } from '../helper.ts';

suite('graph/style', (s) => {
  s.test('every class that a graph uses has a rule', async () => {
    const span = columnSpan({ nowMs: NOW_MS, spanMs: 36e5, roundMs: ROUND_MS, columnsMax: 240 });
    let count = 0;
    const rounds = fakeRounds(span, () => {
      count++;
      if (count % 10 === 3) return null;
      const loss = [0, 0.03, 0.1, 0.5][count % 4] ?? 0;
      return count % 10 === 5 ? 'out' : { baseMs: 5, noiseMs: 1, loss, spikes: 0.001, seed: 1 };
    }).map((round, index) => ({ ...round, loaded: index === 20 }));
    const text = String(
      await smokeGraph({
        id: 'g',
        title: 'x',
        rounds,
        events: [fakeOutage({}), fakeOutage({ kind: 'address' })],
        figures: spanFigures(rounds),
        span,
        roundMs: ROUND_MS,
        heightPx: 96,
        hasTooltips: true,
      }),
    );
    const used = new Set(
      [...text.matchAll(/class="([^"]*)"/g)].flatMap(([, names = '']) => names.split(' ')),
    );
    const unruled = [...used].filter((name) => !new RegExp(`\\.${name}(?![a-z])`).test(graphStyle));
    // Labels of ticks and peaks have the look of all text of a graph.
    assert.equal(
      unruled.filter((name) => name !== 'tick' && name !== 'peak'),
      [],
    );
    assert.ok(used.has('lost') && used.has('loaded') && used.has('gap') && used.has('clip'));
  });

  s.test('every custom property that it uses is defined by the page', () => {
    const names = [...graphStyle.matchAll(/var\((--[a-z-]+)\)/g)].map(([, name = '']) => name);
    for (const name of names) assert.ok(styleSheet.body.includes(`${name}:#`), name);
  });
});
