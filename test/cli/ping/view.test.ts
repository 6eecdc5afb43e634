import { equal, is, match, ok } from 'uvu/assert';
import { newPingTarget, type PingLine, takeFate } from '../../../src/cli/ping/lines.ts';
import { lineText, openJsonView, openTextView } from '../../../src/cli/ping/view.ts';
import { suite } from '../../helper.ts';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const LINE: PingLine = {
  type: 'reply',
  host: 'example.test',
  ip: '192.0.2.7',
  family: 'v4',
  seq: 4,
  rttNs: 5.25e6,
  quality: 'kernel',
  ttl: 57,
  timeMs: 1e12,
};

interface Screen {
  text: string;
  output: { write(text: string): boolean; isTTY?: boolean; columns?: number; rows?: number };
}

function screen(isTTY: boolean, rows = 24, columns = 60): Screen {
  const one: Screen = {
    text: '',
    output: {
      isTTY,
      rows,
      columns,
      write(text) {
        one.text += text;
        return true;
      },
    },
  };
  return one;
}

function targets(count: number) {
  return Array.from({ length: count }, (_, i) => {
    const target = newPingTarget({ host: `host${i}`, ip: `192.0.2.${i}`, family: 'v4' }, i);
    const fate = { series: i, quality: 'kernel' as const, ttl: 64, sentMs: 0, info: 0 };
    const address = new Uint8Array(16);
    takeFate(target, { kind: 'reply', attempt: 0, rttNs: 5e6, address, ...fate });
    target.sent = 1;
    return target;
  });
}

function plain(text: string): string {
  return text.replace(/[\u00a0\u202f]/g, ' ');
}

suite('cli/ping/view', (s) => {
  for (const [part, text] of [
    [{}, 'example.test (192.0.2.7) seq 4: 5.25 ms, ttl 57'],
    [{ host: '192.0.2.7' }, '192.0.2.7 seq 4: 5.25 ms, ttl 57'],
    [{ type: 'late' }, 'example.test (192.0.2.7) seq 4: late 5.25 ms, ttl 57'],
    [{ type: 'duplicate', ttl: null }, 'example.test (192.0.2.7) seq 4: duplicate 5.25 ms'],
    [{ quality: 'user' }, 'example.test (192.0.2.7) seq 4: 5.25 ms, ttl 57, user stamps'],
    [{ type: 'lost', rttNs: null }, 'example.test (192.0.2.7) seq 4: lost'],
    [
      { type: 'error', reason: 'host unreachable', from: '192.0.2.1' },
      'example.test (192.0.2.7) seq 4: host unreachable (from 192.0.2.1)',
    ],
    [{ type: 'error', ip: null, seq: null, reason: 'no such name' }, 'example.test: no such name'],
    [{ type: 'error', reason: 'a\u001b[2Jb' }, 'example.test (192.0.2.7) seq 4: a?[2Jb'],
  ] as const) {
    s.test(`a line for a person: ${text}`, () => {
      const line = plain(lineText({ ...LINE, ...part } as PingLine));

      is(line, text);
    });
  }

  s.test('JSON is one object a line, and nothing else', () => {
    const one = screen(true);
    const view = openJsonView(one.output);
    const [target] = targets(1);
    if (target === undefined) return;

    view.begin(target);
    view.line(LINE);
    view.draw([target]);
    view.summary(target, { type: 'summary' });
    view.end();

    is(one.text, `${JSON.stringify(LINE)}\n{"type":"summary"}\n`);
  });

  s.test('text without a terminal has no control characters', () => {
    const one = screen(false);
    const view = openTextView(one.output);
    const all = targets(2);

    for (const target of all) view.begin(target);
    view.line(LINE);
    view.draw(all);
    for (const target of all) view.summary(target, {});
    view.end();

    is(one.text.includes('\u001b'), false);
    is(one.text.trimEnd().split('\n').length, 5);
    match(plain(one.text), 'host1 (192.0.2.1): 1 sent, 1 received, loss 0 %');
  });

  s.test('a terminal hides the cursor while there is a picture, and shows it after', () => {
    const one = screen(true);
    const view = openTextView(one.output);
    const all = targets(1);
    is(one.text, '');

    view.draw(all);
    view.draw(all);
    const [target] = all;
    if (target !== undefined) view.summary(target, {});
    view.end();
    view.end();

    ok(one.text.startsWith(HIDE_CURSOR));
    ok(one.text.endsWith(SHOW_CURSOR));
    equal([one.text.split(HIDE_CURSOR).length, one.text.split(SHOW_CURSOR).length], [2, 2]);
  });

  s.test('a terminal that never saw a picture keeps its cursor', () => {
    const one = screen(true);
    const view = openTextView(one.output);

    view.line({ ...LINE, type: 'error', reason: 'no such name' });
    view.end();

    is(plain(one.text), 'example.test (192.0.2.7) seq 4: no such name\n');
  });

  s.test('the picture has no more lines than the terminal, none wider than it', () => {
    const one = screen(true, 10, 40);
    const view = openTextView(one.output);

    view.draw(targets(50));

    const lines = one.text.replace(HIDE_CURSOR, '').trimEnd().split('\n');
    is(lines.length, 8);
    for (const line of lines) ok([...line].length < 40, line);
  });

  s.test('errors stand above the picture, which is drawn again below them', () => {
    const one = screen(true);
    const view = openTextView(one.output);

    view.draw(targets(3));
    view.line({ ...LINE, type: 'error', reason: 'no route' });
    view.line({ ...LINE, type: 'lost' });

    // Three lines up, all below erased, the error; a loss is in the picture already.
    ok(one.text.includes('\u001b[3A\r\u001b[J'));
    ok(one.text.endsWith('no route\n'));
  });
});
