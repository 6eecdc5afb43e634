import { equal, is, throws } from 'uvu/assert';
import * as v from 'valibot';
import { serializerCompiler, validatorCompiler } from '../../../src/control/request/validate.ts';
import { suite } from '../../helper.ts';

const PLACE = { method: 'POST', url: '/x', httpPart: 'body' };

suite('control/request/validate', (s) => {
  s.test('values come with their defaults, or with the place of what is wrong', () => {
    const schema = v.strictObject({ n: v.optional(v.number(), 1), list: v.array(v.string()) });
    const judge = validatorCompiler({ schema, ...PLACE });
    equal(judge({ list: [] }), { value: { n: 1, list: [] } });
    const { error } = judge({ list: ['a', 2], more: 1 }) as {
      error: Error & { issues: { path: string }[] };
    };
    equal(
      error.issues.map(({ path }) => path),
      ['list.1', 'more'],
    );
    is(Reflect.get(error, 'code'), 'ERR_INPUT_INVALID');
  });

  s.test('a thousand faults are told as twenty', () => {
    const judge = validatorCompiler({ schema: v.array(v.string()), ...PLACE });
    const { error } = judge(Array.from({ length: 1_000 }, () => 1)) as {
      error: Error & { issues: unknown[] };
    };
    is(error.issues.length, 20);
    is(error.message.length <= 2_000, true);
  });

  s.test('no body is an empty one, and null elsewhere is null', () => {
    const schema = v.object({});
    equal(validatorCompiler({ schema, ...PLACE })(null), { value: {} });
    const query = validatorCompiler({ schema, ...PLACE, httpPart: 'querystring' })(null);
    is('error' in (query as object), true);
  });

  s.test('what is not named does not leave', () => {
    const tell = serializerCompiler({ schema: v.object({ a: v.number() }), ...PLACE });
    is(tell({ a: 1, password: 'x' }), '{"a":1}');
    throws(() => tell({ a: 'x' }));
  });
});
