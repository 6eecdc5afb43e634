import { equal, is, match } from 'uvu/assert';
import { absent, judge } from '../../bench/row.ts';
import { figure, formatTable, percent } from '../../bench/table.ts';
import { suite } from '../helper.ts';

suite('bench/table', ({ test }) => {
  test('prints figures with the digits that mean something', () => {
    const cases: [number, string][] = [
      [0.1234, '0.123'],
      [4.567, '4.57'],
      [45.67, '45.7'],
      [456.7, '457'],
      [123_456_789, '123 456 789'],
      [-4567, '-4 567'],
      [0, '0.000'],
      [Number.NaN, '–'],
      [Number.POSITIVE_INFINITY, '–'],
    ];
    for (const [value, text] of cases) is(figure(value), text);
    is(percent(0.953), '95 %');
    is(percent(Number.NaN), '–');
  });

  test('is Markdown whose columns stand below each other, whatever the letters', () => {
    const row = { goal: '≤ 2 µs', flint: '1', peers: '–', verdict: judge(true), figures: { a: 1 } };
    const text = formatTable([{ what: 'a', ...row }, absent('longer than a', 'x', 'fping is out')]);

    const lines = text.trimEnd().split('\n');
    is(lines.length, 4);
    equal(new Set(lines.map((line) => [...line].length)).size, 1);
    equal(
      lines[2]
        ?.split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
      ['a', '≤ 2 µs', '1', '–', 'met'],
    );
    match(lines[3] ?? '', /not measured .* fping is out .* absent/);
  });

  test('prints its head alone when there is nothing to tell', () => {
    is(formatTable([]).split('\n').length, 3);
  });
});
