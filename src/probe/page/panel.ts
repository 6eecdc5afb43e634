import { html } from 'hono/html';
import type { Round } from '../../core/round.ts';
import type { SeriesSnapshot } from '../../core/snapshot.ts';
import { formatCount, formatDuration, formatPercent, formatRtt } from '../../graph/format.ts';
import { formatDerived } from '../../graph/sentence.ts';
import { type Markup, smokeGraph } from '../../graph/smoke.ts';
import { lossClass } from '../../graph/smoke-path.ts';
import { sentence, type Text, timeTag } from '../../graph/text.ts';
import { familyName, firstCloseMs, type PageInput, type Span, seriesName } from './input.ts';
import { downSinceMs, unresolvedSentence } from './notice.ts';
import type { SeriesFacts } from './series.ts';

// One series over one span: its figures and its graph, or the sentence that says why there is none.

export interface Panel {
  /** Unique in the document; letters and digits. */
  id: string;
  facts: SeriesFacts;
  rounds: readonly Round[];
  input: PageInput;
  span: Span;
  heightPx: number;
  hasTooltips: boolean;
}

/** Which family, at which address. */
export function panelHead({ family, ip }: SeriesSnapshot): Markup {
  const address = ip ?? 'no address';
  return html`<h3><span class="chip family">${familyName(family)}</span> ${address}</h3>`;
}

/** The figures over the graph; a list, so that each is read with its name. */
export function figureList({ facts, span, input }: Panel): Markup {
  const { figures, outages, outageMs } = facts;
  const { lossPercent, medianNs, p99Ns, jitterNs } = figures;
  const items = [
    figure('median', medianNs === null ? null : formatRtt(medianNs)),
    figure(
      `p99 of ${formatCount(figures.samples)}`,
      p99Ns === null ? null : formatDerived(p99Ns, figures.exact),
    ),
    figure('jitter', jitterNs === null ? null : formatRtt(jitterNs)),
    figure(
      `loss, ${span.label}`,
      lossPercent === null ? null : formatPercent(lossPercent),
      `loss-${lossClass(lossPercent)}`,
    ),
  ];
  if (outages.length > 0) {
    const isOpen = outages.some(({ untilMs }) => untilMs === null);
    const since = isOpen ? downSinceMs(input, facts.series) : null;
    const name = outages.length === 1 ? 'outage' : `${formatCount(outages.length)} outages`;
    const lastedMs = since === null ? outageMs : Math.max(outageMs, input.snapshot.nowMs - since);
    items.push(figure(name, formatDuration(lastedMs), 'loss-many'));
  }
  return html`<dl class="figures">${items}</dl>`;
}

/** The graph, when the series has anything to show in the span. */
export function graphOf(panel: Panel): Markup {
  const { facts, rounds, input, span, id, heightPx, hasTooltips } = panel;
  return smokeGraph({
    id,
    title: `Round-trip time and loss of ${seriesName(facts.series)}, ${span.words}.`,
    rounds,
    events: facts.events,
    figures: facts.figures,
    span: facts.span,
    roundMs: input.roundMs,
    heightPx,
    hasTooltips,
  });
}

/** What the reader must know before the figures; null while all is ordinary. */
export function stateNote({ facts, input }: Panel): Markup | null {
  const { series, loadedRounds } = facts;
  const { nowMs } = input.snapshot;
  const text = stateText(facts, input);
  if (text !== null) return html`<p class="note ${series.state}">${text}</p>`;
  if (loadedRounds > 0) {
    const lasted = formatDuration(loadedRounds * input.roundMs);
    const text = `Figures leave out ${lasted} in which we loaded the line ourselves.`;
    return html`<p class="note">${text}</p>`;
  }
  const change = facts.addressChange;
  if (change === null || change.toIp === null) return null;
  const before = change.fromIp === null ? '' : `, ${change.fromIp} before`;
  return html`<p class="note">${change.toIp} since ${timeTag(change.atMs, nowMs)}${before}.</p>`;
}

/**
 * Families that have no graph, each with the sentence that says why; those that share one are told
 * together.
 */
export function apartNotes(panels: readonly Panel[]): Markup[] {
  const notes = new Map<string, { text: Text; list: SeriesSnapshot[] }>();
  for (const { facts, input } of panels) {
    const text = stateText(facts, input) ?? 'Nothing is known of this span.';
    // Without its times: the two families are looked up one after the other.
    const key = String(text).replace(/<time.*?<\/time>/g, '');
    const note = notes.get(key);
    if (note === undefined) notes.set(key, { text, list: [facts.series] });
    else note.list.push(facts.series);
  }
  return [...notes.values()].map(
    ({ text, list }) =>
      html`<p class="apart">${list.map(
        ({ family, ip }) =>
          html`<span class="chip family">${familyName(family)}</span>${ip ?? ''} `,
      )}<span class="why">${text}</span></p>`,
  );
}

/** `hasGraph` is false when there is nothing to draw and the note says why. */
export function hasGraph({ facts }: Panel): boolean {
  const isMeasured = facts.series.state === 'measuring' || facts.series.state === 'down';
  return facts.hasRounds || (isMeasured && facts.series.lastRound !== null);
}

function stateText(facts: SeriesFacts, input: PageInput): Text | null {
  const { series } = facts;
  const { nowMs, startedMs } = input.snapshot;
  if (series.state === 'unavailable') {
    const reason = series.reason ?? 'no route';
    return `Not available: ${sentence(reason, false)} Nothing is sent, so nothing counts as lost.`;
  }
  if (series.state === 'unresolved') return unresolvedSentence(series, nowMs);
  if (series.state === 'down') {
    const sinceMs = downSinceMs(input, series);
    if (sinceMs === null) return 'It does not answer.';
    const duration = formatDuration(nowMs - sinceMs);
    return html`No answer since ${timeTag(sinceMs, nowMs)} UTC, for ${duration}.`;
  }
  if (series.lastRound !== null || facts.hasRounds) return null;
  const closes = `the first round closes in ${formatDuration(firstCloseMs(input) - nowMs)}.`;
  const { sent, received } = series.counters;
  if (sent === 0) return `Measuring since ${formatDuration(nowMs - startedMs)}; ${closes}`;
  return `${formatCount(received)} of ${formatCount(sent)} echoes answered so far; ${closes}`;
}

function figure(name: string, value: string | null, extra = ''): Markup {
  return html`<div class="${extra}"><dt>${name}</dt><dd>${
    value ?? html`<span class="quiet">none</span>`
  }</dd></div>`;
}
