import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, ok } from 'uvu/assert';
import { offsetMs, scrapeConfig } from '../../../src/board/push/scrape.ts';
import { suite } from '../../helper.ts';
import { pushSettings } from './settings.ts';

interface Job {
  job_name: string;
  scrape_interval: string;
  scrape_offset: string;
  metrics_path: string;
  params?: { authKey: string[] };
  static_configs: { targets: string[] }[];
}

const keys = { metrics: 'key-of-the-figures' };

function jobsOf(probe: string, said: object = {}): Job[] {
  const text = scrapeConfig({ probe, settings: pushSettings(said), keys });
  return (JSON.parse(text) as { scrape_configs: Job[] }).scrape_configs;
}

const missing = spawnSync('vmagent', ['-version']).error === undefined ? null : 'no vmagent here';

suite('push-scrape', ({ test, testIf }) => {
  test('the jobs are called as the dashboards of SPARKY ask for them', () => {
    equal(
      jobsOf('probe01').map(({ job_name }) => job_name),
      ['smokeping', 'path', 'flint', 'node', 'vmagent'],
    );
  });

  test('no round of 30 seconds is missed', () => {
    const [smokeping] = jobsOf('probe01');
    equal(smokeping?.scrape_interval, '15000ms');
    equal(smokeping?.metrics_path, '/metrics/smokeping');
    equal(smokeping?.static_configs, [{ targets: ['127.0.0.1:9740'] }]);
  });

  test('without node_exporter there is no such job', () => {
    equal(
      jobsOf('probe01', { nodeExporter: null }).some(({ job_name }) => job_name === 'node'),
      false,
    );
  });

  test('vmagent alone is asked with the key of its page', () => {
    for (const { job_name, params } of jobsOf('probe01')) {
      equal(params, job_name === 'vmagent' ? { authKey: [keys.metrics] } : undefined);
    }
  });

  test('a fleet spreads over the whole interval, and stays where it is', () => {
    const offsets = Array.from({ length: 1000 }, (_, index) =>
      offsetMs(`probe${index}`, 'smokeping', 15_000),
    );
    const buckets = new Array<number>(15).fill(0);
    for (const offset of offsets) {
      const index = Math.floor(offset / 1000);
      buckets[index] = (buckets[index] ?? 0) + 1;
    }
    ok(Math.min(...buckets) > 30 && Math.max(...buckets) < 120, buckets.join(' '));
    equal(offsetMs('probe1', 'smokeping', 15_000), offsets[1]);
    equal(jobsOf('probe1')[0]?.scrape_offset, `${offsets[1]}ms`);
  });

  testIf(missing, 'vmagent accepts every line of it', () => {
    const directory = mkdtempSync(join(tmpdir(), 'flint-scrape-'));
    try {
      const file = join(directory, 'scrape.json');
      writeFileSync(file, scrapeConfig({ probe: 'probe01', settings: pushSettings(), keys }));
      const words = ['-promscrape.config.dryRun', `-promscrape.config=${file}`];
      const { status, stderr } = spawnSync('vmagent', words, { encoding: 'utf8' });
      equal(status, 0, stderr);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
