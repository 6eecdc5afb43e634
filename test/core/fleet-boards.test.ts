import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { CANDIDATE_CHOICE, CLAIM_TOKEN, CLAIM_TOKEN_INPUT } from '../../src/core/fleet-boards.ts';
import { suite } from '../helper.ts';

const DAY_MS = 86_400_000;

suite('core/fleet-boards', ({ test }) => {
  test('a token binds one board within a month unless it is said otherwise', () => {
    assert.equal(v.parse(CLAIM_TOKEN_INPUT, { label: 'spring' }), {
      ...{ label: 'spring', probe: null, uses: 1, lifetimeMs: 30 * DAY_MS },
    });
  });

  test('a token is good for some boards and a year, not for all of them and for ever', () => {
    for (const odd of [{ uses: 0 }, { uses: 10_001 }, { lifetimeMs: 367 * DAY_MS }, { more: 1 }]) {
      assert.is(v.is(CLAIM_TOKEN_INPUT, { label: 'x', ...odd }), false, JSON.stringify(odd));
    }
  });

  test('a list of tokens tells none of them', () => {
    const row = {
      ...{ id: 1, label: 'x', probe: null, usesMax: 1, uses: 0, createdMs: 1, untilMs: 2 },
      ...{ revokedMs: null, createdBy: 'ada' },
    };
    assert.equal(v.parse(CLAIM_TOKEN, { ...row, token: 'flint_claim_x' }), row);
  });

  test('a board is chosen by its fingerprint and by nothing else', () => {
    assert.is(v.is(CANDIDATE_CHOICE, { fingerprint: '0123 4567' }), true);
    assert.is(v.is(CANDIDATE_CHOICE, { fingerprint: '0'.repeat(41) }), false);
    assert.is(v.is(CANDIDATE_CHOICE, { fingerprint: '0', id: 1 }), false);
  });
});
