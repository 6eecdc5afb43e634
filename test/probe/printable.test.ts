import fc from 'fast-check';
import { is, ok } from 'uvu/assert';
import * as v from 'valibot';
import { line } from '../../src/core/wire.ts';
import { printable } from '../../src/probe/printable.ts';
import { suite } from '../helper.ts';

suite('probe/printable', (s) => {
  s.test('whatever comes, a report takes it', () => {
    const schema = line('a text', 40);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        ok(v.safeParse(schema, printable(text, 40)).success, JSON.stringify(text));
      }),
    );
  });

  s.test('what is printable stays, and what is too long ends in a mark', () => {
    is(printable('größer als 1 €', 40), 'größer als 1 €');
    is(printable('a\nb\u202ec', 40), 'a?b?c');
    is(printable('abcdef', 4), 'abc…');
  });
});
