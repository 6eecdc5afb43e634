import * as assert from 'uvu/assert';
import { decode } from '../../../src/core/codec.ts';
import { answerError, jsonList, packedList } from '../../../src/probe/api/answer.ts';
import { suite } from '../../helper.ts';

suite('api-answer', ({ test }) => {
  test('a JSON list is what the whole object would be, whatever is around it', () => {
    for (const head of [{}, { a: 1 }]) {
      for (const tail of [{}, { next: null }]) {
        for (const items of [[], [1], [{ x: 'y' }, null, 'z']]) {
          const text = [...jsonList({ head, key: 'items', items, tail })].join('');
          assert.equal(JSON.parse(text), { ...head, items, ...tail });
          assert.is(text.at(-1), '\n');
        }
      }
    }
  });

  test('a msgpack list is what the whole object would be', () => {
    for (const next of [null, 'abc']) {
      for (const items of [[], Array.from({ length: 70_000 }, (_, index) => ({ index }))]) {
        const parts = packedList({ key: 'rounds', items, next });
        assert.equal(decode(Buffer.concat([...parts])), { rounds: items, next });
      }
    }
  });

  test('an error says a code for programs and a sentence for people', () => {
    const answer = answerError(404, 'not-found', 'There is nothing here.');

    assert.is(answer.status, 404);
    const expected = { error: { code: 'not-found', message: 'There is nothing here.' } };
    assert.equal(JSON.parse(String(answer.body)), expected);
  });
});
