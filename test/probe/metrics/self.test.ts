import * as assert from 'uvu/assert';
import { renderMetrics } from '../../../src/probe/metrics/metrics.ts';
import { suite } from '../../helper.ts';
import { findValue, type ParsedSample, parseMetrics } from '../metrics-parse.ts';
import { makeSnapshot, NOW_MS } from '../metrics-snapshot.ts';

suite('metrics-self', ({ test }) => {
  test('lateness of the tick is a histogram that ends at its count', async () => {
    const samples = await scrape();
    const bucket = (le: string) =>
      findValue(samples, 'flint_engine_tick_late_seconds_bucket', { le });

    const les = ['0.001', '0.005', '0.02', '0.1', '+Inf'];
    assert.equal(les.map(bucket), [48_000, 48_800, 48_895, 48_899, 48_900]);
    assert.is(findValue(samples, 'flint_engine_tick_late_seconds_count'), 48_900);
    assert.is(findValue(samples, 'flint_engine_tick_late_seconds_sum'), 12.5);
  });

  test('the counters of the engine are there by reason and table', async () => {
    const samples = await scrape();

    assert.is(findValue(samples, 'flint_alien_packets_total', { reason: 'cookie' }), 3);
    assert.is(findValue(samples, 'flint_engine_drops_total', { table: 'outbox' }), 1);
    assert.is(findValue(samples, 'flint_socket_overflows_total'), 2);
    assert.is(findValue(samples, 'flint_clock_steps_total'), 1);
  });

  test('build, transport and process are described', async () => {
    const samples = await scrape();
    const build = { version: '0.1.0', node: process.versions.node, addon: '1' };

    assert.is(findValue(samples, 'flint_build_info', build), 1);
    assert.is(
      findValue(samples, 'flint_engine_info', { transport: 'native', stamps: 'kernel' }),
      1,
    );
    assert.is(findValue(samples, 'flint_start_time_seconds'), NOW_MS / 1000 - 24_391);
    assert.ok((findValue(samples, 'flint_process_resident_memory_bytes') ?? 0) > 1e7);
    assert.ok((findValue(samples, 'flint_process_cpu_seconds_total') ?? 0) > 0.01);
  });

  test('an unknown clock offset and an empty store have no line', async () => {
    const { store } = makeSnapshot();
    const snapshot = makeSnapshot({
      clock: { state: 'unsynced', offsetNs: null },
      store: { ...store, oldestMs: null },
    });

    const samples = parseMetrics(await renderMetrics('self', snapshot));

    assert.is(findValue(samples, 'flint_clock_synced'), 0);
    assert.is(findValue(samples, 'flint_clock_offset_seconds'), undefined);
    assert.is(findValue(samples, 'flint_store_oldest_timestamp_seconds'), undefined);
  });
});

async function scrape(): Promise<ParsedSample[]> {
  return parseMetrics(await renderMetrics('self', makeSnapshot()));
}
