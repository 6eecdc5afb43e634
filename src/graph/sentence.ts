import type { ProbeEvent } from '../core/round.ts';
import type { Column } from './column.ts';
import type { SpanFigures } from './figures.ts';
import { formatCount, formatDuration, formatPercent, formatRtt } from './format.ts';
import { markLabel } from './mark.ts';

// The text alternative of a graph: what somebody would say who looks at it.

const EVENTS_MAX = 3;

/** Sentences about a span; it never claims that all is well where nothing was measured. */
export function describeSpan(input: {
  figures: SpanFigures;
  columns: readonly Column[];
  events: readonly ProbeEvent[];
  columnMs: number;
  untilMs: number;
}): string {
  const { figures, columns, columnMs, untilMs } = input;
  const missingMs = columns.filter((column) => column.state === 'missing').length * columnMs;
  const sentences = [
    replySentence(figures),
    lossSentence(figures),
    eventSentence(input.events, untilMs),
    missingMs > 0 ? `No data for ${formatDuration(missingMs)}.` : '',
  ];
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

/** `≈` before a figure that is derived. */
export function formatDerived(rttNs: number, exact: boolean): string {
  return exact ? formatRtt(rttNs) : `≈\u202f${formatRtt(rttNs)}`;
}

function replySentence(figures: SpanFigures): string {
  if (figures.medianNs === null || figures.p99Ns === null) {
    return figures.lost > 0 ? 'No reply came back.' : 'Nothing measured yet.';
  }
  const p99 = formatDerived(figures.p99Ns, figures.exact);
  const samples = formatCount(figures.samples);
  return `Median ${formatRtt(figures.medianNs)}, p99 ${p99} of ${samples} replies.`;
}

function lossSentence({ lossPercent, lost, sent }: SpanFigures): string {
  if (lossPercent === null) return '';
  if (lost === 0) return 'No loss.';
  return `Loss ${formatPercent(lossPercent)}: ${formatCount(lost)} of ${formatCount(sent)} echoes.`;
}

function eventSentence(events: readonly ProbeEvent[], untilMs: number): string {
  const newest = [...events].sort((a, b) => b.fromMs - a.fromMs);
  const named = newest.slice(0, EVENTS_MAX).map((event) => markLabel(event, untilMs));
  if (named.length === 0) return '';
  const more = newest.length - named.length;
  const text = `${named.join(', ')}${more > 0 ? `, ${more} more` : ''} (UTC).`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
