import * as assert from 'uvu/assert';
import type { SeriesSnapshot } from '../../../src/core/snapshot.ts';
import { renderMetrics } from '../../../src/probe/metrics/metrics.ts';
import { suite } from '../../helper.ts';
import { findValue, type ParsedSample, parseMetrics } from '../metrics-parse.ts';
import { makeRound, makeSeries, makeSnapshot, NOW_MS } from '../metrics-snapshot.ts';

suite('metrics-series', ({ test }) => {
  test('the last closed round is shown with its figures in base units', async () => {
    const samples = await scrape([makeSeries()]);
    const keys = ['sent', 'received', 'lost', 'discarded', 'late', 'duplicates', 'reordered'];
    const rtt = (stat: string) => findValue(samples, 'flint_round_rtt_seconds', { stat });

    const counts = keys.map((key) => findValue(samples, `flint_round_${key}`));
    assert.equal(counts, [30, 28, 1, 1, 1, 2, 3]);
    assert.is(rtt('min'), 0.011000001);
    assert.is(rtt('median'), 0.012345678);
    assert.is(findValue(samples, 'flint_round_jitter_seconds'), 0.00015);
    assert.is(findValue(samples, 'flint_round_end_timestamp_seconds'), NOW_MS / 1000 - 10);
  });

  test('what a round does not know has no line', async () => {
    const lastRound = makeRound({ rttNs: null, jitterNs: null, received: 0 });
    const samples = await scrape([makeSeries({ lastRound })]);

    assert.is(findValue(samples, 'flint_round_received'), 0);
    assert.is(findValue(samples, 'flint_round_jitter_seconds'), undefined);
    assert.is(
      samples.some(({ name }) => name === 'flint_round_rtt_seconds'),
      false,
    );
  });

  test('a figure that is not a number has no line', async () => {
    const lastRound = makeRound({ jitterNs: Number.NaN, sent: Number.POSITIVE_INFINITY });
    const samples = await scrape([makeSeries({ lastRound })]);

    assert.is(findValue(samples, 'flint_round_jitter_seconds'), undefined);
    assert.is(findValue(samples, 'flint_round_sent'), undefined);
  });

  test('before the first round there are counters only', async () => {
    const samples = await scrape([makeSeries({ lastRound: null })]);

    assert.is(
      samples.some(({ name }) => name.startsWith('flint_round_')),
      false,
    );
    assert.is(findValue(samples, 'flint_skipped_total'), 8);
  });

  test('counters are split by quality and reason, zeros included', async () => {
    const samples = await scrape([makeSeries()]);

    assert.is(findValue(samples, 'flint_samples_total', { quality: 'kernel' }), 24_300);
    assert.is(findValue(samples, 'flint_samples_total', { quality: 'hardware' }), 0);
    assert.is(findValue(samples, 'flint_send_errors_total', { reason: 'unreachable' }), 2);
    assert.is(findValue(samples, 'flint_send_errors_total', { reason: 'other' }), 0);
    assert.is(findValue(samples, 'flint_late_replies_total'), 5);
  });

  test('an outage, an unusable family and a dead name can be told apart', async () => {
    const outages = { open: true, total: 3, seconds: 9.5 };
    const resolve = { ok: false, atMs: NOW_MS };
    const samples = await scrape([
      makeSeries({ target: 'down', state: 'down', outages }),
      makeSeries({ target: 'none', state: 'unavailable', ip: null }),
      makeSeries({ target: 'dead', state: 'unresolved', ip: null, resolve }),
    ]);
    const facts = (target: string) =>
      ['flint_outage', 'flint_family_up', 'flint_resolve_success'].map((name) =>
        findValue(samples, name, { target }),
      );

    assert.equal(facts('down'), [1, 1, 1]);
    assert.equal(facts('none'), [0, 0, 1]);
    assert.equal(facts('dead'), [0, 0, 0]);
    assert.is(findValue(samples, 'flint_outage_seconds_total', { target: 'down' }), 9.5);
  });

  test('a look-up that was never tried neither succeeded nor failed', async () => {
    const samples = await scrape([makeSeries({ resolve: { ok: false, atMs: null } })]);

    assert.is(findValue(samples, 'flint_resolve_success'), undefined);
  });

  test('a replaced series keeps its counters, and its last round until it was pushed', async () => {
    const ip = '203.0.113.39';
    const fresh = makeSeries({ ip, current: false });
    const lastRound = makeRound({ untilMs: NOW_MS - 121_000, fromMs: NOW_MS - 151_000 });
    const stale = makeSeries({ ip, current: false, lastRound });

    const early = await scrape([fresh, makeSeries()]);
    const later = await scrape([stale, makeSeries()]);

    assert.is(findValue(early, 'flint_round_sent', { ip }), 30);
    assert.is(findValue(later, 'flint_round_sent', { ip }), undefined);
    assert.is(findValue(later, 'flint_lost_total', { ip }), 12);
    assert.is(findValue(later, 'flint_outage', { ip }), undefined);
    assert.is(findValue(later, 'flint_family_up', { ip }), undefined);
  });
});

async function scrape(series: SeriesSnapshot[]): Promise<ParsedSample[]> {
  return parseMetrics(await renderMetrics('smokeping', makeSnapshot({ series })));
}
