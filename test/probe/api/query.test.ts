import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { parseEventsQuery, parseRoundsQuery } from '../../../src/probe/api/query.ts';
import { suite } from '../../helper.ts';

suite('api-query', ({ test }) => {
  test('each wrong parameter is refused by a sentence that names it', () => {
    for (const [search, sentence] of [
      ['limit=0', '"limit" must be a whole number from 1 to 10000, not "0".'],
      ['limit=10001', '"limit" must be a whole number from 1 to 10000, not "10001".'],
      ['limit=1e3', '"limit" must be a whole number from 1 to 10000, not "1e3".'],
      ['family=v5', '"family" must be v4 or v6, not "v5".'],
      ['since=yesterday', '"since" must be a time in Unix milliseconds, not "yesterday".'],
      ['until=-1', '"until" must be a time in Unix milliseconds, not "-1".'],
      ['target=', '"target" must be 1 to 253 letters, digits or . _ : @ -, not "".'],
      ['target=a/b', '"target" must be 1 to 253 letters, digits or . _ : @ -, not "a/b".'],
      ['next=%20', '"next" must be what an earlier answer gave as next, not " ".'],
      ['limit=1&limit=2', '"limit" is given more than once.'],
      ['since=2&until=1', '"since" must not be later than until (1).'],
      ['__proto__=1', '"__proto__" is not known here; known are target, family, since, until,'],
      ['x"y=1', '"x\\"y" is not known here'],
    ] as const) {
      const parsed = parseRoundsQuery(new URLSearchParams(search));
      assert.is(parsed.ok, false, search);
      if (!parsed.ok) assert.match(parsed.message, `The query parameter ${sentence}`);
    }
  });

  test('events are asked for as rounds are, but not page by page', () => {
    const good = parseEventsQuery(new URLSearchParams('family=v4&limit=5'));
    const wrong = parseEventsQuery(new URLSearchParams('next=x'));

    const query = { target: null, family: 'v4', sinceMs: null, untilMs: null, limit: 5 };
    assert.equal(good, { ok: true, query });
    assert.is(wrong.ok, false);
  });

  test('no query makes it throw, and what is accepted is within bounds', async () => {
    const key = fc.oneof(fc.constantFrom('target', 'family', 'since', 'limit'), fc.string());
    const value = fc.oneof(fc.integer().map(String), fc.string({ unit: 'binary' }));
    await fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), (pairs) => {
        const parsed = parseRoundsQuery(new URLSearchParams(pairs));
        if (!parsed.ok) return parsed.message.length < 400;
        return parsed.query.limit >= 1 && parsed.query.limit <= 10_000;
      }),
      { numRuns: 1_000, seed: 2 },
    );
  });
});
