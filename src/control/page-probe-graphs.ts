// The graphs of one probe: a card a target, each family with its figures, its smoke and its path.
import { html } from 'hono/html';
import type { InferOutput } from 'valibot';
import type { ProbeDetail } from '../core/fleet.ts';
import type { REPORTED_PATH, REPORTED_SERIES, ReportedRound } from '../core/report.ts';
import type { Family, ProbeEvent } from '../core/round.ts';
import { columnSpan, eventsOfSeries } from '../graph/column.ts';
import { spanFigures } from '../graph/figures.ts';
import {
  familyName,
  formatCount,
  formatDuration,
  formatPercent,
  formatRtt,
} from '../graph/format.ts';
import { hopStrip } from '../graph/hop-strip.ts';
import { legend } from '../graph/legend.ts';
import { formatDerived } from '../graph/sentence.ts';
import { type Markup, smokeGraph } from '../graph/smoke.ts';
import { lossClass } from '../graph/smoke-path.ts';
import type { Span } from '../graph/span.ts';
import { sentence, type Text, timeTag } from '../graph/text.ts';

export type ReportedSeries = InferOutput<typeof REPORTED_SERIES>;
export type ReportedPath = InferOutput<typeof REPORTED_PATH>;

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
const FRESH_MS = 86_400_000;

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
  return html`${input.rounds.size > 0 && legend({ hasLoad })}<div class="cards">${cards}</div>`;
}

export function roundsKey({ target, family }: { target: string; family: Family }): string {
  return `${family} ${target}`;
}

function targetCard(input: GraphsInput, target: ProbeTarget, index: number): Markup {
  const host = (target.series[0] ?? target.paths[0])?.host ?? target.id;
  const families = (['v4', 'v6'] as const).filter((family) =>
    [...target.series, ...target.paths].some((one) => one.family === family),
  );
  const panels = families.map((family) => panel(input, target, family, `g${index}${family}`));
  return html`<article class="card${families.length > 1 && ' two'}"><header><h2>${target.id}</h2>${
    host !== target.id && html`<span class="quiet">${host}</span>`
  }</header><div class="panels">${panels}</div></article>`;
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
  }${path !== undefined && pathLine(path, input)}</section>`;
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

/** Those that the probe itself told; what the control noted is no matter of graphs. */
export function reportedEvents({ events }: ProbeDetail): ProbeEvent[] {
  return events.filter(({ kind }) => kind !== 'foreign-key') as ProbeEvent[];
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
function note({ state, reason }: ReportedSeries, hasRounds: boolean): Markup | null {
  if (state === 'down') return html`<p class="note down">It does not answer.</p>`;
  if (state === 'unavailable') {
    const why = sentence(reason ?? 'no route', false);
    return html`<p class="note">Not available: ${why} Nothing is sent, so nothing counts as lost.</p>`;
  }
  if (state === 'unresolved') {
    const why = sentence(reason ?? 'the name has no address', false);
    return html`<p class="note">Not measured: ${why}</p>`;
  }
  if (hasRounds) return null;
  return html`<p class="note">No round has arrived yet: the first one closes within 35\u202fs and comes with the next report, a minute later at most.</p>`;
}

function pathLine(path: ReportedPath, { nowMs, probe }: GraphsInput): Markup {
  const { hops, sinceMs, state } = path;
  if (state !== 'tracing') {
    return html`<p class="way"><span>${
      state === 'unresolved'
        ? 'Not traced: there is no address.'
        : 'Not traced: it is not possible here.'
    }</span></p>`;
  }
  if (hops.length === 0) return html`<p class="way"><span>The first trace is under way.</span></p>`;
  const isReached = hops.at(-1) === path.ip && path.ip !== null;
  const fresh = freshHops(path, reportedEvents(probe), nowMs);
  const strip = hopStrip({
    hops: hops.map((ip, index) => ({
      isSilent: ip === null,
      loss: 'none',
      isNew: ip !== null && fresh.has(ip),
      title: `Hop ${index + 1}: ${ip ?? 'silent'}`,
    })),
    isReached,
    hasTooltips: true,
  });
  const list = hops.map(
    (ip, at) => html`<li>${at + 1}. <span class="code">${ip ?? 'silent'}</span></li>`,
  );
  const words = pathWords(path, { isReached, nowMs, since: sinceMs });
  return html`<div class="way">${strip}<span>${words}</span><details class="more"><summary>routers</summary><ul>${
    list
  }</ul></details></div>`;
}

function pathWords(
  { hops }: ReportedPath,
  more: { isReached: boolean; nowMs: number; since: number | null },
): Text {
  const { isReached, nowMs, since } = more;
  const count = hops.length === 1 ? '1 hop' : `${hops.length} hops`;
  const end = isReached ? count : `${count}, does not reach the target`;
  if (since === null) return end;
  return nowMs - since < FRESH_MS
    ? html`${end}, changed ${timeTag(since, nowMs)}`
    : html`${end}, unchanged for ${formatDuration(nowMs - since)}`;
}

/** Routers that the last change of a day brought. */
function freshHops(path: ReportedPath, events: readonly ProbeEvent[], nowMs: number): Set<string> {
  const last = events
    .filter(
      ({ kind, target, family, fromMs }) =>
        kind === 'path' &&
        target === path.target &&
        family === path.family &&
        nowMs - fromMs < FRESH_MS,
    )
    .sort((a, b) => b.fromMs - a.fromMs)[0];
  const [before, after] = [last?.detail['before'], last?.detail['after']];
  if (typeof before !== 'string' || typeof after !== 'string') return new Set();
  const old = new Set(before.split(' '));
  return new Set(after.split(' ').filter((hop) => hop !== '*' && !old.has(hop)));
}
