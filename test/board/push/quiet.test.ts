import { equal, ok } from 'uvu/assert';
import { awaitQuiet, type Moment, untilQuietMs } from '../../../src/board/push/quiet.ts';
import { scrapeMoments } from '../../../src/board/push/scrape.ts';
import { suite } from '../../helper.ts';
import { pushSettings } from './settings.ts';

const NOW_MS = 1_800_000_000_000;

/** From `startMs` to the next scrape. */
function pauseMs(moments: readonly Moment[], startMs: number): number {
  return Math.min(
    ...moments.map(({ offsetMs, intervalMs }) => {
      const sinceMs = (((startMs - offsetMs) % intervalMs) + intervalMs) % intervalMs;
      return sinceMs === 0 ? 0 : intervalMs - sinceMs;
    }),
  );
}

suite('push-quiet', ({ test }) => {
  test('a pause that is long enough is taken at once', () => {
    equal(untilQuietMs([{ offsetMs: 4_000, intervalMs: 15_000 }], NOW_MS), 0);
  });

  test('else the next one that is', () => {
    const moments = [
      { offsetMs: 1_000, intervalMs: 15_000 },
      { offsetMs: 2_000, intervalMs: 15_000 },
    ];
    equal(untilQuietMs(moments, NOW_MS), 2_500);
  });

  test('one that is just scraped is not cut off', () => {
    equal(untilQuietMs([{ offsetMs: 0, intervalMs: 15_000 }], NOW_MS + 100), 400);
  });

  test('without a scrape there is nothing to wait for', () => {
    equal(untilQuietMs([], NOW_MS), 0);
  });

  test('every board of a fleet finds a second in which nothing is scraped, and soon', () => {
    for (const interval of ['5s', '15s', '5m']) {
      for (let probe = 0; probe < 300; probe++) {
        const settings = pushSettings({ interval });
        const moments = scrapeMoments({ probe: `probe${probe}`, settings });
        const nowMs = NOW_MS + probe * 37;
        const waitMs = untilQuietMs(moments, nowMs);
        ok(waitMs >= 0 && waitMs <= 20_000, `${interval} ${waitMs}`);
        const pause = pauseMs(moments, nowMs + waitMs);
        ok(pause >= 750, `${interval} probe${probe}: ${pause} ms after ${waitMs} ms`);
      }
    }
  });

  test('whoever is told to end does not wait', async () => {
    const stop = new AbortController();
    const moments = [{ offsetMs: 0, intervalMs: 15_000 }];
    const waiting = awaitQuiet(moments, stop.signal, () => NOW_MS + 14_999);
    stop.abort();
    await waiting;
    await awaitQuiet(moments, stop.signal, () => NOW_MS + 14_999);
  });
});
