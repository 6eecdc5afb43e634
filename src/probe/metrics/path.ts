import type { PathHop, PathRound } from '../../core/path.ts';
import type { PathSnapshot } from '../../core/snapshot.ts';
import type { TimeSlice } from '../time-slice.ts';
import { type Family, type LabelSet, labelSet, type MetricType, type Row } from './text.ts';

// Two views of paths. `mtr_v4_*` and `mtr_v6_*` are what telegraf made of mtr's report, in names,
// labels, units and spelling, each line with the time of its trace; `flint_path_*` is what these do
// not say. A trace that is old is no news and is left out.

/** One hop of one path; `ip` is its label. */
export interface MtrItem {
  round: PathRound;
  hop: PathHop;
}

/** `hop` is null on the row of the whole path. */
export interface PathItem {
  path: PathSnapshot;
  hop: PathHop | null;
}

export async function mtrRows(
  paths: readonly PathSnapshot[],
  family: 'v4' | 'v6',
  { hostname, nowMs, slice }: { hostname: string; nowMs: number; slice: TimeSlice },
): Promise<Row<MtrItem>[]> {
  const rows: Row<MtrItem>[] = [];
  const dests = new Set<string>();
  for (const path of paths) {
    if (slice.isOver()) await slice.next();
    const round = currentRound(path, nowMs);
    // Targets that differ in what has no label here would make the whole scrape invalid, and hops
    // of two of them no path: the first is the one.
    if (path.family !== family || round === null || dests.has(path.host)) continue;
    dests.add(path.host);
    for (const hop of round.hops) {
      const ip = addressLabel(path, hop);
      const labels = { dest: path.host, hop: String(hop.ttl), host: hostname, ip, db: 'telegraf' };
      rows.push({ set: labelSet(labels), item: { round, hop }, timestampMs: round.untilMs });
    }
  }
  return rows;
}

/**
 * The address that the path is known to have at this TTL: one that is seen once, or one of many
 * that a router answers from, would make a new series each time. Where it knows none, the last
 * router may say of what lies behind it that it is not there.
 */
function addressLabel({ path, ip }: PathSnapshot, hop: PathHop): string {
  if (hop.received === 0 || path === null) return SILENT;
  const known = path.hops.find(({ ttl }) => ttl === hop.ttl)?.ip ?? null;
  if (known !== null) return known;
  const isOnPath = hop.ip === ip || path.hops.some((other) => other.ip === hop.ip);
  return isOnPath ? (hop.ip ?? SILENT) : SILENT;
}

/** As mtr shows a hop that did not answer. */
const SILENT = '???';

export const MTR_FAMILIES: Readonly<Record<'v4' | 'v6', readonly Family<MtrItem>[]>> = {
  v4: mtrFamilies('v4'),
  v6: mtrFamilies('v6'),
};

function mtrFamilies(family: 'v4' | 'v6'): Family<MtrItem>[] {
  const of = (field: string, unit: string, help: string, read: (item: MtrItem) => number) => ({
    ...describe(`mtr_${family}_${field}`, 'gauge', unit, ['db', 'dest', 'hop', 'host', 'ip']),
    help,
    write: (item: MtrItem, put: (value: number) => void) => put(read(item)),
  });
  const ms = (key: 'avg' | 'best' | 'worst' | 'stdev') => (item: MtrItem) =>
    (item.hop.rttNs?.[key] ?? 0) / 1e6;
  return [
    of('avg', 'milliseconds', 'Mean round-trip time to the hop; 0 when it was silent.', ms('avg')),
    of('best', 'milliseconds', 'Least round-trip time to the hop.', ms('best')),
    of(
      'loss',
      'percent',
      'Probes that the hop did not answer; a router may be silent and lose none.',
      ({ hop }) => hop.lossPercent ?? 100,
    ),
    of('snt', 'packets', 'Probes sent to the hop.', ({ hop }) => hop.sent),
    of('status', 'none', 'Always 0: how a database reads the text OK.', () => 0),
    of('stdev', 'milliseconds', 'Standard deviation of the round-trip times.', ms('stdev')),
    of('worst', 'milliseconds', 'Greatest round-trip time to the hop.', ms('worst')),
  ];
}

/** One row for each path, then one for each of its hops. */
export async function pathRows(
  paths: readonly PathSnapshot[],
  nowMs: number,
  slice: TimeSlice,
): Promise<Row<PathItem>[]> {
  const rows: Row<PathItem>[] = [];
  for (const path of paths) {
    if (slice.isOver()) await slice.next();
    const { family, host, ip, target, protocol } = path;
    const labels = { family, host, ip: ip ?? '', protocol, target };
    rows.push({ set: labelSet(labels), item: { path, hop: null } });
    for (const hop of currentRound(path, nowMs)?.hops ?? []) {
      rows.push({ set: labelSet({ ...labels, ttl: String(hop.ttl) }), item: { path, hop } });
    }
  }
  return rows;
}

export const PATH_FAMILIES: readonly Family<PathItem>[] = [
  ofPath('flint_path_up', 'gauge', 'boolean', 'Whether the path can be traced.', (path) =>
    path.state === 'tracing' ? 1 : 0,
  ),
  ofPath('flint_path_reached', 'gauge', 'boolean', 'Whether the target answered.', (path) =>
    path.lastRound === null ? null : Number(path.lastRound.reached),
  ),
  ofPath('flint_path_hops', 'gauge', 'hops', 'Length of the merged path.', (path) =>
    path.path === null ? null : path.path.hops.length,
  ),
  {
    ...describe('flint_path_info', 'gauge', 'info', ['hash']),
    help: 'Constantly 1, labelled by the identity of the path: a hash of its hops.',
    write: ({ path, hop }, put) => {
      if (hop === null && path.path !== null) put(1, labelSet({ hash: path.path.hash }));
    },
  },
  ofPath(
    'flint_path_changes_total',
    'counter',
    'changes',
    'Changes of the path.',
    (path) => path.changesTotal,
  ),
  ofPath(
    'flint_path_since_timestamp_seconds',
    'gauge',
    'seconds',
    'Since when the path has been what it is, as far as is known.',
    (path) => (path.sinceMs === null ? null : path.sinceMs / 1000),
  ),
  ofPath('flint_path_traces_total', 'counter', 'traces', 'Traces made.', (path) => path.traces),
  ofPath(
    'flint_path_skipped_total',
    'counter',
    'traces',
    'Turns left out because the traces before were not done.',
    (path) => path.skipped,
  ),
  ofPath('flint_path_probes_total', 'counter', 'packets', 'Probes sent.', (path) => path.probes),
  ofPath(
    'flint_path_round_end_timestamp_seconds',
    'gauge',
    'seconds',
    'When the last trace ended.',
    (path) => (path.lastRound === null ? null : path.lastRound.untilMs / 1000),
  ),
  {
    ...describe('flint_path_hop_loss_ratio', 'gauge', 'ratio', ['ttl']),
    help: 'Share of packets lost on the way to the hop over ten rounds; absent while unknown.',
    write: ({ hop }, put) => {
      if (hop === null || hop.pathLossPercent === null) return;
      put(hop.pathLossPercent / 100);
    },
  },
  {
    ...describe('flint_path_hop_loss_kind', 'gauge', 'boolean', ['ttl', 'kind']),
    help: 'Constantly 1, labelled by whose loss it is: none, forwarding, silent, unknown.',
    write: ({ hop }, put) => {
      if (hop !== null) put(1, KINDS.get(hop.lossKind));
    },
  },
];

const ROUND_LINGER_MS = 60_000;
const KINDS: ReadonlyMap<string, LabelSet> = new Map(
  ['none', 'forwarding', 'silent', 'unknown'].map((kind) => [kind, labelSet({ kind })]),
);

function currentRound(path: PathSnapshot, nowMs: number): PathRound | null {
  const { lastRound, intervalMs } = path;
  if (lastRound === null) return null;
  return nowMs - lastRound.untilMs <= 2 * intervalMs + ROUND_LINGER_MS ? lastRound : null;
}

function ofPath(
  name: string,
  type: MetricType,
  unit: string,
  help: string,
  read: (path: PathSnapshot) => number | null,
): Family<PathItem> {
  return {
    ...describe(name, type, unit, []),
    help,
    write: ({ path, hop }, put) => {
      if (hop === null) put(read(path));
    },
  };
}

function describe(name: string, type: MetricType, unit: string, own: readonly string[]) {
  const isMtr = name.startsWith('mtr_');
  const labels = isMtr ? own : ['family', 'host', 'ip', 'protocol', 'target', ...own];
  return { name, type, unit, labels };
}
