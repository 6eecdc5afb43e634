import { html } from 'hono/html';
import { formatCount, formatDuration, formatPercent, formatRtt } from '../../graph/format.ts';
import { timeRange, timeTag } from '../../graph/text.ts';
import { seriesName, type View } from './input.ts';
import type { Notice } from './notice.ts';
import type { SeriesFacts } from './series.ts';

// Sentences about one series over the span that is shown.

/** Loss outside of outages that is worth a sentence, in percent. */
const LOSS_LEAST = 1;
/** A change of the median with the address is told from this share and from 100 µs on. */
const SHIFT_LEAST = 0.1;
const SHIFT_LEAST_NS = 100_000;

/** Outages that ended, loss outside of outages, a new address. */
export function seriesNotices(facts: SeriesFacts, view: View, nowMs: number): Notice[] {
  return [endedOutage(facts, view, nowMs), loss(facts, nowMs), shift(facts, nowMs)].filter(
    (notice) => notice !== null,
  );
}

function endedOutage(facts: SeriesFacts, view: View, nowMs: number): Notice | null {
  const ended = facts.outages.filter(({ untilMs }) => untilMs !== null);
  const last = ended.sort((a, b) => a.fromMs - b.fromMs).at(-1);
  if (last === undefined || last.untilMs === null || last.scope === 'uplink') return null;
  const span = timeRange({ fromMs: last.fromMs, untilMs: last.untilMs }, nowMs);
  const duration = formatDuration(last.untilMs - last.fromMs);
  const more = ended.length > 1 ? `, the last of ${ended.length} in the ${view.span.words}` : '';
  return {
    kind: 'outage',
    tone: 'warn',
    title: html`${seriesName(facts.series)} was silent ${span}: outage of ${duration}${more}.`,
    detail: facts.series.state === 'down' ? '' : 'It answers again.',
    target: facts.series.target,
  };
}

function loss(facts: SeriesFacts, nowMs: number): Notice | null {
  const { lossApart, lossy, series } = facts;
  if (lossApart === null || lossApart < LOSS_LEAST || lossy === null) return null;
  const range = { fromMs: lossy.firstMs, untilMs: lossy.lastMs };
  const when =
    lossy.rounds === 1
      ? html`at ${timeTag(lossy.firstMs, nowMs)} UTC`
      : html`in ${formatCount(lossy.rounds)} rounds, ${timeRange(range, nowMs)}`;
  return {
    kind: 'loss',
    tone: lossApart >= 20 ? 'bad' : 'warn',
    title: `${seriesName(series)} loses ${formatPercent(lossApart)}.`,
    detail: html`${formatCount(lossy.lost)} echoes ${when}.`,
    target: series.target,
  };
}

/** What changed at that moment: a new address, told loudly when the figures moved with it. */
function shift(facts: SeriesFacts, nowMs: number): Notice | null {
  const change = facts.addressChange;
  if (change === null) return null;
  const { beforeNs, afterNs, fromIp, toIp } = change;
  const since = html`since ${timeTag(change.atMs, nowMs)} UTC`;
  const name = seriesName(facts.series);
  const target = facts.series.target;
  const instead = fromIp === null ? '' : ` instead of ${fromIp}`;
  const address = toIp === null ? 'none' : `${toIp}${instead}`;
  const isKnown = beforeNs !== null && afterNs !== null;
  const figures = isKnown
    ? `Median ${formatRtt(beforeNs)} before, ${formatRtt(afterNs)} after.`
    : '';
  const differenceNs = isKnown ? afterNs - beforeNs : 0;
  const size = Math.abs(differenceNs);
  if (size < SHIFT_LEAST_NS || size < SHIFT_LEAST * (beforeNs ?? 0)) {
    const title = html`${name} has a new address ${since}: ${address}.`;
    return { kind: 'address', tone: 'info', title, detail: figures, target };
  }
  const isSlower = differenceNs > 0;
  return {
    kind: 'address',
    tone: isSlower ? 'warn' : 'info',
    title: html`${name} is ${formatRtt(size)} ${isSlower ? 'slower' : 'faster'} ${since}.`,
    detail: `Its address changed at that moment: ${address}. ${figures}`,
    target,
  };
}
