// The way of packets to one target in one line: its routers as a strip, what is worth knowing of
// it, and their addresses for those who want them.
import { html } from 'hono/html';
import type { InferOutput } from 'valibot';
import type { REPORTED_PATH } from '../../core/report.ts';
import type { ProbeEvent } from '../../core/round.ts';
import { formatDuration } from '../../graph/format.ts';
import { hopStrip } from '../../graph/hop-strip.ts';
import type { Markup } from '../../graph/smoke.ts';
import { type Text, timeTag } from '../../graph/text.ts';

export type ReportedPath = InferOutput<typeof REPORTED_PATH>;

const FRESH_MS = 86_400_000;

/** `events` are those of the probe; the last change of a day marks its routers as new. */
export function pathLine(path: ReportedPath, events: readonly ProbeEvent[], nowMs: number): Markup {
  const { hops, sinceMs, state } = path;
  if (state !== 'tracing') {
    return html`<p class="way"><span>${
      state === 'unresolved'
        ? 'Not traced: there is no address.'
        : 'Not traced: it is not possible here.'
    }</span></p>`;
  }
  if (hops.length === 0) return html`<p class="way"><span>The first trace is under way.</span></p>`;
  const isReached = hops.at(-1) === path.ip && path.ip !== null;
  const fresh = freshHops(path, events, nowMs);
  const strip = hopStrip({
    hops: hops.map((ip, index) => ({
      isSilent: ip === null,
      loss: 'none',
      isNew: ip !== null && fresh.has(ip),
      title: `Hop ${index + 1}: ${ip ?? 'silent'}`,
    })),
    isReached,
    hasTooltips: true,
  });
  const list = hops.map(
    (ip, at) => html`<li>${at + 1}. <span class="code">${ip ?? 'silent'}</span></li>`,
  );
  const words = pathWords(path, { isReached, nowMs, since: sinceMs });
  return html`<div class="way">${strip}<span>${words}</span><details
class="fold"><summary>routers</summary><ul>${list}</ul></details></div>`;
}

function pathWords(
  { hops }: ReportedPath,
  more: { isReached: boolean; nowMs: number; since: number | null },
): Text {
  const { isReached, nowMs, since } = more;
  const count = hops.length === 1 ? '1 hop' : `${hops.length} hops`;
  const end = isReached ? count : `${count}, does not reach the target`;
  if (since === null) return end;
  return nowMs - since < FRESH_MS
    ? html`${end}, changed ${timeTag(since, nowMs)}`
    : html`${end}, unchanged for ${formatDuration(nowMs - since)}`;
}

/** Routers that the last change of a day brought. */
function freshHops(path: ReportedPath, events: readonly ProbeEvent[], nowMs: number): Set<string> {
  const last = events
    .filter(
      ({ kind, target, family, fromMs }) =>
        kind === 'path' &&
        target === path.target &&
        family === path.family &&
        nowMs - fromMs < FRESH_MS,
    )
    .sort((a, b) => b.fromMs - a.fromMs)[0];
  const [before, after] = [last?.detail['before'], last?.detail['after']];
  if (typeof before !== 'string' || typeof after !== 'string') return new Set();
  const old = new Set(before.split(' '));
  return new Set(after.split(' ').filter((hop) => hop !== '*' && !old.has(hop)));
}
