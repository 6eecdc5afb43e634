import { createHash } from 'node:crypto';
import { METRIC_JOBS } from '../../core/metric-jobs.ts';
import type { PageKeys } from './page-keys.ts';
import type { Moment } from './quiet.ts';
import type { PushSettings } from './settings.ts';

// What vmagent scrapes, as JSON, which is YAML. vmagent would derive the moment of a scrape from
// URL and labels, and these are the same on every board of a fleet: all would scrape, and push, in
// the same moment. So every job gets an offset of its own, made of the probe's name. Labels stay
// what the exporters say: the name of the probe is added by the server alone.

export interface ScrapeRequest {
  /** What tells this board from all others. */
  probe: string;
  settings: Pick<PushSettings, 'interval' | 'daemon' | 'nodeExporter' | 'port'>;
  /** Of vmagent's page, which vmagent itself scrapes. */
  keys: Pick<PageKeys, 'metrics'>;
}

interface Job {
  job: string;
  target: string;
  path: string;
  intervalMs: number;
  /** Only metrics whose whole name matches are kept. */
  keep?: string;
  /** Metrics whose whole name matches go without a job. */
  jobless?: string;
  /** The key of the page. */
  authKey?: string;
}

/** vmagent tells some 500 values of itself; these are the ones that somebody looks at. */
const VMAGENT_KEPT =
  'vmagent_remotewrite_(blocks_sent|bytes_sent|packets_dropped|requests|retries_count)_total|' +
  'vmagent_remotewrite_pending_(data_bytes|inmemory_blocks)|' +
  'vm_persistentqueue_(bytes|blocks)_(pending|dropped_total|written_total|read_total)|' +
  'vm_promscrape_(scrapes_total|scrapes_failed_total|scrapes_timed_out_total)|' +
  'process_(resident_memory_bytes|cpu_seconds_total|start_time_seconds)|vm_app_version';

const VMAGENT_INTERVAL_MS = 60_000;
const TIMEOUT_MS_MAX = 10_000;

/** The text of the scrape configuration. */
export function scrapeConfig(request: ScrapeRequest): string {
  const jobs = jobsOf(request).map((job) => describeJob(job, request.probe));
  return `${JSON.stringify({ scrape_configs: jobs }, null, 1)}\n`;
}

/** When this vmagent scrapes; of itself it may miss one. */
export function scrapeMoments({ probe, settings }: Omit<ScrapeRequest, 'keys'>): Moment[] {
  return jobsOf({ probe, settings, keys: { metrics: '' } })
    .filter(({ authKey }) => authKey === undefined)
    .map(({ job, intervalMs }) => ({
      offsetMs: offsetMs(probe, job, intervalMs),
      intervalMs,
    }));
}

/** When within its interval a job is scraped: milliseconds, the same after every restart. */
export function offsetMs(probe: string, job: string, intervalMs: number): number {
  const hash = createHash('sha256').update(`${probe}\n${job}`).digest();
  return hash.readUIntBE(0, 6) % intervalMs;
}

function jobsOf({ settings, keys }: ScrapeRequest): Job[] {
  const { interval, daemon, nodeExporter, port } = settings;
  const node = nodeExporter === null ? [] : [{ job: 'node', target: nodeExporter }];
  return [
    ...METRIC_JOBS.map(({ group, job }) => ({
      job,
      target: daemon,
      path: `/metrics/${group}`,
      intervalMs: interval,
      // As telegraf sends them.
      ...(group === 'path' ? { jobless: 'mtr_.*' } : {}),
    })),
    ...node.map((one) => ({ ...one, path: '/metrics', intervalMs: interval })),
    {
      job: 'vmagent',
      target: `127.0.0.1:${port}`,
      path: '/metrics',
      intervalMs: Math.max(interval, VMAGENT_INTERVAL_MS),
      keep: VMAGENT_KEPT,
      authKey: keys.metrics,
    },
  ];
}

function describeJob(one: Job, probe: string): object {
  const { job, target, path, intervalMs, keep, jobless, authKey } = one;
  const rules = [
    ...(keep === undefined
      ? []
      : [{ action: 'keep', source_labels: ['__name__'], regex: `${keep}|up` }]),
    ...(jobless === undefined
      ? []
      : [{ source_labels: ['__name__'], regex: jobless, target_label: 'job', replacement: '' }]),
  ];
  return {
    job_name: job,
    scrape_interval: `${intervalMs}ms`,
    scrape_timeout: `${Math.min(intervalMs, TIMEOUT_MS_MAX)}ms`,
    scrape_offset: `${offsetMs(probe, job, intervalMs)}ms`,
    metrics_path: path,
    ...(authKey === undefined ? {} : { params: { authKey: [authKey] } }),
    // The runs of a traceroute carry the time at which they ended.
    honor_timestamps: true,
    static_configs: [{ targets: [target] }],
    ...(rules.length === 0 ? {} : { metric_relabel_configs: rules }),
  };
}
