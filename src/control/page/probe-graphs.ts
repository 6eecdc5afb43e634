// The graphs of one probe: a card a target, each family with its figures, its smoke and its path.
import { html } from 'hono/html';
import type { InferOutput } from 'valibot';
import type { ProbeDetail } from '../../core/fleet.ts';
import type { REPORTED_SERIES, ReportedRound } from '../../core/report.ts';
import { EVENT_KINDS, FAMILIES, type Family, type ProbeEvent } from '../../core/round.ts';
import { columnSpan, eventsOfSeries } from '../../graph/column.ts';
import { spanFigures } from '../../graph/figures.ts';
import { familyName, formatCount, formatPercent, formatRtt } from '../../graph/format.ts';
import { legend } from '../../graph/legend.ts';
import { formatDerived } from '../../graph/sentence.ts';
import { type Markup, smokeGraph } from '../../graph/smoke.ts';
import { lossClass } from '../../graph/smoke-path.ts';
import type { Span } from '../../graph/span.ts';
import { sentence } from '../../graph/text.ts';
import { pathLine, type ReportedPath } from './probe-path.ts';

export type ReportedSeries = InferOutput<typeof REPORTED_SERIES>;

export interface GraphsInput {
  probe: ProbeDetail;
  span: Span;
  nowMs: number;
  /** Closed rounds of the span by `family target`, oldest first. */
  rounds: ReadonlyMap<string, readonly ReportedRound[]>;
}

/** Targets that are drawn on one page. */
export const TARGETS_A_PAGE = 20;
const ROUND_MS = 30_000;

export interface ProbeTarget {
  id: string;
  series: ReportedSeries[];
  paths: ReportedPath[];
}

/** Worst first: those that are down, then those that cannot be measured, then by name. */
export function targetsOf({ measured, paths }: ProbeDetail): ProbeTarget[] {
  const targets = new Map<string, ProbeTarget>();
  const at = (id: string): ProbeTarget => {
    const target = targets.get(id) ?? { id, series: [], paths: [] };
    targets.set(id, target);
    return target;
  };
  for (const series of measured) at(series.target).series.push(series);
  for (const path of paths) at(path.target).paths.push(path);
  const rank = ({ series }: ProbeTarget): number =>
    Math.min(3, ...series.map(({ state }) => RANK[state]));
  return [...targets.values()].sort((a, b) => rank(a) - rank(b));
}

const RANK = { down: 0, unresolved: 1, measuring: 2, unavailable: 3 } as const;

export function graphCards(input: GraphsInput, targets: readonly ProbeTarget[]): Markup {
  const cards = targets.map((target, index) => targetCard(input, target, index));
  const hasLoad = [...input.rounds.values()].some((rounds) => rounds.some(({ loaded }) => loaded));
  return html`${input.rounds.size > 0 && legend({ hasLoad })}<div class="cards">${arrange(
    cards,
  ).map(({ markup }) => markup)}</div>`;
}

export function roundsKey({ target, family }: { target: string; family: Family }): string {
  return `${family} ${target}`;
}

interface Card {
  /** One with two takes a whole row. */
  panels: number;
  markup: Markup;
}

/** Of an odd number of half rows the last goes to the end, or it would leave a hole. */
function arrange(cards: readonly Card[]): Card[] {
  const halves = cards.filter(({ panels }) => panels < 2);
  const last = halves.at(-1);
  if (last === undefined || halves.length % 2 === 0) return [...cards];
  return [...cards.filter((card) => card !== last), last];
}

function targetCard(input: GraphsInput, target: ProbeTarget, index: number): Card {
  const host = (target.series[0] ?? target.paths[0])?.host ?? target.id;
  const families = FAMILIES.filter((family) =>
    [...target.series, ...target.paths].some((one) => one.family === family),
  );
  const drawn = families.filter((family) => hasPanel(input, target, family));
  const panels = drawn.map((family) => panel(input, target, family, `g${index}${family}`));
  const apart = families.filter((family) => !drawn.includes(family));
  const markup = html`<article class="card${drawn.length > 1 && ' two'}"><header><h2>${
    target.id
  }</h2>${host !== target.id && html`<span class="quiet">${host}</span>`}</header>${
    panels.length > 0 && html`<div class="panels">${panels}</div>`
  }${apart.map((family) => apartNote(target, family))}</article>`;
  return { panels: drawn.length, markup };
}

/** Something to draw, or to wait for. */
function hasPanel({ rounds }: GraphsInput, target: ProbeTarget, family: Family): boolean {
  const series = target.series.find((one) => one.family === family);
  const path = target.paths.find((one) => one.family === family);
  const isMeasured = series?.state === 'measuring' || series?.state === 'down';
  const hasRounds = (rounds.get(roundsKey({ target: target.id, family })) ?? []).length > 0;
  return isMeasured || hasRounds || (path?.state === 'tracing' && path.hops.length > 0);
}

/** A family without a graph: which, and why. */
function apartNote(target: ProbeTarget, family: Family): Markup {
  const series = target.series.find((one) => one.family === family);
  const words = series === undefined ? 'Not traced.' : (stateWords(series) ?? 'Nothing is known.');
  return html`<p class="apart"><span class="chip family">${familyName(family)}</span>${words}</p>`;
}

function panel(input: GraphsInput, target: ProbeTarget, family: Family, id: string): Markup {
  const series = target.series.find((one) => one.family === family);
  const path = target.paths.find((one) => one.family === family);
  const rounds = input.rounds.get(roundsKey({ target: target.id, family })) ?? [];
  const ip = series?.ip ?? path?.ip ?? 'no address';
  const head = html`<h3><span class="chip family">${familyName(family)}</span> ${ip}</h3>`;
  const drawn = series === undefined || rounds.length === 0 ? null : graph(input, series, id);
  return html`<section class="panel">${head}${drawn}${
    series !== undefined && note(series, rounds.length > 0)
  }${path !== undefined && pathLine(path, reportedEvents(input.probe), input.nowMs)}</section>`;
}

function graph(input: GraphsInput, series: ReportedSeries, id: string): Markup {
  const { nowMs } = input;
  const rounds = input.rounds.get(roundsKey(series)) ?? [];
  const roundMs = roundLength(rounds);
  const span = columnSpan({ nowMs, spanMs: input.span.ms, roundMs, columnsMax: 240 });
  const events = eventsOfSeries(reportedEvents(input.probe), series, span);
  const figures = spanFigures(rounds.filter(({ loaded }) => !loaded));
  const { medianNs, p99Ns, jitterNs, lossPercent, samples, exact } = figures;
  const items = [
    figure('median', medianNs === null ? null : formatRtt(medianNs)),
    figure(`p99 of ${formatCount(samples)}`, p99Ns === null ? null : formatDerived(p99Ns, exact)),
    figure('jitter', jitterNs === null ? null : formatRtt(jitterNs)),
    figure(
      `loss, ${input.span.label}`,
      lossPercent === null ? null : formatPercent(lossPercent),
      `loss-${lossClass(lossPercent)}`,
    ),
  ];
  return html`<dl class="figures">${items}</dl>${smokeGraph({
    id,
    title: `Round-trip time and loss of ${series.target} (${familyName(series.family)}), ${
      input.span.words
    }.`,
    rounds,
    events,
    figures,
    span,
    roundMs,
    heightPx: 96,
    hasTooltips: false,
  })}`;
}

/** What is newer than this control knows is in the list of events alone. */
const KINDS: readonly string[] = EVENT_KINDS;

/** Those that the probe itself told; what the control noted is no matter of graphs. */
export function reportedEvents({ events }: ProbeDetail): ProbeEvent[] {
  return events.filter(({ kind }) => KINDS.includes(kind)) as ProbeEvent[];
}

/** The shortest of them: the control does not know how the probe is configured locally. */
function roundLength(rounds: readonly ReportedRound[]): number {
  const lengths = rounds.slice(-100).map(({ fromMs, untilMs }) => untilMs - fromMs);
  return Math.max(1000, Math.min(600_000, ...lengths, lengths.length > 0 ? 600_000 : ROUND_MS));
}

function figure(name: string, value: string | null, extra = ''): Markup {
  return html`<div class="${extra}"><dt>${name}</dt><dd>${
    value ?? html`<span class="quiet">none</span>`
  }</dd></div>`;
}

/** Why there is no graph, or what one must know of it. */
function note(series: ReportedSeries, hasRounds: boolean): Markup | null {
  const words = stateWords(series);
  if (words !== null) {
    return html`<p class="note ${series.state === 'down' && 'down'}">${words}</p>`;
  }
  if (hasRounds) return null;
  return html`<p class="note">No round has arrived yet: the first one closes within 35\u202fs and
comes with the next report, a minute later at most.</p>`;
}

function stateWords({ state, reason }: ReportedSeries): string | null {
  if (state === 'down') return 'It does not answer.';
  if (state === 'unavailable') {
    const why = sentence(reason ?? 'no route', false);
    return `Not available: ${why} Nothing is sent, so nothing counts as lost.`;
  }
  if (state === 'measuring') return null;
  return `Not measured: ${sentence(reason ?? 'the name has no address', false)}`;
}
