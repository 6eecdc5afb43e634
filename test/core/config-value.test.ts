import fc from 'fast-check';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { clip, duration, isRecord, show, text, wholeNumber } from '../../src/core/config-value.ts';
import { suite } from '../helper.ts';

suite('core/config-value', ({ test }) => {
  test('shows any value in a short line without what an object holds', () => {
    assert.is(show(undefined), 'nothing');
    assert.is(show({ secret: 'x' }), 'an object');
    assert.is(show([1, 2]), 'an array of 2');
    assert.is(show('a\nb'), '"a\\nb"');
    fc.assert(
      fc.property(fc.anything(), (value) => {
        assert.ok(show(value).length <= 64);
      }),
    );
    assert.is(clip('x'.repeat(61)).length, 61);
  });

  test('tells objects of JSON from arrays and null', () => {
    assert.ok(isRecord({}));
    for (const value of [[], null, 1, 'a', undefined]) assert.not.ok(isRecord(value));
  });

  test('turns a duration within its limits into milliseconds', () => {
    const schema = duration(1000, 60_000);

    assert.is(v.parse(schema, '1m'), 60_000);
    for (const value of ['999ms', '61s', 1000, '', 'x'.repeat(17), null]) {
      const { issues } = v.safeParse(schema, value);
      assert.match(
        issues?.[0].message ?? '',
        /^expected a duration from 1s to 1m, such as "1s" but/,
      );
    }
  });

  test('gives one issue for a number, whatever is wrong with it', () => {
    const schema = wholeNumber(1, 9);

    for (const value of [0, 10, 1.5, Number.NaN, '5', null]) {
      const { issues } = v.safeParse(schema, value, { abortPipeEarly: true });
      assert.is(issues?.length, 1);
      assert.match(issues?.[0].message ?? '', /^expected a whole number from 1 to 9 but got /);
    }
  });

  test('holds text to its pattern and length', () => {
    const schema = text('letters', /^[a-z]+$/, 3);

    assert.is(v.parse(schema, 'abc'), 'abc');
    for (const value of ['abcd', 'A', '', 1]) assert.not.ok(v.safeParse(schema, value).success);
  });
});
