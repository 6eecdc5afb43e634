import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { parseEvent, parseRound } from '../../src/core/round-schema.ts';
import { fakeEvent, fakeRound } from '../fake/rounds.ts';
import { suite } from '../helper.ts';

const WRONG: readonly unknown[] = [undefined, Number.NaN, -1, 'x'.repeat(600), [], {}, () => 0];
const NULLABLE = ['rttNs', 'jitterNs', 'jitterRfc3550Ns', 'localQueueNs'];

suite('core/round-schema', ({ test }) => {
  test('takes a round as it is', () => {
    for (const round of [
      fakeRound(1),
      fakeRound(2, { rttNs: null, received: 0, lost: 30, jitterNs: null, localQueueNs: 12.5 }),
      fakeRound(3, { sendErrors: { blocked: 2, other: 1 }, exact: false, clock: 'unsynced' }),
    ]) {
      assert.equal(parseRound(round), round);
    }
  });

  test('refuses a round of which any field is missing or wrong', () => {
    for (const key of Object.keys(fakeRound(0))) {
      const { [key]: _, ...rest } = fakeRound(0) as unknown as Record<string, unknown>;
      assert.is(parseRound(rest), null, key);
      assert.is(parseRound({ ...rest, [key]: null }) !== null, NULLABLE.includes(key), key);
      for (const value of WRONG) {
        const mayBeEmpty = key === 'sendErrors' && isEmptyObject(value);
        if (!mayBeEmpty) assert.is(parseRound({ ...rest, [key]: value }), null, key);
      }
    }
  });

  test('looks into what a round holds', () => {
    const { rttNs, quality } = fakeRound(0);
    const wrong: object[] = [
      { rttNs: { ...rttNs, p90: null } },
      { rttNs: { ...rttNs, stddev: -0.5 } },
      { rttNs: { ...rttNs, max: Number.POSITIVE_INFINITY } },
      { quality: { ...quality, user: 1.5 } },
      { quality: { kernel: 1 } },
      { sendErrors: { unknown: 1 } },
      { sendErrors: { blocked: -1 } },
      { family: 'v5' },
      { target: '' },
      { sent: 2 ** 53 },
      { untilMs: fakeRound(0).fromMs - 1 },
    ];
    for (const part of wrong) assert.is(parseRound({ ...fakeRound(0), ...part }), null);
  });

  test('copies no other keys', () => {
    const extra = { secret: 1, ['__proto__']: { x: 1 } };
    assert.equal(parseRound({ ...fakeRound(0), ...extra }), fakeRound(0));
    assert.equal(parseEvent({ ...fakeEvent('e'), secret: 1 }), fakeEvent('e'));
  });

  test('takes an event as it is', () => {
    const start = { kind: 'start', target: null, family: null, scope: null, detail: {} } as const;
    for (const event of [fakeEvent('a'), fakeEvent('b', { untilMs: Date.now() * 2, ...start })]) {
      assert.equal(parseEvent(event), event);
    }
  });

  test('refuses an event of which any field is missing or wrong', () => {
    for (const key of Object.keys(fakeEvent('e'))) {
      const { [key]: _, ...rest } = fakeEvent('e') as unknown as Record<string, unknown>;
      assert.is(parseEvent(rest), null, key);
      for (const value of WRONG) {
        const mayBeEmpty = key === 'detail' && isEmptyObject(value);
        if (!mayBeEmpty) assert.is(parseEvent({ ...rest, [key]: value }), null, key);
      }
    }
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`k${index}`, 0]));
    for (const detail of [many, { a: {} }, { a: Number.NaN }, { a: 'x'.repeat(4097) }]) {
      assert.is(parseEvent({ ...fakeEvent('e'), detail }), null);
    }
  });

  test('never throws, whatever the value', () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom(...Object.keys(fakeRound(0))), (value, key) => {
        parseRound(value);
        parseEvent(value);
        parseRound({ ...fakeRound(0), [key]: value });
        parseEvent({ ...fakeEvent('e'), [key]: value });
      }),
      { numRuns: 3000 },
    );
  });
});

function isEmptyObject(value: unknown): boolean {
  return JSON.stringify(value) === '{}';
}
