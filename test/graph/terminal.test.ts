import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  liveLine,
  type PingFigures,
  printable,
  sparkline,
  summaryLine,
} from '../../src/graph/terminal.ts';
import { suite } from '../helper.ts';

const MS = 1e6;
const figures: PingFigures = {
  sent: 100,
  received: 99,
  lost: 1,
  minNs: 4.81 * MS,
  medianNs: 5.02 * MS,
  p99Ns: 11.3 * MS,
  maxNs: 18 * MS,
  jitterNs: 0.21 * MS,
};
const none: PingFigures = {
  sent: 0,
  received: 0,
  lost: 0,
  minNs: null,
  medianNs: null,
  p99Ns: null,
  maxNs: null,
  jitterNs: null,
};
const plain = (text: string): string => text.replaceAll('\u202f', ' ');

suite('graph/terminal', (s) => {
  s.test('slower is higher and a lost echo is a cross', () => {
    assert.is(sparkline([5 * MS, 10 * MS, null, 7.5 * MS], 10), '▁█×▅');
  });

  s.test('only the last values that fit are shown', () => {
    assert.is(sparkline([null, null, 5 * MS, 5 * MS], 2).length, 2);
    assert.is(sparkline([5 * MS], 0), '');
    assert.is(sparkline([], 10), '');
  });

  s.test('a calm line stays low', () => {
    assert.is(sparkline([8.0 * MS, 8.1 * MS, 8.05 * MS], 10), '▁▁▁');
  });

  s.test('one slow reply does not press the others flat', () => {
    const line = sparkline(
      [5, 7, 9, 5, 2000].map((ms) => ms * MS),
      10,
    );
    assert.is(line.at(-1), '█');
    assert.ok(new Set(line.slice(0, 4)).size >= 3, line);
  });

  s.test('nothing but loss is nothing but crosses', () => {
    assert.is(sparkline([null, null, null], 10), '×××');
  });

  s.test('a live line shows name, smoke, last reply and loss', () => {
    const line = liveLine({
      name: 'dns.quad9.net v4',
      nameWidth: 18,
      values: [5 * MS, null, 6 * MS],
      figures,
      width: 70,
    });
    assert.match(plain(line), /^dns\.quad9\.net v4 {2,}▁×\S\s+6\.00 ms {2}loss 1 %$/);
    assert.is(line.length, 70);
  });

  s.test('before the first reply it waits, and a lost echo is said', () => {
    const base = { name: 'a', nameWidth: 1, width: 60 };
    assert.match(liveLine({ ...base, values: [], figures: none }), /waiting {2}no result yet$/);
    assert.match(plain(liveLine({ ...base, values: [null], figures })), /lost {2}loss 1 %$/);
  });

  s.test('whatever the name and the width, a line never runs over', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 80 }),
        fc.integer({ min: 0, max: 200 }),
        fc.array(fc.option(fc.integer({ min: 1, max: 2e9 })), { maxLength: 300 }),
        (name, width, values) => {
          const line = liveLine({ name, nameWidth: name.length, values, figures, width });
          assert.ok(line.length <= width, `${line.length} > ${width}`);
        },
      ),
      { seed: 2, numRuns: 300 },
    );
  });

  s.test('the summary names counts, loss and the figures with the count behind p99', () => {
    assert.is(
      plain(summaryLine('one.one.one.one v4', figures)),
      'one.one.one.one v4: 100 sent, 99 received, loss 1 %; min 4.81 ms, median 5.02 ms, ' +
        'p99 11.3 ms of 99, max 18.0 ms, jitter 210 µs',
    );
  });

  s.test('a summary without a reply has no figures', () => {
    const silent = { ...none, sent: 5, lost: 5 };
    assert.is(plain(summaryLine('x', silent)), 'x: 5 sent, 0 received, loss 100 %');
  });

  s.test('control characters of a hostile name do not reach the terminal', () => {
    const hostile = 'a\u001b[2Jb\u202ec\u009bd\ne';
    assert.is(printable(hostile), 'a?[2Jb?c?d?e');
    assert.not.match(summaryLine(hostile, figures), /\p{Cc}/u);
  });
});
