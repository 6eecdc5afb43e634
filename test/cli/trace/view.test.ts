import { equal, is, match, ok } from 'uvu/assert';
import type { Output } from '../../../src/cli/ping/view.ts';
import {
  endCycle,
  newTracedPath,
  type TracedPath,
  takeHopAnswer,
} from '../../../src/cli/trace/path.ts';
import { traceTable } from '../../../src/cli/trace/table.ts';
import { openTraceJson, openTraceText } from '../../../src/cli/trace/view.ts';
import type { HopAnswer } from '../../../src/measure/trace-answer.ts';
import { suite } from '../../helper.ts';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** 'a': a router, 't': the target, '.': nobody. */
function pathOf(cycles: readonly string[], part: Partial<TracedPath> = {}): TracedPath {
  const place = {
    host: 'target.test',
    ip: '198.51.100.1',
    family: 'v4',
    protocol: 'icmp',
  } as const;
  const path = { ...newTracedPath({ ...place, flow: 0 }), ...part };
  cycles.forEach((cycle, number) => {
    const hops = [...cycle].map((letter, i) => ({
      ttl: i + 1,
      answers: [answerOf(letter, i + 1, path.ip)],
    }));
    for (const { answers } of hops) for (const one of answers) takeHopAnswer(path, one);
    endCycle(path, { end: cycle.endsWith('t') ? 'target' : 'silence', hops }, number);
  });
  return path;
}

function answerOf(letter: string, ttl: number, target: string): HopAnswer {
  const isLost = letter === '.';
  const ip = isLost ? null : letter === 't' ? target : `192.0.2.${ttl}`;
  const kind = isLost ? 'lost' : letter === 't' ? 'echo-reply' : 'time-exceeded';
  const rest = { flow: 0, quality: null, info: 0, answerTtl: null, mtu: null, distance: null };
  const mpls = letter === 'm' ? [{ label: 16003, trafficClass: 0, ttl: 1 }] : [];
  return { ttl, kind, ip, rttNs: isLost ? null : ttl * 1.5e6, mpls, sentMs: 0, ...rest };
}

function screen(isTTY: boolean, columns = 80, rows = 24) {
  const written: string[] = [];
  const output: Output = {
    isTTY,
    columns,
    rows,
    write: (text) => {
      written.push(text);
      return true;
    },
  };
  return { output, written, text: () => written.join('') };
}

function table(path: TracedPath, width: number, hasSmoke = true): string[] {
  return traceTable(path, { nameOf: undefined, width, hasSmoke });
}

suite('cli/trace/view', (s) => {
  s.test('at 80 columns all of mtr’s figures, at 60 the most needed ones', () => {
    const path = pathOf(['aaat', 'aaat'], { host: '198.51.100.1' });

    equal(table(path, 79)[0]?.split(/\s+/), [
      ...['198.51.100.1', 'icmp', 'Loss%', 'Snt', 'Last', 'Avg', 'Best', 'Wrst', 'StDev'],
    ]);
    match(
      table(path, 79)[2] ?? '',
      /^ 2\. 192\.0\.2\.2 +0% +2 3\.00ms 3\.00ms 3\.00ms 3\.00ms +0ns$/,
    );
    match(table(path, 59)[0] ?? '', /Loss% +Snt +Last +Avg$/);
    match(table(path, 39)[0] ?? '', /Loss% +Last$/);
  });

  s.test('no line is wider than the terminal, whatever it is', () => {
    const long = 'a-very-long-name-of-a-host.in-some.domain.example';
    const path = pathOf(['amat', 'a.at', 'amat'], {
      host: long,
      ip: '2001:db8::aaaa:bbbb:cccc:dddd',
    });
    const nameOf = () => 'core1-router-with-a-long-name.example.net';
    for (let width = 1; width < 220; width++) {
      for (const hasSmoke of [true, false]) {
        for (const line of traceTable(path, { nameOf, width, hasSmoke })) {
          ok([...line].length <= width, `${width}: ${line}`);
        }
      }
    }
  });

  s.test('smoke where there is room for it, with a cross for what was lost', () => {
    const path = pathOf(['aat', 'a.t', 'aat'], { host: '198.51.100.1' });

    match(table(path, 119)[2] ?? '', /[▁▂▃▄▅▆▇█]×[▁▂▃▄▅▆▇█]/);
    is(/[▁-█]/.test(table(path, 79).join('')), false);
    is(/[▁-█]/.test(table(path, 119, false).join('')), false);
  });

  s.test('remarks say whom to blame, in a word where there is little room', () => {
    const slow = pathOf(['aat', 'a.t', 'a.t'], { host: '198.51.100.1' });
    const lossy = pathOf(['aat', 'a..', 'aat'], { host: '198.51.100.1' });
    const silent = pathOf(['a.t', 'a.t'], { host: '198.51.100.1' });

    match(table(slow, 99, false)[2] ?? '', /66\.7% .*answers some, passes all on$/);
    match(table(slow, 79)[2] ?? '', /passes all$/);
    match(table(lossy, 99, false)[3] ?? '', /33\.3% .*loses packets$/);
    match(table(lossy, 69)[3] ?? '', /loses$/);
    match(table(silent, 99, false)[2] ?? '', /\?\?\? +100% +2 +silent, passes all on$/);
  });

  s.test('labels and further addresses stand below their hop', () => {
    const path = pathOf(['amt']);
    path.hops[1]?.ips.push('192.0.2.99');

    const lines = table(path, 79);

    equal(lines.slice(3, 5), ['    192.0.2.99', '    MPLS label 16003, class 0, TTL 1']);
  });

  s.test(
    'a live picture is written over, never when it is the same, and leaves a clean end',
    async () => {
      const one = screen(true);
      const view = openTraceText(one.output, undefined);
      const path = pathOf(['aat']);

      view.draw([path]);
      view.draw([path]);
      await new Promise((resolve) => setTimeout(resolve, 110));
      view.draw([path]);
      is(one.written.length, 1);
      await new Promise((resolve) => setTimeout(resolve, 110));
      path.hops.pop();
      view.draw([path]);
      view.path(path, {});
      view.end();
      view.end();

      const text = one.text();
      ok(text.startsWith(HIDE_CURSOR) && text.endsWith(SHOW_CURSOR));
      equal([text.split(HIDE_CURSOR).length, text.split(SHOW_CURSOR).length], [2, 2]);
      // Four lines up for the second picture, three for what is left at the end.
      match(one.written[1] ?? '', '\u001b[4A\r');
      match(one.written[2] ?? '', '\u001b[3A\r\u001b[J');
    },
  );

  s.test('a terminal that became narrower has folded lines, and they are counted', async () => {
    const one = screen(true, 80);
    const view = openTraceText(one.output, undefined);
    const path = pathOf(['aat']);

    view.draw([path]);
    one.output.columns = 40;
    await new Promise((resolve) => setTimeout(resolve, 110));
    view.draw([path]);

    match(one.written[1] ?? '', '\u001b[8A\r');
  });

  s.test('more hosts than rows: whole tables, and how many are not shown', () => {
    const one = screen(true, 80, 12);
    const view = openTraceText(one.output, undefined);

    view.draw([pathOf(['aat']), pathOf(['aat']), pathOf(['aat']), pathOf(['aat'])]);

    const lines = one.text().trimEnd().split('\n');
    ok(lines.length <= 12, `${lines.length}`);
    match(one.text(), /and 2 more/);
  });

  s.test('without a terminal there is no control character', () => {
    const one = screen(false);
    const view = openTraceText(one.output, undefined);

    view.draw([pathOf(['aat'])]);
    view.error('bad\u001b[2J', 'a\u0007b');
    view.path(pathOf(['aat']), {});
    view.end();

    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is about these
    is(/[\u0000-\u0009\u000b-\u001f]/.test(one.text()), false);
    is(one.text().trimEnd().split('\n').length, 5);
  });

  s.test('JSON is a line for each hop and one for the path, and nothing else', () => {
    const one = screen(true);
    const view = openTraceJson(one.output, undefined);

    view.draw([pathOf(['aat'])]);
    view.error('x', 'no such name');
    view.path(pathOf(['aat']), {});
    view.end();

    const types = one
      .text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).type);
    equal(types, ['error', 'hop', 'hop', 'hop', 'path']);
  });
});
