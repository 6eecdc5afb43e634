import { equal, is, match } from 'uvu/assert';
import { ago, jsonText, moment, openView, until } from '../../../src/cli/fleet/text.ts';
import { suite } from '../../helper.ts';

function screen(isTTY: boolean, columns = 40) {
  const written: string[] = [];
  return { written, isTTY, columns, write: (text: string) => written.push(text) };
}

suite('cli/fleet/text', (s) => {
  s.test('JSON stays what it was, and holds nothing that steers a terminal', () => {
    const value = { note: '\u001b[2J\u009b31m\u202e\u2028\u{e0001}"ü' };
    const text = jsonText(value);

    equal(JSON.parse(text), value);
    is(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text), false);
    is(jsonText(null), '{}');
  });

  s.test('lines are cleaned; colours are for terminals alone', () => {
    const pipe = screen(false);
    const terminal = screen(true);
    const plain = screen(true);
    const red = { text: 'a\u001bb', colour: 'red' } as const;
    openView(pipe, {}).line(red);
    openView(terminal, {}).line(red);
    openView(plain, { NO_COLOR: '1' }).line(red);

    equal(pipe.written, ['a?b\n']);
    equal(terminal.written, ['\u001b[31ma?b\u001b[0m\n']);
    equal(plain.written, ['a?b\n']);
  });

  s.test('facts are in line, and cut to the terminal', () => {
    const terminal = screen(true, 24);
    openView(terminal, { NO_COLOR: '1' }).facts([
      ['name', 'probe05'],
      ['nothing', null],
      ['note', 'behind the piano in the cellar'],
    ]);

    equal(terminal.written, ['name  probe05\n', 'note  behind the piano…\n']);
  });

  s.test('ages have one unit', () => {
    const nowMs = 1_800_000_000_000;

    is(ago(null, nowMs), 'never');
    is(ago(nowMs + 60_000, nowMs), 'now');
    is(ago(nowMs - 200_000, nowMs), '3 min ago');
    is(ago(nowMs - 90_000_000, nowMs), '1 d ago');
    is(until(nowMs + 3_600_000, nowMs), 'in 1 h');
    is(until(nowMs - 3_600_000, nowMs), 'ended 1 h ago');
    match(moment(nowMs - 90_000_000, nowMs), / \d\d:\d\d:\d\d UTC$/);
  });
});
