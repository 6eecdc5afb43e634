import { html } from 'hono/html';
import type { PathSnapshot } from '../../core/snapshot.ts';
import { formatDuration, formatPercent } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { lossClass } from '../../graph/smoke-path.ts';
import { type Text, timeTag } from '../../graph/text.ts';
import {
  familyName,
  type PageInput,
  parseView,
  pathsHref,
  targetHref,
  type View,
} from './input.ts';
import { pageLinks, pagingOf, ROWS_A_PAGE } from './links.ts';
import { pathNotices } from './notice-path.ts';
import { lossPercentOf, type PathFacts, pathFacts, reachOf } from './path.ts';
import { lastChangeMs } from './path-changes.ts';
import { glanceAtPaths } from './path-glance.ts';
import { pathStrip } from './path-line.ts';
import { endWords, hopCount, protocolName, stateSentence } from './path-words.ts';
import { othersTurn } from './series.ts';
import { renderShell } from './shell.ts';

// `/paths`: every path, worst first, a hundred a page. Worst is one that does not come to its
// target, then one that loses packets, then one that changed within a day.

const DAY_MS = 86_400_000;
const HEADS = ['target', 'path', 'state', 'on the way', 'the same for', 'last change'];

/** The page as text. Other work gets its turn between two rows. */
export async function renderPaths(input: PageInput): Promise<string> {
  const { paths, nowMs } = input.snapshot;
  const paging = pagingOf(parseView(input.query).page, paths.length);
  const view = { ...parseView(input.query), page: paging.page };
  const ranks = new Map(paths.map((path) => [path, rankOf(path, input)]));
  const ranked = [...paths].sort((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
  await othersTurn();
  const rows: Markup[] = [];
  for (const path of ranked.slice(paging.from, paging.from + ROWS_A_PAGE)) {
    await othersTurn();
    rows.push(pathRow(pathFacts(path, input), view, nowMs));
  }
  await othersTurn();
  const links = pageLinks(paging, {
    rows: paths.length,
    what: 'paths, worst first',
    view,
    href: pathsHref,
  });
  const glance = glanceAtPaths(input);
  await othersTurn();
  const notices = pathNotices(input, nowMs - DAY_MS).filter(({ kind }) => kind === 'path');
  await othersTurn();
  return renderShell({
    ...glance,
    input,
    view,
    notices,
    href: pathsHref,
    place: 'paths',
    main: rows.length === 0 ? emptyCard(input) : html`${pathTable(rows)}${links}`,
  });
}

function rankOf(path: PathSnapshot, input: PageInput): number {
  const reach = reachOf(path);
  if (reach === 'unreached') return 0;
  const percent = lossPercentOf(path);
  if (percent !== null && percent > 0) return 2 - percent / 100;
  if (reach === 'untraced') return 2.5;
  const changedMs = lastChangeMs(input, path);
  if (changedMs !== null) return 3 + (input.snapshot.nowMs - changedMs) / DAY_MS;
  return reach === 'waiting' ? 6 : 5;
}

function pathTable(rows: readonly Markup[]): Markup {
  const heads = HEADS.map((head) => html`<th role="columnheader" scope="col">${head}</th>`);
  return html`<section class="card list" aria-label="Paths"><table class="paths" role="table"><thead
role="rowgroup"><tr role="row">${heads}</tr></thead><tbody role="rowgroup">${
    rows
  }</tbody></table></section>`;
}

function pathRow(facts: PathFacts, view: View, nowMs: number): Markup {
  const { path } = facts;
  const { target, family, protocol } = path;
  const href = `${targetHref(target, view)}#path-${family}`;
  const chips = [familyName(family), protocolName(protocol)].map(
    (word) => html`<span class="chip">${word}</span>`,
  );
  const name = html`<a href="${href}">${target}</a> <span class="both">${chips}</span>`;
  const isKnown = facts.hops.length > 0;
  const cells: [string, Text][] = [
    ['name', name],
    ['beads', isKnown ? pathStrip(facts, true) : ''],
    [`state ${facts.reach}`, stateCell(facts)],
    [lossName(facts), lossCell(facts)],
    [
      path.sinceMs === null ? 'none' : 'since',
      path.sinceMs === null ? '–' : formatDuration(nowMs - path.sinceMs),
    ],
    [facts.change === null ? 'none' : 'change', changeCell(facts, nowMs)],
  ];
  return html`<tr role="row">${cells.map(
    ([kind, text]) => html`<td role="cell" class="${kind}">${text}</td>`,
  )}</tr>`;
}

function stateCell(facts: PathFacts): Text {
  const { reach, path, hops } = facts;
  if (reach === 'reached') return hopCount(hops.length);
  return reach === 'unreached' ? endWords(facts) : stateSentence(path);
}

function lossName({ loss, reach }: PathFacts): string {
  if (loss !== null) return `lost loss-${lossClass(loss.percent)}`;
  return reach === 'reached' ? 'lost' : 'none';
}

function lossCell({ loss, reach }: PathFacts): string {
  if (loss !== null) return `${formatPercent(loss.percent)} lost from hop ${loss.from.ttl} on`;
  return reach === 'reached' ? 'nothing lost' : '–';
}

function changeCell({ change }: PathFacts, nowMs: number): Text {
  if (change === null) return html`<span class="quiet">none in 24\u202fh</span>`;
  return html`${timeTag(change.atMs, nowMs)} at hop ${change.ttl}`;
}

function emptyCard({ snapshot }: PageInput): Markup {
  const file = snapshot.config.file ?? 'the configuration';
  const where = `Add targets to ${file}; it is read again by itself.`;
  return html`<section class="card block" aria-label="How to trace paths">
<h3>How to trace paths</h3><p>${where} The first traces are here some seconds later.</p>
<pre tabindex="0">"measurements": {
  "path": {
    "targets": ["one.one.one.one"]
  }
}</pre></section>`;
}
