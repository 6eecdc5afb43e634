import { equal, is, ok } from 'uvu/assert';
import { openBackoff, RETRY_AFTER_MS_MAX } from '../../src/board/backoff.ts';
import { suite } from '../helper.ts';

const BOUNDS = { firstMs: 2_000, mostMs: 300_000 };

suite('board/backoff', ({ test }) => {
  test('doubles its ceiling up to the most, and begins again after a reset', () => {
    const backoff = openBackoff({ ...BOUNDS, random: () => 1 - Number.EPSILON });
    const seconds = Array.from({ length: 10 }, () => Math.round(backoff.nextMs(null) / 1000));

    equal(seconds, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    backoff.reset();
    is(Math.round(backoff.nextMs(null)), 2_000);
  });

  test('jitters over the whole span, but never waits for nothing, even after years', () => {
    const backoff = openBackoff({ ...BOUNDS, random: Math.random });
    for (let i = 0; i < 20; i++) backoff.nextMs(null);
    const waits = Array.from({ length: 2000 }, () => backoff.nextMs(null));

    ok(Math.min(...waits) >= 500);
    ok(Math.min(...waits) < 15_000);
    ok(Math.max(...waits) > 285_000 && Math.max(...waits) <= 300_000);
  });

  test('keeps to what the other side asks for, within bounds, and spreads', () => {
    const still = openBackoff({ ...BOUNDS, random: () => 0 });
    const spread = openBackoff({ ...BOUNDS, random: () => 0.5 });

    is(still.nextMs(60_000), 60_000);
    is(spread.nextMs(60_000), 66_000);
    is(still.nextMs(1e12), RETRY_AFTER_MS_MAX);
    is(still.nextMs(0), 500);
    is(still.nextMs(-5), 500);
  });
});
