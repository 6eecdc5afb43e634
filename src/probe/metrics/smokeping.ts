import { type SeriesSnapshot, SPARKY_BUCKETS } from '../../core/snapshot.ts';
import type { DaemonSnapshot } from '../snapshot.ts';
import type { TimeSlice } from '../time-slice.ts';
import { type Family, type Labels, labelSet, putHistogram, type Row } from './text.ts';

// The names, labels and spelling of smokeping_prober, so that its dashboards go on working. They
// subtract these families from each other, which matches by labels: all carry the same set.

/** What one set of labels shows; more than one series when targets share all of their labels. */
export type SmokepingItem = readonly SeriesSnapshot[];

/**
 * One row for each set of labels. A doubled series would make the whole scrape invalid, so targets
 * that only differ in what has no label here are summed. Series that were replaced and linger are
 * left out beside a current one: their counters would make a jump when they go.
 */
export async function smokepingRows(
  series: readonly SeriesSnapshot[],
  slice: TimeSlice,
): Promise<Row<SmokepingItem>[]> {
  const addressed = series.filter((one) => one.ip !== null);
  const names = labelNames(addressed);
  const rows = new Map<string, { set: Row<SmokepingItem>['set']; item: SeriesSnapshot[] }>();
  for (const one of addressed) {
    if (slice.isOver()) await slice.next();
    const set = labelSet(labelsOf(one, names));
    const row = rows.get(set.text);
    if (row === undefined) rows.set(set.text, { set, item: [one] });
    else row.item = joined(row.item, one);
  }
  return [...rows.values()];
}

export const SMOKEPING_FAMILIES: readonly Family<SmokepingItem>[] = [
  {
    ...describe('smokeping_requests_total', 'counter', 'packets'),
    help: 'Number of ping requests sent.',
    write: (item, put) => put(sum(item, (one) => one.counters.sent)),
  },
  {
    ...describe('smokeping_response_duration_seconds', 'histogram', 'seconds'),
    help: 'A histogram of latencies for ping responses that came within the timeout.',
    write(item, put) {
      const [first] = item;
      if (first === undefined) return;
      const counts = item.length === 1 ? first.sparky.counts : summedCounts(item);
      putHistogram(
        put,
        BOUNDS,
        counts,
        sum(item, (one) => one.sparky.sumSeconds),
      );
    },
  },
  {
    ...describe('smokeping_response_ttl', 'gauge', 'hops'),
    help: 'The Time To Live (TTL) of the last response; absent until one came.',
    write: (item, put) => put(item.findLast((one) => one.ttl !== null)?.ttl ?? null),
  },
  {
    ...describe('smokeping_response_duplicates_total', 'counter', 'packets'),
    help: 'The number of duplicated response packets.',
    write: (item, put) => put(sum(item, (one) => one.counters.duplicates)),
  },
  {
    ...describe('smokeping_send_errors_total', 'counter', 'packets'),
    help: 'The number of packets that the kernel refused to send.',
    write: (item, put) => put(sum(item, sendErrors)),
  },
];

/** What smokeping_prober tells about itself. */
export const SMOKEPING_PROBER_FAMILIES: readonly Family<DaemonSnapshot>[] = [
  {
    ...plain('smokeping_receive_errors_total', 'counter', 'events'),
    help: 'The number of times that the receive buffer overflowed.',
    write: (probe, put) => put(probe.engine.overflows),
  },
  {
    ...plain('smokeping_prober_errors_total', 'counter', 'events'),
    help: 'The number of probers that returned an error; always 0, a target here never gives up.',
    write: (_probe, put) => put(0),
  },
  {
    ...plain('smokeping_prober_config_last_reload_successful', 'gauge', 'boolean'),
    help: 'Whether the last configuration was accepted.',
    write: (probe, put) => put(isConfigGood(probe) ? 1 : 0),
  },
  {
    ...plain('smokeping_prober_config_last_reload_success_timestamp_seconds', 'gauge', 'seconds'),
    help: 'When the configuration in force was applied.',
    write: (probe, put) => put(probe.config.appliedMs / 1000),
  },
  {
    ...plain('smokeping_prober_build_info', 'gauge', 'info', ['version']),
    help: 'Constantly 1, labelled by the version of this probe.',
    write: (probe, put) => put(1, labelSet({ version: probe.version })),
  },
];

export function isConfigGood(probe: DaemonSnapshot): boolean {
  const isControlGood = (probe.control?.error ?? null) === null;
  return probe.config.error === null && probe.config.readable && isControlGood;
}

const BOUNDS = SPARKY_BUCKETS.map((le) => labelSet({ le }));
const FIXED_NAMES: readonly string[] = ['host', 'ip', 'source', 'tos'];

function describe(name: string, type: 'counter' | 'gauge' | 'histogram', unit: string) {
  return { name, type, unit, labels: ['host', 'ip', 'source', 'tos', 'own'] };
}

function plain(name: string, type: 'counter' | 'gauge', unit: string, labels: string[] = []) {
  return { name, type, unit, labels };
}

// Every series carries the union of all own labels, empty where a target has none of that name.
function labelNames(series: readonly SeriesSnapshot[]): string[] {
  const names = new Set(FIXED_NAMES);
  for (const one of series) {
    for (const name of Object.keys(one.labels)) if (isOwnLabel(name)) names.add(name);
  }
  return [...names].sort();
}

function isOwnLabel(name: string): boolean {
  return /^(?!__)[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name !== 'le';
}

function labelsOf(series: SeriesSnapshot, names: readonly string[]): Labels {
  const { host, source } = series;
  const fixed: Labels = { host, ip: series.ip ?? '', source, tos: String(series.tos) };
  if (names.length === FIXED_NAMES.length) return fixed;
  // A map, because a label may be called `constructor`.
  const values = new Map([...Object.entries(series.labels), ...Object.entries(fixed)]);
  return Object.fromEntries(names.map((name) => [name, values.get(name) ?? '']));
}

function joined(known: SeriesSnapshot[], next: SeriesSnapshot): SeriesSnapshot[] {
  const isKnownCurrent = known.some((one) => one.current);
  if (isKnownCurrent && !next.current) return known;
  return isKnownCurrent ? [...known, next] : [next];
}

function sum(item: SmokepingItem, read: (series: SeriesSnapshot) => number): number {
  let total = 0;
  for (const one of item) total += read(one);
  return total;
}

function summedCounts(item: SmokepingItem): number[] {
  const buckets = Array.from({ length: SPARKY_BUCKETS.length + 1 }, (_, index) => index);
  return buckets.map((index) => sum(item, (one) => one.sparky.counts[index] ?? 0));
}

function sendErrors(series: SeriesSnapshot): number {
  let total = 0;
  for (const count of Object.values(series.counters.sendErrors)) total += count;
  return total;
}
