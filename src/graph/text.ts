import { html } from 'hono/html';
import { formatMoment, isoTime } from './format.ts';
import type { Markup } from './smoke-plot.ts';

// Sentences of a page: text, or text with times in it that machines can read. Either may be put
// into a template as it is, which escapes the one and takes the other.

export type Text = string | Markup;

/** `14:02`, with its date where it is not today's. */
export function timeTag(timeMs: number, nowMs: number): Markup {
  return html`<time datetime="${isoTime(timeMs)}">${formatMoment(timeMs, nowMs)}</time>`;
}

/** `13:50–13:56 UTC`, one time within a minute. */
export function timeRange(span: { fromMs: number; untilMs: number }, nowMs: number): Markup {
  const from = formatMoment(span.fromMs, nowMs);
  if (from === formatMoment(span.untilMs, nowMs)) return html`${timeTag(span.fromMs, nowMs)} UTC`;
  return html`${timeTag(span.fromMs, nowMs)}–${timeTag(span.untilMs, nowMs)} UTC`;
}

/** What a reader of the page sees, for those who read it elsewhere: without tags, in one line. */
export async function plainText(text: Text): Promise<string> {
  const markup = String(await html`${text}`);
  return markup
    .replace(/<[^>]*>/g, '')
    .replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/\s+/g, ' ')
    .trim();
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
};

/** A full stop at the end and, unless it goes on from other words, a capital at the start. */
export function sentence(text: string, isStart = true): string {
  const trimmed = text.trim();
  const closed = /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
  return isStart ? closed.charAt(0).toUpperCase() + closed.slice(1) : closed;
}
