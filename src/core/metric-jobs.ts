// Which group of the probe's metrics is scraped under which job: the names that SPARKY's dashboards
// ask for where it has them. A group that no version serves yet stands apart, because a scrape that
// is answered 404 is a target that is down.

export interface MetricJob {
  /** `/metrics/<group>` of the daemon. */
  group: string;
  job: string;
}

export const METRIC_JOBS: readonly MetricJob[] = [
  { group: 'smokeping', job: 'smokeping' },
  { group: 'path', job: 'path' },
  { group: 'self', job: 'flint' },
];

export const METRIC_JOBS_PLANNED: readonly MetricJob[] = [
  { group: 'http-v4', job: 'blackbox-http-v4' },
  { group: 'http-v6', job: 'blackbox-http-v6' },
  { group: 'throughput', job: 'iperf3' },
];
