import * as assert from 'uvu/assert';
import type { Notice } from '../../../src/probe/page/notice.ts';
import { firstOf, foldAlike } from '../../../src/probe/page/notice-fold.ts';
import { suite } from '../../helper.ts';

const notice = (kind: Notice['kind'], title: string): Notice => ({
  kind,
  tone: 'warn',
  title,
  detail: 'd',
  target: 't',
});
const titles = (notices: readonly Notice[]): unknown[] => notices.map(({ title }) => title);

suite('probe/page/notice-fold', (s) => {
  s.test('four of a kind are told, of five the first three and a count', () => {
    const losses = ['1', '2', '3', '4', '5'].map((title) => notice('loss', title));
    assert.equal(titles(foldAlike(losses.slice(0, 4))), ['1', '2', '3', '4']);
    assert.equal(titles(foldAlike(losses)), ['1', '2', '3', '2 more lose 1\u202f% or more.']);
  });

  s.test('kinds are counted apart, and the order stays', () => {
    const mixed = ['1', '2', '3', '4', '5'].flatMap((title) => [
      notice('path', `p${title}`),
      ...(title === '2' ? [notice('loss', 'l')] : []),
    ]);
    assert.equal(titles(foldAlike(mixed)), ['p1', 'p2', 'l', 'p3', '2 more paths changed.']);
  });

  s.test('what counts the rest leads nowhere', () => {
    const last = foldAlike(Array.from({ length: 9 }, () => notice('down', 'x'))).at(-1);
    assert.equal([last?.detail, last?.target], ['', null]);
  });

  s.test('of many only those that are shown are worded', () => {
    let worded = 0;
    const made = firstOf(
      Array.from({ length: 1000 }, (_, index) => index),
      (index) => {
        worded++;
        return notice('shift', `${index}`);
      },
    );
    assert.equal(titles(made), ['0', '1', '2', '997 more have another median.']);
    assert.is(worded, 4);
  });
});
