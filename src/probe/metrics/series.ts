import {
  QUALITIES,
  type Round,
  RTT_FIGURES,
  type RttFigures,
  SEND_ERROR_REASONS,
} from '../../core/round.ts';
import type { SeriesSnapshot } from '../../core/snapshot.ts';
import type { TimeSlice } from '../time-slice.ts';
import { type Family, type LabelSet, labelSet, type MetricType, type Row } from './text.ts';

// What SPARKY's names lack, one row for each target and family. Counters go on for as long as a
// replaced series is exported; what describes the present is there for a current one only.

/** `round` is null when there is none, or when it is an old one of a series that was replaced. */
export interface SeriesItem {
  series: SeriesSnapshot;
  round: Round | null;
}

/** One row for each set of labels; beside a current series, one that was replaced gives way. */
export async function seriesRows(
  series: readonly SeriesSnapshot[],
  nowMs: number,
  slice: TimeSlice,
): Promise<Row<SeriesItem>[]> {
  const rows = new Map<string, Row<SeriesItem>>();
  for (const one of series) {
    if (slice.isOver()) await slice.next();
    const { family, host, ip, target } = one;
    const set = labelSet({ family, host, ip: ip ?? '', target });
    const isHidden = rows.get(set.text)?.item.series.current === true && !one.current;
    if (!isHidden)
      rows.set(set.text, { set, item: { series: one, round: shownRound(one, nowMs) } });
  }
  return [...rows.values()];
}

export const SERIES_FAMILIES: readonly Family<SeriesItem>[] = [
  roundCount('sent', 'Packets sent in the last closed round.'),
  roundCount('received', 'Packets of the last closed round that were answered in time.'),
  roundCount('lost', 'Packets of the last closed round that were not answered in time.'),
  roundCount('discarded', 'Answers of the last closed round without a usable time.'),
  roundCount('late', 'Lost packets of the last closed round answered after the timeout.'),
  roundCount('duplicates', 'Duplicate answers in the last closed round.'),
  roundCount('reordered', 'Answers out of order in the last closed round.'),
  roundCount('skipped', 'Packets of the last closed round that were not sent in time.'),
  {
    ...describe('flint_round_rtt_seconds', 'gauge', 'seconds', ['stat']),
    help: 'Round-trip time in the last closed round; absent when nothing came back.',
    write({ round }, put) {
      if (round === null || round.rttNs === null) return;
      for (const [stat, set] of STATS) put(round.rttNs[stat] / 1e9, set);
    },
  },
  {
    ...describe('flint_round_jitter_seconds', 'gauge', 'seconds'),
    help: 'Mean difference of consecutive round-trip times in the last closed round.',
    write: ({ round }, put) => put(seconds(round?.jitterNs)),
  },
  {
    ...describe('flint_round_loss_burst', 'gauge', 'packets'),
    help: 'Longest row of lost packets in the last closed round.',
    write: ({ round }, put) => put(round?.lossBurstMax ?? null),
  },
  {
    ...describe('flint_round_end_timestamp_seconds', 'gauge', 'seconds'),
    help: 'When the last closed round ended: the round that the other gauges show.',
    write: ({ round }, put) => put(round === null ? null : round.untilMs / 1000),
  },
  {
    ...describe('flint_samples_total', 'counter', 'packets', ['quality']),
    help: 'Samples by where their two time stamps were taken.',
    write({ series }, put) {
      for (const [quality, set] of QUALITY_SETS) put(series.counters.quality[quality], set);
    },
  },
  {
    ...describe('flint_send_errors_total', 'counter', 'packets', ['reason']),
    help: 'Packets that the kernel refused to send; blocked is a filter on this machine.',
    write({ series }, put) {
      for (const [reason, set] of REASON_SETS) put(series.counters.sendErrors[reason], set);
    },
  },
  total('flint_lost_total', 'lost', 'Packets that were not answered in time.'),
  total('flint_discarded_total', 'discarded', 'Answers without a usable time.'),
  total('flint_reordered_total', 'reordered', 'Answers that came out of order.'),
  total('flint_skipped_total', 'skipped', 'Packets that were not sent in time.'),
  total('flint_late_replies_total', 'late', 'Answers after the timeout.'),
  {
    ...describe('flint_outage', 'gauge', 'boolean'),
    help: 'Whether an outage goes on: at least 5 packets and 5 seconds lost in a row.',
    write: ({ series }, put) => put(whenCurrent(series, series.outages.open)),
  },
  {
    ...describe('flint_outages_total', 'counter', 'outages'),
    help: 'Outages that began.',
    write: ({ series }, put) => put(series.outages.total),
  },
  {
    ...describe('flint_outage_seconds_total', 'counter', 'seconds'),
    help: 'Time spent in outages.',
    write: ({ series }, put) => put(series.outages.seconds),
  },
  {
    ...describe('flint_family_up', 'gauge', 'boolean'),
    help: 'Whether this target can be measured in this family: it has an address and a route.',
    write: ({ series }, put) => put(whenCurrent(series, isMeasurable(series))),
  },
  {
    ...describe('flint_resolve_success', 'gauge', 'boolean'),
    help: 'Whether the last look-up of the name succeeded; absent before the first.',
    write({ series }, put) {
      const isKnown = series.resolve.ok || series.resolve.atMs !== null;
      put(isKnown ? whenCurrent(series, series.resolve.ok) : null);
    },
  },
];

const ROUND_LINGER_MS = 60_000;
const STATS = sets<keyof RttFigures>('stat', RTT_FIGURES);
const QUALITY_SETS = sets('quality', QUALITIES);
const REASON_SETS = sets('reason', SEND_ERROR_REASONS);

// The last round of a replaced series closes after it was replaced: it stays long enough to be
// pushed, and not so long that a graph shows a flat line.
function shownRound(series: SeriesSnapshot, nowMs: number): Round | null {
  const round = series.lastRound;
  if (round === null || series.current) return round;
  const lingerMs = 2 * (round.untilMs - round.fromMs) + ROUND_LINGER_MS;
  return nowMs - round.untilMs <= lingerMs ? round : null;
}

type Counts = 'sent' | 'received' | 'lost' | 'discarded' | 'late' | 'reordered' | 'skipped';

function roundCount(key: Counts | 'duplicates', help: string): Family<SeriesItem> {
  const description = describe(`flint_round_${key}`, 'gauge', 'packets');
  return { ...description, help, write: ({ round }, put) => put(round?.[key] ?? null) };
}

function total(name: string, key: Counts, help: string): Family<SeriesItem> {
  const description = describe(name, 'counter', 'packets');
  return { ...description, help, write: ({ series }, put) => put(series.counters[key]) };
}

function describe(name: string, type: MetricType, unit: string, own: readonly string[] = []) {
  return { name, type, unit, labels: ['family', 'host', 'ip', 'target', ...own] };
}

function sets<Key extends string>(name: string, keys: readonly Key[]): [Key, LabelSet][] {
  return keys.map((key) => [key, labelSet({ [name]: key })]);
}

function seconds(ns: number | null | undefined): number | null {
  return ns === null || ns === undefined ? null : ns / 1e9;
}

function whenCurrent(series: SeriesSnapshot, fact: boolean): number | null {
  if (!series.current) return null;
  return fact ? 1 : 0;
}

function isMeasurable(series: SeriesSnapshot): boolean {
  return series.state === 'measuring' || series.state === 'down';
}
