import { html } from 'hono/html';
import { FAMILIES, type Family, type ProbeEvent } from '../../core/round.ts';
import type { PathSnapshot, SeriesSnapshot } from '../../core/snapshot.ts';
import { formatPercent, formatRtt } from '../../graph/format.ts';
import { legend } from '../../graph/legend.ts';
import type { Markup } from '../../graph/smoke.ts';
import { aboutCard } from './about.ts';
import { counterTable, eventTable, ROUNDS_SHOWN, roundTable } from './detail.ts';
import {
  familyName,
  overviewHref,
  type PageInput,
  parseView,
  pathsByTarget,
  SPANS,
  type Span,
  seriesByTarget,
  shownSpan,
  targetHref,
  type View,
} from './input.ts';
import {
  apartNotes,
  figureList,
  graphOf,
  hasGraph,
  type Panel,
  panelHead,
  stateNote,
} from './panel.ts';
import { pathFacts } from './path.ts';
import { changesOf, type PastChange } from './path-changes.ts';
import { mediansOf, pathHistory } from './path-history.ts';
import { pathCard } from './path-hops.ts';
import type { Medians } from './path-shift.ts';
import { gatherFacts, othersTurn, type SeriesFacts } from './series.ts';
import { renderShell } from './shell.ts';
import { glanceAtTarget } from './target-glance.ts';

// `/target/ID`: one target, both families, the chosen span large and the others below it, beside
// them the path; then how the path changed, the last rounds, what happened, what was counted and
// how it is measured. A target that is not pinged has its path alone.

const LARGE_PX = 190;
const SMALL_PX = 64;

/** One family, drawn; its rounds are let go. */
interface Part {
  series: SeriesSnapshot;
  chosen: SeriesFacts;
  hasGraph: boolean;
  large: Markup;
  others: Markup | null;
  table: Markup | null;
  panel: Panel | null;
  medians: ReadonlyMap<PastChange, Medians | null>;
}

/** The page as text; null when the target is neither pinged nor traced now. */
export async function renderTarget(input: PageInput, target: string): Promise<string | null> {
  const list = seriesByTarget(input.snapshot).get(target) ?? [];
  const paths = pathsByTarget(input.snapshot).get(target) ?? [];
  if (list.length + paths.length === 0) return null;
  const asked = parseView(input.query);
  const view = { ...asked, span: shownSpan(asked.span, input) };
  const changes = paths.flatMap((path) => changesOf(input, path)).sort((a, b) => b.atMs - a.atMs);
  const parts: Part[] = [];
  for (const series of list) parts.push(await drawPart(input, view, { series, changes }));
  const facts = parts.map(({ chosen }) => chosen);
  const medians = new Map(parts.flatMap((part) => [...part.medians]));
  const { nowMs } = input.snapshot;
  const history = paths.length > 0 ? await pathHistory(changes, medians, nowMs) : null;
  const glance = glanceAtTarget(target, input, facts, view);
  return renderShell({
    ...glance,
    input,
    view,
    title: target,
    href: (other) => targetHref(target, other),
    place: null,
    main: main({ target, input, view, parts, facts, paths, history }),
  });
}

interface Drawn {
  target: string;
  input: PageInput;
  view: View;
  parts: readonly Part[];
  facts: readonly SeriesFacts[];
  paths: readonly PathSnapshot[];
  history: Markup | null;
}

function main(page: Drawn): Markup {
  const { target, input, view, parts, facts, paths, history } = page;
  const list = parts.map(({ series }) => series);
  const drawn = parts.filter(({ hasGraph: isDrawn }) => isDrawn);
  const host = [...list, ...paths].find((one) => one.host !== target)?.host ?? null;
  const apart = parts.flatMap(({ panel }) => panel ?? []);
  const both = drawn.length > 1 && ' both';
  const tables = drawn.flatMap(({ table }) => table ?? []);
  const { nowMs } = input.snapshot;
  return html`<p class="crumb"><a href="${overviewHref({ ...view, page: 1 })}">All targets</a></p>
<h2>${target}${host !== null && html` <span class="quiet">${host}</span>`}</h2>${apartNotes(apart)}
${drawn.length > 0 && legend({ hasLoad: facts.some(({ loadedRounds }) => loadedRounds > 0) })}
${paths.length > 0 ? pairs(page) : graphs(drawn)}${history}
${tables.length > 0 && html`<div class="families${both}">${tables}</div>`}
${eventTable(eventsOfTarget(input, target), nowMs)}
${list.length > 0 && halves(list, input)}`;
}

function halves(list: readonly SeriesSnapshot[], input: PageInput): Markup {
  return html`<div class="halves">${counterTable(list)}${aboutCard(list, input)}</div>`;
}

/** Same kinds side by side: a row of large graphs, one of small ones. */
function graphs(drawn: readonly Part[]): Markup {
  return html`<div class="families${drawn.length > 1 && ' both'}">${[
    drawn.map(({ large }) => large),
    drawn.map(({ others }) => others),
  ]}</div>`;
}

/** A family a row: what the latency did, and beside it the way that packets take. */
function pairs({ parts, paths, input }: Drawn): Markup[] {
  const { nowMs } = input.snapshot;
  return FAMILIES.flatMap((family: Family) => {
    const part = parts.find(({ series, hasGraph: isDrawn }) => isDrawn && series.family === family);
    const path = paths.find((one) => one.family === family);
    if (part === undefined && path === undefined) return [];
    const card = path === undefined ? null : pathCard(pathFacts(path, input), nowMs);
    const isPair = part !== undefined && card !== null;
    return html`<div class="pair${isPair && ' whole'}">${part?.large}${card}${part?.others}</div>`;
  });
}

async function drawPart(
  input: PageInput,
  view: View,
  { series, changes }: { series: SeriesSnapshot; changes: readonly PastChange[] },
): Promise<Part> {
  const chosen = await gatherPanel(input, series, view.span, true);
  const small: Markup[] = [];
  for (const span of otherSpans(input, view)) {
    const panel = await gatherPanel(input, series, span, false);
    if (hasGraph(panel)) small.push(smallPanel(panel));
  }
  const isDrawn = hasGraph(chosen);
  return {
    series,
    chosen: chosen.facts,
    hasGraph: isDrawn,
    large: isDrawn ? largePanel(chosen) : html``,
    others: small.length === 0 ? null : html`<section class="card more">${small}</section>`,
    table: isDrawn ? roundTable(chosen.rounds.slice(-ROUNDS_SHOWN), series) : null,
    panel: isDrawn ? null : chosen,
    medians: await mediansOf(changes, series.family, chosen.rounds),
  };
}

/** A young probe shows the same for all spans: then once. */
function otherSpans(input: PageInput, view: View): Span[] {
  const others: Span[] = [];
  for (const { name, ...span } of SPANS) {
    const shown = shownSpan({ name, ...span }, input);
    const isNew = [view.span, ...others].every(({ ms }) => ms !== shown.ms);
    if (name !== view.span.name && isNew) others.push(shown);
  }
  return others;
}

async function gatherPanel(
  input: PageInput,
  series: SeriesSnapshot,
  span: Span,
  isChosen: boolean,
): Promise<Panel> {
  await othersTurn();
  return {
    ...(await gatherFacts(input, series, { span, columnsMax: 240 })),
    id: `${series.family}x${span.name}`,
    input,
    span,
    heightPx: isChosen ? LARGE_PX : SMALL_PX,
    hasTooltips: isChosen,
  };
}

function largePanel(panel: Panel): Markup {
  const { series } = panel.facts;
  return html`<section class="card">${[
    panelHead(series),
    figureList(panel),
    graphOf(panel),
    stateNote(panel),
  ]}</section>`;
}

function smallPanel(panel: Panel): Markup {
  const { figures, series } = panel.facts;
  const { medianNs, lossPercent } = figures;
  const told = [
    medianNs === null ? null : `median ${formatRtt(medianNs)}`,
    lossPercent === null ? null : `loss ${formatPercent(lossPercent)}`,
  ].filter((text) => text !== null);
  const name = `${familyName(series.family)}, ${panel.span.words}`;
  const head = html`<h4>${name} <span class="quiet">${told.join(', ')}</span></h4>`;
  return html`<div>${head}${graphOf(panel)}</div>`;
}

/** As its graphs show them: see `eventsOfSeries`. */
function eventsOfTarget(input: PageInput, target: string): ProbeEvent[] {
  return input.events.filter(
    ({ kind, ...event }) =>
      kind !== 'config' &&
      (event.target === target || (event.target === null && kind !== 'outage')),
  );
}
