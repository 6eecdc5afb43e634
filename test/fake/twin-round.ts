// Figures of the twin that are made when all is known: those of a round, and outages.
import type { Account, TwinProbe, TwinQuality, TwinSeries } from './twin-record.ts';

export interface RoundFigures {
  sent: number;
  received: number;
  lost: number;
  discarded: number;
  late: number;
  duplicates: number;
  reordered: number;
  skipped: number;
  sendErrors: Record<string, number>;
  quality: Record<TwinQuality, number>;
  lossBurstMax: number;
  /** min, p10, p25, median, p75, p90, max, mean, stddev; null when nothing was received. */
  figures: number[] | null;
  jitterNs: number | null;
  jitterRfc3550Ns: number | null;
  localQueueNs: number | null;
  rttNs: number[];
}

/** Probes of a series whose fate, and that of all sent before them, is known. */
export function bySend(series: TwinSeries): TwinProbe[] {
  const open = series.probes.findIndex((probe) => probe.fate === 'pending');
  return open < 0 ? series.probes : series.probes.slice(0, open);
}

export function roundFigures(account: Account, known: TwinProbe[]): RoundFigures {
  const { probes, received, late, duplicates, reordered, skipped, errors } = account;
  const rttNs = received.map((probe) => probe.rttNs ?? 0).sort((a, b) => a - b);
  const lost = probes.filter((probe) => probe.fate === 'lost').length;
  const queued = received.flatMap(({ queueNs }) => (queueNs === null ? [] : [queueNs]));
  const of = (quality: TwinQuality) => received.filter((p) => p.quality === quality).length;
  return {
    sent: probes.length,
    received: received.length,
    lost,
    // Whatever a round does not know when it closes (a clock that jumps about) is no sample.
    discarded: probes.length - received.length - lost,
    late,
    duplicates,
    reordered,
    skipped,
    sendErrors: errors,
    quality: { kernel: of('kernel'), mixed: of('mixed'), user: of('user') },
    lossBurstMax: longestBurst(probes, known),
    figures: rttNs.length === 0 ? null : figuresOf(rttNs),
    jitterNs: mean(pairsOf(probes, known)),
    jitterRfc3550Ns: account.rfcJitterNs,
    localQueueNs: mean(queued),
    rttNs,
  };
}

/** The k-th smallest of n values, k = ⌈percent · n / 100⌉. */
export function nearestRank(sorted: readonly number[], percent: number): number {
  const rank = Math.floor((percent * sorted.length + 99) / 100);
  return sorted[Math.max(1, rank) - 1] ?? Number.NaN;
}

function figuresOf(sorted: number[]): number[] {
  const ranks = [10, 25, 50, 75, 90].map((percent) => nearestRank(sorted, percent));
  const average = mean(sorted) ?? 0;
  const squares = sorted.reduce((sum, value) => sum + (value - average) ** 2, 0);
  const stddev = sorted.length > 1 ? Math.sqrt(squares / (sorted.length - 1)) : 0;
  return [sorted[0] ?? 0, ...ranks, sorted[sorted.length - 1] ?? 0, average, stddev];
}

function longestBurst(probes: TwinProbe[], known: TwinProbe[]): number {
  const isKnown = new Set(known);
  let longest = 0;
  let burst = 0;
  for (const probe of probes) {
    if (!isKnown.has(probe) || probe.fate === 'abandoned') continue;
    burst = probe.fate === 'lost' ? burst + 1 : 0;
    longest = Math.max(longest, burst);
  }
  return longest;
}

/** |RTTᵢ − RTTᵢ₋₁| of probes sent one after the other, of which the later is in `probes`. */
function pairsOf(probes: TwinProbe[], known: TwinProbe[]): number[] {
  const isOurs = new Set(probes);
  const pairs: number[] = [];
  known.forEach((probe, i) => {
    const before = known[i - 1]?.rttNs ?? null;
    if (!isOurs.has(probe) || probe.rttNs === null || before === null) return;
    pairs.push(Math.abs(probe.rttNs - before));
  });
  return pairs;
}

function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export interface TwinOutage {
  fromMs: number;
  /** Null while it goes on. */
  untilMs: number | null;
  lostWhenOpened: number;
  lost: number;
  seconds: number;
}

/** At least 5 probes and 5 s lost in a row: from the first lost send to the first answered one. */
export function outagesOf(probes: readonly TwinProbe[]): TwinOutage[] {
  const outages: TwinOutage[] = [];
  let row: TwinProbe[] = [];
  let open: TwinOutage | null = null;
  for (const probe of probes) {
    if (probe.fate === 'abandoned' || probe.fate === 'pending') continue;
    const isLost = probe.fate === 'lost';
    if (isLost) row.push(probe);
    const first = row[0];
    if (first === undefined) continue;
    const lastedNs = Number(probe.tickMono - first.tickMono);
    if (open === null && row.length >= 5 && lastedNs >= 5e9) {
      const lost = row.length;
      open = { fromMs: first.sentMs, untilMs: null, lostWhenOpened: lost, lost, seconds: 0 };
      outages.push(open);
    }
    if (open !== null) open.lost = row.length;
    if (isLost) continue;
    if (open !== null) Object.assign(open, { untilMs: probe.sentMs, seconds: lastedNs / 1e9 });
    open = null;
    row = [];
  }
  return outages;
}
