import type { ProbeEvent, Round } from '../../core/round.ts';
import type { SeriesSnapshot } from '../../core/snapshot.ts';
import { type ColumnSpan, columnSpan, eventsOfSeries, lastsUntil } from '../../graph/column.ts';
import { lossPercent, type SpanFigures, spanFigures } from '../../graph/figures.ts';
import { startSlice } from '../time-slice.ts';
import type { PageInput, Span } from './input.ts';
import { type Medians, mediansBeside } from './path-shift.ts';

// What a page knows of one series over one span, before any of it becomes HTML: sentences, order
// and panels are made of the same facts, so they cannot contradict each other.

/** Figures either side of a change of address, when there are rounds on both. */
export interface AddressChange {
  atMs: number;
  fromIp: string | null;
  toIp: string | null;
  beforeNs: number | null;
  afterNs: number | null;
}

export interface SeriesFacts {
  series: SeriesSnapshot;
  span: ColumnSpan;
  events: readonly ProbeEvent[];
  /** Without the rounds in which we loaded the line ourselves. */
  figures: SpanFigures;
  /** Percent lost in the rounds that no outage touches; null when none is known. */
  lossApart: number | null;
  /** The rounds apart from outages that lost something; null when none did. */
  lossy: { rounds: number; lost: number; firstMs: number; lastMs: number } | null;
  outages: readonly ProbeEvent[];
  outageMs: number;
  addressChange: AddressChange | null;
  /** Either side of the last change of its path. */
  pathMedians: Medians | null;
  loadedRounds: number;
  /** True when some round sent something. */
  hasRounds: boolean;
}

/** The rounds stay apart from the facts: a page keeps facts of all series, rounds of one. */
export interface Gathered {
  facts: SeriesFacts;
  rounds: readonly Round[];
}

const BESIDE_ROUNDS = 20;

/** Reads the rounds of one series and counts them. */
export async function gatherFacts(
  input: PageInput,
  series: SeriesSnapshot,
  shown: { span: Span; columnsMax: number },
): Promise<Gathered> {
  const { nowMs } = input.snapshot;
  const { roundMs } = input;
  const { columnsMax } = shown;
  const span = columnSpan({ nowMs, spanMs: shown.span.ms, roundMs, columnsMax });
  const { target, family } = series;
  const rounds = await input.rounds({
    target,
    family,
    fromMs: span.fromMs,
    untilMs: span.untilMs,
  });
  const events = eventsOfSeries(input.events, series, span);
  const facts = { ...countFacts({ span, rounds, events, nowMs }), series, span, events };
  return { facts, rounds };
}

/** The tick of the engine shares this thread: it must never wait for a whole page. */
export async function othersTurn(): Promise<void> {
  if (slice.isOver()) await slice.next();
}

const slice = startSlice();

/** The last address that the series moved to in the span, and what it did to the median. */
export function lastAddressChange(
  events: readonly ProbeEvent[],
  rounds: readonly Round[],
): AddressChange | null {
  const changes = events.filter(({ kind }) => kind === 'address');
  const last = changes.sort((a, b) => a.fromMs - b.fromMs).at(-1);
  if (last === undefined) return null;
  const before = rounds.filter(({ untilMs }) => untilMs <= last.fromMs).slice(-BESIDE_ROUNDS);
  const after = rounds.filter(({ fromMs }) => fromMs >= last.fromMs).slice(0, BESIDE_ROUNDS);
  return {
    atMs: last.fromMs,
    fromIp: detailText(last, 'from'),
    toIp: detailText(last, 'to'),
    beforeNs: spanFigures(before).medianNs,
    afterNs: spanFigures(after).medianNs,
  };
}

function lastPathMedians(events: readonly ProbeEvent[], rounds: readonly Round[]): Medians | null {
  const times = events.filter(({ kind }) => kind === 'path').map(({ fromMs }) => fromMs);
  return times.length === 0 ? null : mediansBeside(rounds, Math.max(...times));
}

/** A detail of an event as text; null when it is not there. */
export function detailText(event: ProbeEvent, name: string): string | null {
  const value = event.detail[name];
  return value === undefined || value === null ? null : String(value);
}

function countFacts(given: {
  span: ColumnSpan;
  rounds: readonly Round[];
  events: readonly ProbeEvent[];
  nowMs: number;
}) {
  const { span, rounds, events, nowMs } = given;
  const unloaded = rounds.filter((round) => !round.loaded);
  const outages = events.filter(({ kind }) => kind === 'outage');
  const apart = unloaded.filter((round) => !outages.some((outage) => touches(outage, round)));
  return {
    figures: spanFigures(unloaded),
    lossApart: lossPercent(apart.reduce(addLoss, { received: 0, lost: 0 })),
    lossy: lossyRounds(apart.filter(({ lost }) => lost > 0)),
    outages,
    outageMs: outages.reduce((total, outage) => total + within(outage, span, nowMs), 0),
    addressChange: lastAddressChange(events, unloaded),
    pathMedians: lastPathMedians(events, unloaded),
    loadedRounds: rounds.length - unloaded.length,
    hasRounds: rounds.some(({ sent }) => sent > 0),
  };
}

function lossyRounds(rounds: readonly Round[]): SeriesFacts['lossy'] {
  const [first, last] = [rounds[0], rounds.at(-1)];
  if (first === undefined || last === undefined) return null;
  const lost = rounds.reduce((total, round) => total + round.lost, 0);
  return { rounds: rounds.length, lost, firstMs: first.fromMs, lastMs: last.fromMs };
}

function addLoss(sum: { received: number; lost: number }, round: Round) {
  return { received: sum.received + round.received, lost: sum.lost + round.lost };
}

function touches(outage: ProbeEvent, round: Round): boolean {
  return (
    outage.fromMs < round.untilMs && lastsUntil(outage, Number.POSITIVE_INFINITY) >= round.fromMs
  );
}

function within(outage: ProbeEvent, span: ColumnSpan, nowMs: number): number {
  return Math.max(0, lastsUntil(outage, nowMs) - Math.max(outage.fromMs, span.fromMs));
}
