import * as assert from 'uvu/assert';
import { sparkGraph } from '../../src/graph/spark.ts';
import { suite } from '../helper.ts';

const draw = (values: readonly (number | null)[]): string =>
  String(sparkGraph(values, 'Hop 3')).replaceAll('\u202f', ' ');
const path = (markup: string, name: string): string | null =>
  new RegExp(`<path class="${name}" d="([^"]*)"`).exec(markup)?.[1] ?? null;
const title = (markup: string): string => /<title>(.*?)<\/title>/.exec(markup)?.[1] ?? '';

suite('graph/spark', (s) => {
  s.test('a calm hop is a straight line, a step is seen', () => {
    const calm = path(draw(Array.from({ length: 40 }, () => 8e6)), 'line') ?? '';
    assert.match(calm, /^M0 \d+(h1){40}$/);
    const step = path(draw([...Array(20).fill(8e6), ...Array(20).fill(12e6)]), 'line') ?? '';
    const [, rise] = /v(-?\d+)/.exec(step) ?? [];
    assert.ok(Number(rise) < -30, step);
  });

  s.test('noise of a hundredth is not blown up', () => {
    const values = Array.from({ length: 40 }, (_, index) => 8e6 * (1 + 0.01 * (index % 2)));
    const moves = [...(path(draw(values), 'line') ?? '').matchAll(/v(-?\d+)/g)];
    for (const [, move] of moves) assert.ok(Math.abs(Number(move)) <= 3, move);
  });

  s.test('a trace without an answer interrupts the line and is a tick at the foot', () => {
    const markup = draw([...Array(30).fill(8e6), null, ...Array(9).fill(8e6)]);
    assert.is((path(markup, 'line') ?? '').split('M').length - 1, 2);
    assert.match(path(markup, 'still') ?? '', /^M30 \d+h1v\d+h-1z$/);
    assert.not.match(markup, /many|some|few/);
  });

  s.test('one slow answer is clipped and marked, the others keep their height', () => {
    const values = Array(40).fill(8e6);
    values[7] = 400e6;
    const markup = draw(values);
    assert.is(path(markup, 'clip'), 'M7 0h1v12h-1z');
    const calm = Number(/^M0 (\d+)/.exec(path(markup, 'line') ?? '')?.[1]);
    assert.ok(calm < 120, `${calm}`);
  });

  s.test('the newest stand at the right edge, and a young line does not fill it', () => {
    const markup = draw([8e6, 8e6]);
    assert.match(markup, /viewBox="0 0 30 200"/);
    assert.match(path(markup, 'line') ?? '', /^M28 /);
    assert.match(draw(Array(500).fill(8e6)), /viewBox="0 0 240 200"/);
  });

  s.test('it says in words what it shows', () => {
    assert.is(
      title(draw([8e6, 12.1e6, null])),
      'Hop 3: best answers of the last 3 traces 8.00 ms to 12.1 ms, no answer in 1 of them.',
    );
    assert.is(title(draw([8e6])), 'Hop 3: best answers of the last trace 8.00 ms.');
    assert.is(title(draw([null, null])), 'Hop 3: no answer in the last 2 traces.');
  });

  s.test('no values and zeros draw nothing wrong', () => {
    for (const values of [[], [0, 0], [null]]) assert.not.match(draw(values), /NaN|Infinity/);
  });
});
