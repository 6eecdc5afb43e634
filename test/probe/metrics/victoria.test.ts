import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import { SPARKY_BUCKETS } from '../../../src/core/snapshot.ts';
import { METRICS_TYPE, renderMetrics } from '../../../src/probe/metrics/metrics.ts';
import { suite } from '../../helper.ts';
import { makeCounters, makeCounts, makeSeries, makeSnapshot } from '../metrics-snapshot.ts';
import { missingVictoria, startVictoria, type Victoria } from '../victoria.ts';

// Goal: SPARKY's dashboards show what happened. Method: a made-up probe sends 100 packets a second
// of which 75 are answered within 12.8 ms; vmagent scrapes it, and the dashboard's own expressions
// are put to victoria-metrics.

const SENT_PER_SECOND = 100;
const ANSWERED_PER_SECOND = 75;
const HOST = 'a400.speedtest.example';

suite('metrics-victoria', ({ before, after, testIf }) => {
  const missing = missingVictoria();
  let exporter: Server;
  let victoria: Victoria;

  before(async () => {
    if (missing !== null) return;
    exporter = await startExporter();
    const { port } = exporter.address() as AddressInfo;
    victoria = await startVictoria([{ job: 'smokeping', url: `http://127.0.0.1:${port}/metrics` }]);
    const count = 'count_over_time(smokeping_requests_total{ip="203.0.113.40"}[1m])';
    await victoria.until(count, ([result]) => (result?.value ?? 0) >= 4);
  });

  after(async () => {
    await victoria?.stop();
    exporter?.close();
    exporter?.closeAllConnections();
  });

  testIf(missing, 'the whole scrape is accepted', async () => {
    const [up] = await victoria.query('up{job="smokeping"}');
    const [scraped] = await victoria.query('scrape_samples_scraped{job="smokeping"}');

    assert.is(up?.value, 1);
    const text = await renderMetrics('all', snapshotAt(60));
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    assert.is(scraped?.value, lines.length);
  });

  testIf(missing, 'the list of targets of the dashboard has each host once', async () => {
    const hosts = await victoria.labelValues('smokeping_response_duration_seconds_bucket', 'host');

    assert.equal(hosts.sort(), [HOST, 'say "\\n"\\']);
  });

  testIf(missing, 'the heat map has the rate in the right bucket, with le as text', async () => {
    const buckets = `smokeping_response_duration_seconds_bucket{host="${HOST}"}`;
    const expression = `sum by(le) (rate(${buckets}[1m]))`;
    const results = await victoria.query(expression);

    const byLe = new Map(results.map((result) => [result.labels['le'], result.value]));
    assert.equal([...byLe.keys()].sort(), [...SPARKY_BUCKETS, '+Inf'].sort());
    assert.is(byLe.get('0.0064'), 0);
    assert.ok(near(byLe.get('0.0128'), 2 * ANSWERED_PER_SECOND), `${byLe.get('0.0128')}`);
    assert.is(byLe.get('+Inf'), byLe.get('0.0128'));
  });

  testIf(
    missing,
    'loss can be subtracted for each address, since the labels are equal',
    async () => {
      const matcher = `{host="${HOST}"}[1m]`;
      const sent = `rate(smokeping_requests_total${matcher})`;
      const answered = `rate(smokeping_response_duration_seconds_count${matcher})`;

      const loss = await victoria.query(`(${sent} - ${answered}) / ${sent}`);

      assert.equal(loss.map(({ labels }) => labels['ip']).sort(), ['2001:db8::40', '203.0.113.40']);
      for (const { value } of loss) assert.ok(Math.abs(value - 0.25) < 0.01, `${value}`);
    },
  );

  testIf(missing, 'the mean latency is sum by count', async () => {
    const matcher = `{host="${HOST}"}[1m]`;
    const name = 'smokeping_response_duration_seconds';

    const means = await victoria.query(
      `rate(${name}_sum${matcher}) / rate(${name}_count${matcher})`,
    );

    assert.is(means.length, 2);
    for (const { value } of means) assert.ok(Math.abs(value - 0.01) < 1e-6, `${value}`);
  });

  testIf(missing, 'round gauges carry the end of their round', async () => {
    const age = 'time() - flint_round_end_timestamp_seconds{family="v6"}';
    const [result] = await victoria.query(age);

    assert.is(result?.labels['target'], 'a400');
  });
});

function near(value: number | undefined, expected: number): boolean {
  return value !== undefined && Math.abs(value / expected - 1) < 0.02;
}

// The counters of the snapshot are those of the moment of the scrape.
async function startExporter(): Promise<Server> {
  const startMs = Date.now() - 60_000;
  const server = createServer((_request, response) => {
    renderMetrics('all', snapshotAt((Date.now() - startMs) / 1000)).then(
      (text) => response.setHeader('content-type', METRICS_TYPE).end(text),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

function snapshotAt(seconds: number) {
  const sent = Math.round(seconds * SENT_PER_SECOND);
  const received = Math.round(seconds * ANSWERED_PER_SECOND);
  const moving = {
    counters: makeCounters({ sent, received }),
    sparky: { counts: makeCounts(received), sumSeconds: received * 0.01 },
  };
  return makeSnapshot({
    series: [
      makeSeries(moving),
      makeSeries({ ...moving, family: 'v6', ip: '2001:db8::40' }),
      makeSeries({ target: 'odd', host: 'say "\\n"\\', ip: '203.0.113.41' }),
    ],
  });
}
