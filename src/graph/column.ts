import type { ProbeEvent, Round, RttFigures } from '../core/round.ts';
import { lossPercent } from './figures.ts';
import { weightedMedian } from './weighted-median.ts';

// A graph shows columns of equal width in time: one round each while they fit, several rounds each
// on a long span. Columns start on multiples of their own width in Unix time, so that a page that
// is drawn again shows the same columns, moved.

/** What a graph needs of a round; those of a report are such too. */
export type GraphRound = Pick<
  Round,
  'fromMs' | 'untilMs' | 'loaded' | 'sent' | 'received' | 'lost' | 'exact' | 'rttNs' | 'jitterNs'
>;

/**
 * `answered`: there are figures. `lost`: echoes were sent and none came back. `unknown`: a round
 * exists and says nothing of the path (nothing was sent, or all of it was discarded). `missing`: we
 * have no round. `pending`: the rounds of this time cannot have closed yet.
 */
export type ColumnState = 'answered' | 'lost' | 'unknown' | 'missing' | 'pending';

/** The figures a graph draws, in nanoseconds. */
export type ColumnFigures = Pick<
  RttFigures,
  'min' | 'p10' | 'p25' | 'median' | 'p75' | 'p90' | 'max'
>;

export interface Column {
  state: ColumnState;
  rttNs: ColumnFigures | null;
  sent: number;
  received: number;
  lost: number;
  /** Null while the fate of no echo is known. */
  lossPercent: number | null;
  /** True when the figures are of rounds in which a test of our own loaded the line. */
  loaded: boolean;
}

/** A window in Unix milliseconds, cut into columns of `columnMs`. */
export interface ColumnSpan {
  fromMs: number;
  untilMs: number;
  columnMs: number;
}

/**
 * The columns that end with the one in which `nowMs` lies: `spanMs` of them, `columnsMax` at most.
 */
export function columnSpan(input: {
  nowMs: number;
  spanMs: number;
  roundMs: number;
  columnsMax: number;
}): ColumnSpan {
  const roundsInSpan = input.spanMs / input.roundMs;
  const columnMs = input.roundMs * Math.max(1, Math.ceil(roundsInSpan / input.columnsMax));
  const untilMs = (Math.floor(input.nowMs / columnMs) + 1) * columnMs;
  return { fromMs: untilMs - Math.ceil(input.spanMs / columnMs) * columnMs, untilMs, columnMs };
}

/** A round belongs to the column in which its middle lies; rounds outside the span are left out. */
export function columnsOf(
  rounds: readonly GraphRound[],
  span: ColumnSpan,
  roundMs: number,
): Column[] {
  const count = Math.max(0, Math.round((span.untilMs - span.fromMs) / span.columnMs));
  const groups: GraphRound[][] = Array.from({ length: count }, () => []);
  for (const round of rounds) {
    const middleMs = (round.fromMs + round.untilMs) / 2;
    groups[Math.floor((middleMs - span.fromMs) / span.columnMs)]?.push(round);
  }
  const columns = groups.map(mergeRounds);
  markPending(columns, span, roundMs);
  return columns;
}

/**
 * Of one series' events those that overlap the span: its own and those of the whole probe. Left out
 * are refused configurations, which change nothing on the wire, and the outage of the whole line:
 * every series that it silenced has its own part of it, with its own end.
 */
export function eventsOfSeries(
  events: readonly ProbeEvent[],
  series: { target: string; family: string },
  span: { fromMs: number; untilMs: number },
): ProbeEvent[] {
  return events.filter(
    (event) =>
      event.kind !== 'config' &&
      !(event.kind === 'outage' && event.target === null) &&
      (event.target === null || event.target === series.target) &&
      (event.family === null || event.family === series.family) &&
      event.fromMs < span.untilMs &&
      lastsUntil(event, span.untilMs) >= span.fromMs,
  );
}

/** The end of an event; one that goes on lasts to the end of the picture. */
export function lastsUntil(event: ProbeEvent, openUntilMs: number): number {
  if (event.kind !== 'outage') return event.untilMs ?? event.fromMs;
  return event.untilMs ?? openUntilMs;
}

/** Rounds at the end may still be open: three of them, or what falls into one column. */
function markPending(columns: Column[], span: ColumnSpan, roundMs: number): void {
  const most = Math.max(1, Math.ceil((3 * roundMs) / span.columnMs));
  let index = columns.length - 1;
  while (index >= 0 && columns[index]?.state === 'missing') index--;
  const trailing = columns.slice(index + 1);
  if (trailing.length > most) return;
  for (const column of trailing) column.state = 'pending';
}

/**
 * Minimum and maximum merge exactly. The quantiles between do not: each becomes the median of the
 * rounds' own, weighted by their replies, which keeps their order and is not moved by one bad
 * round. Where a column holds both, rounds under our own load are left out of it.
 */
function mergeRounds(all: readonly GraphRound[]): Column {
  const isLoaded = all.some((round) => round.loaded);
  const unloaded = isLoaded ? all.filter((round) => !round.loaded) : all;
  const rounds = unloaded.length > 0 ? unloaded : all;
  const sum = { sent: 0, received: 0, lost: 0 };
  for (const round of rounds) {
    sum.sent += round.sent;
    sum.received += round.received;
    sum.lost += round.lost;
  }
  const rttNs = mergeFigures(rounds);
  // Each field by name: a spread here is most of the cost of a column.
  return {
    state: stateOf(rounds.length, rttNs, sum.lost),
    rttNs,
    sent: sum.sent,
    received: sum.received,
    lost: sum.lost,
    lossPercent: lossPercent(sum),
    loaded: unloaded.length === 0 && all.length > 0,
  };
}

function stateOf(rounds: number, rttNs: ColumnFigures | null, lost: number): ColumnState {
  if (rounds === 0) return 'missing';
  if (rttNs !== null) return 'answered';
  return lost > 0 ? 'lost' : 'unknown';
}

function mergeFigures(rounds: readonly GraphRound[]): ColumnFigures | null {
  const figures: RttFigures[] = [];
  const weights: number[] = [];
  for (const { rttNs, received } of rounds) {
    if (rttNs === null) continue;
    figures.push(rttNs);
    weights.push(received);
  }
  const [first] = figures;
  if (first === undefined || figures.length === 1) return first ?? null;
  let { min, max } = first;
  for (const rttNs of figures) {
    if (rttNs.min < min) min = rttNs.min;
    if (rttNs.max > max) max = rttNs.max;
  }
  const middle = (figure: keyof ColumnFigures): number => {
    const values = figures.map((rttNs) => rttNs[figure]);
    return weightedMedian(values, [...weights]);
  };
  return {
    min,
    p10: middle('p10'),
    p25: middle('p25'),
    median: middle('median'),
    p75: middle('p75'),
    p90: middle('p90'),
    max,
  };
}
