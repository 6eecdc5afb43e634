import * as assert from 'uvu/assert';
import type { SeriesSnapshot } from '../../../src/core/snapshot.ts';
import { renderMetrics } from '../../../src/probe/metrics/metrics.ts';
import { suite } from '../../helper.ts';
import { findValue, type ParsedSample, parseMetrics } from '../metrics-parse.ts';
import { makeCounters, makeCounts, makeSeries, makeSnapshot } from '../metrics-snapshot.ts';

// As smokeping_prober 0.6.1 prints them.
const LE_TEXTS =
  '5e-05 0.0001 0.0002 0.0004 0.0008 0.0016 0.0032 0.0064 0.0128 0.0256 0.0512 0.1024 0.2048 ' +
  '0.4096 0.8192 1.6384 3.2768 6.5536 13.1072 26.2144 +Inf';

const PER_TARGET = [
  'smokeping_requests_total',
  'smokeping_response_duration_seconds_sum',
  'smokeping_response_duration_seconds_count',
  'smokeping_response_ttl',
  'smokeping_response_duplicates_total',
  'smokeping_send_errors_total',
];

suite('metrics-smokeping', ({ test }) => {
  test('the buckets are spelled and ordered as smokeping_prober does', async () => {
    const samples = await scrape([makeSeries()]);

    const les = named(samples, 'smokeping_response_duration_seconds_bucket').map(
      (sample) => sample.labels['le'],
    );

    assert.is(les.join(' '), LE_TEXTS);
  });

  test('the buckets are cumulative and end at the count', async () => {
    const counts = makeCounts(0);
    counts[0] = 2;
    counts[8] = 5;
    counts[20] = 1;
    const samples = await scrape([makeSeries({ sparky: { counts, sumSeconds: 30.5 } })]);
    const bucket = (le: string) =>
      findValue(samples, 'smokeping_response_duration_seconds_bucket', { le });

    assert.equal(['5e-05', '0.0064', '0.0128', '26.2144', '+Inf'].map(bucket), [2, 2, 7, 7, 8]);
    assert.is(findValue(samples, 'smokeping_response_duration_seconds_count'), 8);
    assert.is(findValue(samples, 'smokeping_response_duration_seconds_sum'), 30.5);
  });

  test('all families of a target carry the same labels, to be subtracted', async () => {
    const labels = { region: 'north' };
    const samples = await scrape([
      makeSeries({ source: '192.0.2.1', tos: 46, labels }),
      makeSeries({ family: 'v6', ip: '2001:db8::1' }),
    ]);

    const expected = [
      { host: HOST, ip: '203.0.113.40', region: 'north', source: '192.0.2.1', tos: '46' },
      { host: HOST, ip: '2001:db8::1', region: '', source: '', tos: '0' },
    ];
    for (const name of PER_TARGET) {
      assert.equal(
        named(samples, name).map((sample) => sample.labels),
        expected,
        name,
      );
    }
  });

  test('a target that was never answered shows zeros, but no TTL', async () => {
    const counters = makeCounters({ sent: 0, received: 0, duplicates: 0 });
    const sparky = { counts: makeCounts(0), sumSeconds: 0 };
    const samples = await scrape([makeSeries({ counters, sparky, ttl: null })]);

    assert.is(findValue(samples, 'smokeping_requests_total'), 0);
    assert.is(findValue(samples, 'smokeping_response_duration_seconds_count'), 0);
    assert.is(findValue(samples, 'smokeping_response_duplicates_total'), 0);
    assert.is(findValue(samples, 'smokeping_response_ttl'), undefined);
  });

  test('send errors are summed over their reasons', async () => {
    const samples = await scrape([makeSeries()]);

    assert.is(findValue(samples, 'smokeping_send_errors_total'), 3);
  });

  test('targets that share all labels are summed into one series', async () => {
    const small = makeSeries({ target: 'small', ttl: null });
    const samples = await scrape([small, makeSeries({ target: 'big', ttl: 60 })]);

    assert.is(findValue(samples, 'smokeping_requests_total'), 2 * 24_391);
    assert.is(findValue(samples, 'smokeping_response_duration_seconds_count'), 2 * 24_377);
    assert.is(findValue(samples, 'smokeping_response_duration_seconds_sum'), 600.5);
    assert.is(findValue(samples, 'smokeping_response_ttl'), 60);
    assert.is(findValue(samples, 'flint_round_sent', { target: 'big' }), 30);
  });

  test('a series that was replaced gives way to the current one with the same labels', async () => {
    const old = makeSeries({ current: false });
    const now = makeSeries({ counters: makeCounters({ sent: 7 }) });

    for (const series of [
      [old, now],
      [now, old],
      [old, old, now],
    ]) {
      const samples = await scrape(series);
      assert.is(findValue(samples, 'smokeping_requests_total'), 7);
      assert.is(findValue(samples, 'flint_round_sent'), 30);
    }
  });

  test('a series that was replaced by another address stays beside it', async () => {
    const old = makeSeries({ ip: '203.0.113.39', current: false });
    const samples = await scrape([old, makeSeries()]);

    assert.is(named(samples, 'smokeping_requests_total').length, 2);
  });

  test('a name without an address has no series', async () => {
    const samples = await scrape([makeSeries({ ip: null, state: 'unresolved' })]);

    assert.is(named(samples, 'smokeping_requests_total').length, 0);
  });

  test('labels that Prometheus or smokeping_prober needs for itself are left out', async () => {
    const labels = { le: '1', __name__: 'x', host: 'y', 'no-name': 'z', good_1: 'w' };
    const [sample] = named(await scrape([makeSeries({ labels })]), 'smokeping_requests_total');

    const expected = { good_1: 'w', host: HOST, ip: '203.0.113.40', source: '', tos: '0' };
    assert.equal(sample?.labels, expected);
  });

  test('a refused or unreadable configuration is told', async () => {
    const name = 'smokeping_prober_config_last_reload_successful';
    const { config } = makeSnapshot();
    for (const [change, value] of [
      [{}, 1],
      [{ error: 'targets.0.host: must not be empty' }, 0],
      [{ readable: false }, 0],
    ] as const) {
      const snapshot = makeSnapshot({ config: { ...config, ...change } });
      const samples = parseMetrics(await renderMetrics('all', snapshot));
      assert.is(findValue(samples, name), value);
      assert.is(findValue(samples, 'flint_config_last_reload_successful'), value);
    }
  });
});

const HOST = 'a400.speedtest.example';

async function scrape(series: SeriesSnapshot[]): Promise<ParsedSample[]> {
  return parseMetrics(await renderMetrics('smokeping', makeSnapshot({ series })));
}

function named(samples: ParsedSample[], name: string): ParsedSample[] {
  return samples.filter((sample) => sample.name === name);
}
