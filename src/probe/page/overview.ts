import { html } from 'hono/html';
import type { PathSnapshot, SeriesSnapshot } from '../../core/snapshot.ts';
import { legend } from '../../graph/legend.ts';
import type { Markup } from '../../graph/smoke.ts';
import { glance, type Target } from './glance.ts';
import {
  overviewHref,
  type PageInput,
  parseView,
  pathsByTarget,
  seriesByTarget,
  shownSpan,
  targetHref,
  type View,
} from './input.ts';
import { pageLinks, pagingOf, ROWS_A_PAGE } from './links.ts';
import { noticesOf } from './notice.ts';
import {
  apartNotes,
  figureList,
  graphOf,
  hasGraph,
  type Panel,
  panelHead,
  stateNote,
} from './panel.ts';
import { pathFacts, reachOf } from './path.ts';
import { glanceAtPaths } from './path-glance.ts';
import { pathLine, pathLines } from './path-line.ts';
import { gatherFacts, othersTurn, type SeriesFacts } from './series.ts';
import { renderShell } from './shell.ts';

// `/`: every target, worst first, a hundred a page. A target with both families takes a row of two
// panels of equal width, so that the same minute stands at the same place in all graphs. A path is
// a line below the graph of its family; a target may have the one without the other.

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
  const targets = targetsOf(input);
  const asked = parseView(input.query);
  const paging = pagingOf(asked.page, targets.length);
  const view = { ...asked, span: shownSpan(asked.span, input), page: paging.page };
  const ranks = new Map(targets.map((target) => [target, rankNow(target)]));
  const rankOf = (target: Shown): number => ranks.get(target) ?? 0;
  const ranked = [...targets].sort((a, b) => rankOf(a) - rankOf(b));
  const isDense = targets.length > TARGETS_ROOMY;
  const cards: Card[] = [];
  for (const target of ranked.slice(paging.from, paging.from + ROWS_A_PAGE)) {
    cards.push(await drawCard(input, view, target, { index: cards.length, isDense }));
  }
  const worstFirst = arrange(cards.sort((a, b) => rankInSpan(a) - rankInSpan(b)));
  const facts = worstFirst.flatMap((card) => card.facts);
  await othersTurn();
  const pinged = targets.filter(({ series }) => series.length > 0);
  const isTraced = pinged.length === 0 && targets.length > 0;
  const head = isTraced ? glanceAtPaths(input) : glance(input, pinged, facts, view);
  await othersTurn();
  const notices = noticesOf(input, facts, view);
  await othersTurn();
  return renderShell({
    ...head,
    input,
    view,
    notices,
    href: overviewHref,
    place: 'latency',
    main: html`${legendFor(facts)}<div class="cards${isDense && ' dense'}">${worstFirst.map(
      ({ markup }) => markup,
    )}</div>${pageLinks(paging, {
      rows: targets.length,
      what: 'targets, worst first',
      view,
      href: overviewHref,
    })}`,
  });
}

interface Shown extends Target {
  paths: readonly PathSnapshot[];
}

/** All that is pinged, then what is traced alone. */
function targetsOf({ snapshot }: PageInput): Shown[] {
  const series = seriesByTarget(snapshot);
  const paths = pathsByTarget(snapshot);
  const ids = new Set([...series.keys(), ...paths.keys()]);
  return [...ids].map((id) => ({ id, series: series.get(id) ?? [], paths: paths.get(id) ?? [] }));
}

async function drawCard(
  input: PageInput,
  view: View,
  target: Shown,
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
  await othersTurn();
  const drawn = panels.filter(hasGraph);
  const notes = apartNotes(panels.filter((panel) => !hasGraph(panel)));
  const { nowMs } = input.snapshot;
  const ofFamily = (panel: Panel): PathSnapshot | undefined =>
    target.paths.find(({ family }) => family === panel.facts.series.family);
  const beside = new Set(drawn.map(ofFamily));
  const apart = target.paths.filter((path) => !beside.has(path));
  const lines = pathLines(
    apart.map((path) => pathFacts(path, input)),
    nowMs,
  );
  return {
    facts: panels.map(({ facts }) => facts),
    panels: drawn.length,
    markup: html`<article class="card${drawn.length > 1 && ' two'}">${cardHead(target, view)}${
      drawn.length > 0 &&
      html`<div class="panels">${drawn.map((panel) => {
        const path = ofFamily(panel);
        const line = path === undefined ? null : pathLine(pathFacts(path, input), nowMs);
        return drawPanel(panel, line);
      })}</div>`
    }${notes}${lines}</article>`,
  };
}

function cardHead({ id, series, paths }: Shown, view: View): Markup {
  const host = (series[0] ?? paths[0])?.host ?? id;
  const labels = Object.entries(series[0]?.labels ?? {});
  return html`<header><h2><a href="${targetHref(id, view)}">${id}</a></h2>${
    host !== id && html`<span class="quiet">${host}</span>`
  }${labels.map(([name, value]) => html`<span class="chip">${name}: ${value}</span>`)}</header>`;
}

function drawPanel(panel: Panel, line: Markup | null): Markup {
  const { series } = panel.facts;
  return html`<section class="panel">${[
    panelHead(series),
    figureList(panel),
    graphOf(panel),
    stateNote(panel),
    line,
  ]}</section>`;
}

function legendFor(facts: readonly SeriesFacts[]): Markup | null {
  if (!facts.some(({ hasRounds }) => hasRounds)) return null;
  return legend({ hasLoad: facts.some(({ loadedRounds }) => loadedRounds > 0) });
}

/** By what the snapshot alone knows, so that choosing a page reads no rounds. */
function rankNow({ series, paths }: Shown): number {
  if (series.length > 0) return Math.min(...series.map(rankOfSeries));
  return paths.some((path) => reachOf(path) === 'unreached') ? 2 : 3;
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
