import { html } from 'hono/html';
import type { MplsLabel } from '../../core/path.ts';
import type { PathSnapshot } from '../../core/snapshot.ts';
import { formatCount, formatDuration, formatPercent, formatRtt } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { sparkGraph } from '../../graph/spark.ts';
import { type Text, timeTag } from '../../graph/text.ts';
import { familyName } from './input.ts';
import type { HopFacts, PathFacts } from './path.ts';
import {
  endWords,
  hopCount,
  hopVerdict,
  joined,
  protocolName,
  sinceWords,
  stateSentence,
} from './path-words.ts';

// The hops of one path. The roles are written out because a phone lays the rows out anew, and a
// browser then forgets that they are a table.

/** More labels than any stack in use. */
const MPLS_SHOWN = 4;
const OTHERS_SHOWN = 8;
const HEADS: ReadonlyArray<[name: string, title: string]> = [
  ['hop', 'ttl'],
  ['address', 'who'],
  ['last traces', 'traces'],
  ['last', 'rtt'],
  ['avg', 'rtt'],
  ['best', 'rtt'],
  ['worst', 'rtt'],
  ['no answer', 'rtt'],
  ['on the way', 'verdict'],
];

/** The path of one family: since when, where to, hop by hop. */
export function pathCard(facts: PathFacts, nowMs: number): Markup {
  const { path, hops, reach } = facts;
  const name = `Path over ${familyName(path.family)}`;
  const body =
    reach === 'untraced' || reach === 'waiting'
      ? html`<p class="note">${stateSentence(path)}</p>`
      : html`${hopTable(facts, name)}${tailNote(facts)}${spreadNote(path, nowMs)}`;
  const head = html`<p class="since">${headline(facts, nowMs)}</p>`;
  return html`<section class="card path" id="path-${path.family}" aria-label="${name}"><h3><span
class="chip family">${familyName(path.family)}</span> path by ${protocolName(path.protocol)}${
    path.ip !== null && ` to ${path.ip}`
  }</h3>${hops.length > 0 && head}${body}${pathNote(facts, nowMs)}</section>`;
}

function headline(facts: PathFacts, nowMs: number): Text {
  const { hops, reach } = facts;
  const state = reach === 'reached' ? hopCount(hops.length) : endWords(facts);
  return html`<strong class="${reach}">${joined([state, sinceWords(facts, nowMs)])}</strong>`;
}

function hopTable({ hops }: PathFacts, name: string): Markup {
  const heads = HEADS.map(
    ([head, kind]) => html`<th role="columnheader" scope="col" class="${kind}">${head}</th>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${name}, hops"><table
class="hops" role="table"><thead role="rowgroup"><tr role="row">${heads}</tr></thead><tbody
role="rowgroup">${hops.map(hopRow)}</tbody></table></div>`;
}

function hopRow(facts: HopFacts): Markup {
  const { ttl, hop, recent, isNew } = facts;
  const { text, loss } = hopVerdict(facts);
  const rtt = hop?.rttNs ?? null;
  const figures = [rtt?.last, rtt?.avg, rtt?.best, rtt?.worst].map(
    (ns) => html`<td role="cell" class="rtt">${ns === undefined ? '–' : formatRtt(ns)}</td>`,
  );
  const own = hop?.lossPercent ?? null;
  const spark = recent.length > 0 && sparkGraph(recent, `Hop ${ttl}`);
  return html`<tr role="row"${isNew && html` class="new"`}><td role="cell" class="ttl">${
    ttl
  }</td><td role="cell" class="who">${who(facts)}</td><td role="cell" class="traces">${
    spark
  }</td>${figures}<td role="cell" class="rtt">${
    own === null ? '–' : formatPercent(own)
  }</td><td role="cell" class="verdict loss-${loss}">${text}</td></tr>`;
}

function who({ ip, others, hop, isNew }: HopFacts): Markup {
  const labels = hop?.mpls ?? [];
  return html`${ip ?? html`<span class="quiet">silent</span>`}${
    isNew && html` <span class="chip newhop">new</span>`
  }${others.length > 0 && html`<span class="more">also ${listText(others, OTHERS_SHOWN)}</span>`}${
    labels.length > 0 && html`<span class="more">MPLS ${labelText(labels)}</span>`
  }`;
}

function labelText(labels: readonly MplsLabel[]): string {
  return listText(
    labels.map(({ label }) => String(label)),
    MPLS_SHOWN,
  );
}

function listText(all: readonly string[], most: number): string {
  const more = all.length - most;
  return `${all.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function tailNote({ silentTail }: PathFacts): Markup | null {
  if (silentTail === null) return null;
  const { from, until } = silentTail;
  const which = from === until ? `Hop ${from}` : `Hops ${from} to ${until}`;
  return html`<p class="note">${which}: asked, nobody answers.</p>`;
}

/** What a search for the ways of other flows has found. */
function spreadNote({ multipath }: PathSnapshot, nowMs: number): Markup | null {
  if (multipath === null) return null;
  const widths = new Map<number, number>();
  for (const { ttl } of multipath.nodes) widths.set(ttl, (widths.get(ttl) ?? 0) + 1);
  const [widest] = [...widths].sort(([, a], [, b]) => b - a);
  const [ttl, width] = widest ?? [1, 1];
  const found =
    width > 1 ? `Flows are spread over ${width} routers at hop ${ttl}` : 'All flows take this way';
  const sure = multipath.isComplete
    ? `another would have been missed with at most ${formatPercent(100 * multipath.nodeMissMax)}`
    : 'the search ended at its limit, there may be more';
  const when = html`searched ${timeTag(multipath.atMs, nowMs)} UTC`;
  const probes = `with ${formatCount(multipath.sent)} probes`;
  return html`<p class="note">${found} (${when} ${probes}; ${sure}).</p>`;
}

/** What the figures are of. */
function pathNote({ path, reach }: PathFacts, nowMs: number): Markup | null {
  const round = path.lastRound;
  if (round === null || reach === 'untraced') return null;
  const probes = round.hops[0]?.sent ?? 0;
  const every = formatDuration(path.intervalMs);
  return html`<p class="note">Last trace ${timeTag(round.untilMs, nowMs)} UTC, one every ${
    every
  }; figures are of its ${probes} probes to each hop. What is lost on the way is judged over
the last ten traces: it is never more than what those further on miss.</p>`;
}
