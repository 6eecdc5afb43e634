import { html } from 'hono/html';
import type { Markup } from './smoke-plot.ts';

/** Bands and colours by name, once a page. */
export function legend(names: { hasLoad: boolean }): Markup {
  const items = [
    ['all', 'all replies'],
    ['most', '10–90\u202f%'],
    ['half', '25–75\u202f%'],
    ['none', 'median, no loss'],
    ['few', 'loss below 5\u202f%'],
    ['some', 'below 20\u202f%'],
    ['many', 'more, outage'],
    ['gap', 'no data'],
    ...(names.hasLoad ? [['load', 'we loaded the line']] : []),
  ];
  return html`<ul class="legend" aria-label="Colours of the graphs">${items.map(
    ([key, name]) => html`<li><span class="key ${key ?? ''}"></span>${name ?? ''}</li>`,
  )}</ul>`;
}
