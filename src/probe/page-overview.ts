import { html } from 'hono/html';
import type { SeriesSnapshot } from '../core/snapshot.ts';
import { formatCount } from '../graph/format.ts';
import type { Markup } from '../graph/smoke.ts';
import { glance, type Target } from './page-glance.ts';
import {
  overviewHref,
  type PageInput,
  parseView,
  seriesByTarget,
  shownSpan,
  targetHref,
  type View,
} from './page-input.ts';
import { noticesOf } from './page-notice.ts';
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

// `/`: every target, worst first, a hundred a page. A target with both families takes a row of two
// panels of equal width, so that the same minute stands at the same place in all graphs.

const TARGETS_A_PAGE = 100;
/** Beyond this many the graphs become lower and coarser: a page stays below 2 MB. */
const TARGETS_ROOMY = 12;

/** A drawn target: text and facts, its rounds are let go. */
interface Card {
  facts: SeriesFacts[];
  /** How many panels it has; one with two takes a whole row. */
  panels: number;
  markup: Markup;
}

/** The page as text. Other work gets its turn between two graphs. */
export async function renderOverview(input: PageInput): Promise<string> {
  const targets = [...seriesByTarget(input.snapshot)].map(([id, series]) => ({ id, series }));
  const pages = Math.max(1, Math.ceil(targets.length / TARGETS_A_PAGE));
  const asked = parseView(input.query);
  const view = {
    ...asked,
    span: shownSpan(asked.span, input),
    page: Math.min(asked.page, pages),
  };
  const ranked = [...targets].sort((a, b) => rankNow(a) - rankNow(b));
  const first = (view.page - 1) * TARGETS_A_PAGE;
  const isDense = targets.length > TARGETS_ROOMY;
  const cards: Card[] = [];
  for (const target of ranked.slice(first, first + TARGETS_A_PAGE)) {
    cards.push(await drawCard(input, view, target, { index: cards.length, isDense }));
  }
  const worstFirst = arrange(cards.sort((a, b) => rankInSpan(a) - rankInSpan(b)));
  const facts = worstFirst.flatMap((card) => card.facts);
  return renderShell({
    ...glance(input, targets, facts, view),
    input,
    view,
    notices: noticesOf(input, facts, view),
    href: overviewHref,
    main: html`${legendFor(facts)}<div class="cards${isDense && ' dense'}">${worstFirst.map(
      ({ markup }) => markup,
    )}</div>${pageLinks(view, pages, targets.length)}`,
  });
}

async function drawCard(
  input: PageInput,
  view: View,
  target: Target,
  place: { index: number; isDense: boolean },
): Promise<Card> {
  const panels: Panel[] = [];
  for (const [index, series] of target.series.entries()) {
    await othersTurn();
    const columnsMax = place.isDense ? 120 : 240;
    panels.push({
      ...(await gatherFacts(input, series, { span: view.span, columnsMax })),
      id: `g${place.index}${index === 0 ? 'a' : 'b'}`,
      input,
      span: view.span,
      heightPx: place.isDense ? 64 : 96,
      hasTooltips: false,
    });
  }
  const drawn = panels.filter(hasGraph);
  const notes = apartNotes(panels.filter((panel) => !hasGraph(panel)));
  return {
    facts: panels.map(({ facts }) => facts),
    panels: drawn.length,
    markup: html`<article class="card${drawn.length > 1 && ' two'}">${cardHead(target, view)}${
      drawn.length > 0 && html`<div class="panels">${drawn.map(drawPanel)}</div>`
    }${notes}</article>`,
  };
}

function cardHead({ id, series }: Target, view: View): Markup {
  const host = series[0]?.host ?? id;
  const labels = Object.entries(series[0]?.labels ?? {});
  return html`<header><h2><a href="${targetHref(id, view)}">${id}</a></h2>${
    host !== id && html`<span class="quiet">${host}</span>`
  }${labels.map(([name, value]) => html`<span class="chip">${name}: ${value}</span>`)}</header>`;
}

function drawPanel(panel: Panel): Markup {
  const { series } = panel.facts;
  return html`<section class="panel">${[
    panelHead(series),
    figureList(panel),
    graphOf(panel),
    stateNote(panel),
  ]}</section>`;
}

function legendFor(facts: readonly SeriesFacts[]): Markup | null {
  if (!facts.some(({ hasRounds }) => hasRounds)) return null;
  return legend({ hasLoad: facts.some(({ loadedRounds }) => loadedRounds > 0) });
}

/** By what the snapshot alone knows, so that choosing a page reads no rounds. */
function rankNow({ series }: Target): number {
  return Math.min(...series.map(rankOfSeries));
}

function rankOfSeries({ state, lastRound }: SeriesSnapshot): number {
  if (state === 'down') return 0;
  if (state === 'unresolved') return 2;
  const { lost = 0, received = 0 } = lastRound ?? {};
  return lost > 0 ? 2 - lost / (lost + received) : 3;
}

/**
 * By the loss of the whole span, which does not jump from one reload to the next; those without a
 * graph stand last, where their small cards leave no holes (the head of the page names them).
 */
function rankInSpan({ facts, panels }: Card): number {
  if (panels === 0) return 1;
  return Math.min(
    ...facts.map(({ series, figures }) =>
      series.state === 'down' ? -1000 : -(figures.lossPercent ?? 0),
    ),
  );
}

/** Of an odd number of half rows the last goes to the end, or it would leave a hole. */
function arrange(cards: readonly Card[]): Card[] {
  const halves = cards.filter(({ panels }) => panels < 2);
  const last = halves.at(-1);
  if (last === undefined || halves.length % 2 === 0) return [...cards];
  return [...cards.filter((card) => card !== last), last];
}

function pageLinks(view: View, pages: number, targets: number): Markup | null {
  if (pages < 2) return null;
  const links = Array.from({ length: pages }, (_, index) => index + 1).map(
    (page) =>
      html`<li><a href="${overviewHref({ ...view, page })}"${
        page === view.page && html` aria-current="page"`
      }><span class="hidden">page </span>${page}</a></li>`,
  );
  return html`<nav class="tabs pages" aria-label="Pages"><p class="quiet">${formatCount(
    targets,
  )} targets, worst first</p><ul>${links}</ul></nav>`;
}
