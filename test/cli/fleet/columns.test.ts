import { equal, is, match, ok } from 'uvu/assert';
import { type Column, cut, tableLines, widthOf } from '../../../src/cli/fleet/columns.ts';
import { suite } from '../../helper.ts';

const COLUMNS: readonly Column[] = [
  { head: 'NAME', widthMin: 8 },
  { head: 'N', isRight: true },
  { head: 'NOTE', widthMin: 6, rank: 1 },
  { head: 'VERSION', rank: 2 },
];
const ROWS = [
  ['probe05', '7', 'behind the piano in the cellar', '0.1.0'],
  ['a-probe-with-a-long-name', '12', '', '0.1.0'],
];

function table(width: number | null, hasColour = false): string[] {
  return tableLines(COLUMNS, ROWS, { width, hasColour });
}

suite('cli/fleet/columns', (s) => {
  s.test('columns are in line, and nothing is cut where there is no terminal', () => {
    equal(table(null), [
      'NAME                       N  NOTE                            VERSION',
      'probe05                    7  behind the piano in the cellar  0.1.0',
      'a-probe-with-a-long-name  12                                  0.1.0',
    ]);
  });

  s.test('no line is wider than the terminal, down to the narrowest', () => {
    for (let width = 20; width <= 100; width++) {
      for (const line of table(width)) ok(widthOf(line) <= width, `${width}: ${line}`);
    }
  });

  s.test('the least important column goes first, then texts are cut', () => {
    match(table(60)[0] ?? '', /NOTE +VERSION$/);
    match(table(60)[1] ?? '', /^probe05 .* behind.*… {2}0\.1\.0$/);
    match(table(25)[0] ?? '', /^NAME +N +NOTE$/);
    match(table(12)[0] ?? '', /^NAME +N$/);
    match(table(16)[2] ?? '', /^a-probe-.*… {2}12$/);
  });

  s.test('a column without any text is left out', () => {
    equal(tableLines(COLUMNS, [['a', '1', '', '']], { width: null, hasColour: false }), [
      'NAME  N',
      'a     1',
    ]);
  });

  s.test('colours take no room', () => {
    const row = [{ text: 'silent', colour: 'red' } as const, '1'];
    const [, line] = tableLines(COLUMNS, [row, ['a', '2']], { width: 40, hasColour: true });

    is(line, '\u001b[31msilent\u001b[0m  1');
  });

  s.test('what steers a terminal is taken out of every cell', () => {
    const hostile = '\u001b]0;x\u0007\u009b31m\u202eabc\nnext';
    const lines = tableLines(COLUMNS, [[hostile, '1', hostile]], { width: null, hasColour: false });

    is(lines.length, 2);
    is(/[\p{Cc}\p{Cf}]/u.test(lines.join('')), false);
  });

  s.test('wide and combining characters count as a terminal counts them', () => {
    is(widthOf('東京'), 4);
    is(widthOf('a\u0308'), 1);
    is(cut('東京都', 5), '東京…');
    is(cut('abc', 3), 'abc');
    is(cut('abcd', 3), 'ab…');
    is(cut('abcd', 0), '');
  });
});
