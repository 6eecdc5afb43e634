import { html } from 'hono/html';
import type { ProbeEvent } from '../core/round.ts';
import type { SeriesSnapshot } from '../core/snapshot.ts';
import { formatPercent, formatRtt } from '../graph/format.ts';
import type { Markup } from '../graph/smoke.ts';
import { aboutCard } from './page-about.ts';
import { counterTable, eventTable, ROUNDS_SHOWN, roundTable } from './page-detail.ts';
import {
  familyName,
  overviewHref,
  type PageInput,
  parseView,
  SPANS,
  type Span,
  seriesByTarget,
  shownSpan,
  targetHref,
  type View,
} from './page-input.ts';
import { downNotices, type Notice, noticesOf, type Tone } from './page-notice.ts';
import {
  apartNotes,
  figureList,
  graphOf,
  hasGraph,
  legend,
  type Panel,
  panelHead,
  stateNote,
} from './page-panel.ts';
import { gatherFacts, othersTurn, type SeriesFacts } from './page-series.ts';
import { renderShell } from './page-shell.ts';

import type { Text } from './page-text.ts';

// `/target/ID`: one target, both families, the chosen span large and the others below it, then the
// last rounds, what happened, what was counted and how it is measured.

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
}

/** The page as text; null when no current series has this target. */
export async function renderTarget(input: PageInput, target: string): Promise<string | null> {
  const list = seriesByTarget(input.snapshot).get(target);
  if (list === undefined) return null;
  const asked = parseView(input.query);
  const view = { ...asked, span: shownSpan(asked.span, input) };
  const parts: Part[] = [];
  for (const series of list) parts.push(await drawPart(input, view, series));
  const facts = parts.map(({ chosen }) => chosen);
  return renderShell({
    ...glanceAt(target, input, facts, view),
    input,
    view,
    title: target,
    href: (other) => targetHref(target, other),
    main: main({ target, input, view, parts, facts }),
  });
}

/** Same kinds side by side: a row of large graphs, one of small ones, one of tables. */
function main(page: {
  target: string;
  input: PageInput;
  view: View;
  parts: readonly Part[];
  facts: readonly SeriesFacts[];
}): Markup {
  const { target, input, view, parts, facts } = page;
  const list = parts.map(({ series }) => series);
  const drawn = parts.filter(({ hasGraph: isDrawn }) => isDrawn);
  const host = list.find((series) => series.host !== target)?.host ?? null;
  const apart = parts.flatMap(({ panel }) => panel ?? []);
  return html`<p class="crumb"><a href="${overviewHref({ ...view, page: 1 })}">All targets</a></p>
<h2>${target}${host !== null && html` <span class="quiet">${host}</span>`}</h2>${apartNotes(apart)}
${drawn.length > 0 && legend({ hasLoad: facts.some(({ loadedRounds }) => loadedRounds > 0) })}
<div class="families${drawn.length > 1 && ' both'}">${[
    drawn.map(({ large }) => large),
    drawn.map(({ others }) => others),
    drawn.map(({ table }) => table),
  ]}</div>
${eventTable(eventsOfTarget(input, target), input.snapshot.nowMs)}
<div class="halves">${counterTable(list)}${aboutCard(list, input)}</div>`;
}

async function drawPart(input: PageInput, view: View, series: SeriesSnapshot): Promise<Part> {
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

function glanceAt(
  target: string,
  input: PageInput,
  facts: readonly SeriesFacts[],
  view: View,
): { tone: Tone; headline: Text; subline: Text; notices: Notice[] } {
  // Only what concerns this target, and the probe as a whole.
  const series = input.snapshot.series.filter((one) => one.target === target);
  const own = { ...input, snapshot: { ...input.snapshot, series } };
  const others = noticesOf(own, facts, view);
  const [down] = downNotices(own);
  if (down !== undefined)
    return { tone: 'bad', headline: down.title, subline: down.detail, notices: others };
  const answering = facts.filter(({ series }) => (series.lastRound?.received ?? 0) > 0);
  const families = answering.map(({ series }) => familyName(series.family));
  if (families.length === 0) return silentGlance(target, facts, others);
  const isWell = others.every(({ tone }) => tone === 'info' || tone === 'good');
  return {
    tone: isWell ? 'good' : 'warn',
    headline: `${target} answers over ${families.join(' and ')}.`,
    subline: '',
    notices: others,
  };
}

/** Nothing came back, and it is no outage: too early, or there is nothing to send to. */
function silentGlance(target: string, facts: readonly SeriesFacts[], others: Notice[]) {
  const isWaiting = facts.some(
    ({ series }) => series.state === 'measuring' && series.lastRound === null,
  );
  const [own] = others.filter((notice) => notice.target === target);
  if (isWaiting || own === undefined) {
    const state = isWaiting ? 'is in its first minute' : 'is not being measured';
    const tone: Tone = isWaiting ? 'info' : 'warn';
    return { tone, headline: `${target} ${state}.`, subline: '', notices: others };
  }
  const notices = others.filter((notice) => notice !== own);
  return { tone: own.tone, headline: own.title, subline: '', notices };
}
