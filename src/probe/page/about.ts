import { html } from 'hono/html';
import type { SeriesSnapshot } from '../../core/snapshot.ts';
import { formatDuration, formatPercent } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { block } from './detail.ts';
import { familyName, type PageInput } from './input.ts';
import { QUALITY_MEANING, qualityShares } from './status.ts';

// How a target is measured, in words: what a figure means depends on it.

export function aboutCard(list: readonly SeriesSnapshot[], input: PageInput): Markup {
  const { engine, store, nowMs } = input.snapshot;
  const [roundSeconds, timeoutSeconds] = [input.roundMs / 1000, input.timeoutMs / 1000];
  const [first] = list;
  if (first === undefined) return html``;
  const rows: Array<[string, string]> = [
    ['echoes', `one every ${first.intervalMs / 1000}\u202fs and family, spread by ±5\u202f%`],
    [
      'rounds',
      `${roundSeconds}\u202fs; a reply counts until ${timeoutSeconds}\u202fs after its echo`,
    ],
    ['source', list.map(sourceText).join(', ')],
    ['type of service', String(first.tos)],
    ['TTL of replies', list.map(({ ttl }) => (ttl === null ? 'unknown' : String(ttl))).join(', ')],
    ['stamps', `${engine.stamps}, by ${engine.transport}`],
    ...list.map(({ family, counters }): [string, string] => [
      `samples ${familyName(family)}`,
      qualityText(counters.quality),
    ]),
    ['median', 'of a span: the median of its rounds’ medians, weighted by their replies'],
    ['p99', 'of a span: ≈ where it is derived from the rounds’ quantiles and means'],
    ['kept', store.oldestMs === null ? 'nothing yet' : formatDuration(nowMs - store.oldestMs)],
  ];
  const terms = rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`);
  return block('How it is measured', html`<dl class="about">${terms}</dl>`);
}

function sourceText({ source, family }: SeriesSnapshot): string {
  return `${familyName(family)} ${source === '' ? 'chosen by the kernel' : source}`;
}

function qualityText(quality: SeriesSnapshot['counters']['quality']): string {
  const shares = qualityShares(quality);
  if (shares.length === 0) return 'none yet';
  return shares
    .map(([name, percent]) => `${formatPercent(percent)} ${name} (${QUALITY_MEANING[name]})`)
    .join('; ');
}
