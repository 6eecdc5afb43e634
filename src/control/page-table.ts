// Long lists: tables that fold into blocks on a phone, links to sort by, and links from page to page.
import { html } from 'hono/html';
import { formatCount } from '../graph/format.ts';
import type { Markup } from '../graph/smoke.ts';
import type { Text } from '../graph/text.ts';
import { withQuery } from './page-shell.ts';

export interface Head {
  text: string;
  /** Key of `sort` in the query; left out where nobody sorts by it. */
  sort?: string;
  class?: string;
}

/** `rows` are `<tr>`; `name` is what the table is called. */
export function table(
  name: string,
  heads: readonly Head[],
  rows: readonly Markup[],
  sorting?: { href: string; sort: string; isDescending: boolean },
): Markup {
  const cells = heads.map((head) => headCell(head, sorting));
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${name}"><table class="fleet stack"><thead><tr>${
    cells
  }</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** `1–100 of 10 000 probes`, with links to the pages beside. */
export function pager(given: {
  href: string;
  total: number;
  offset: number;
  limit: number;
  what: string;
}): Markup {
  const { href, total, offset, limit, what } = given;
  const last = Math.min(total, offset + limit);
  const range = total === 0 ? 'none' : `${formatCount(offset + 1)}–${formatCount(last)}`;
  const to = (at: number): string => withQuery(href, { offset: at === 0 ? null : String(at) });
  return html`<nav class="pages" aria-label="Pages of the list"><span class="quiet">${range} of ${formatCount(
    total,
  )} ${what}</span>${
    offset > 0 && html`<a rel="prev" href="${to(Math.max(0, offset - limit))}">Previous</a>`
  }${last < total && html`<a rel="next" href="${to(offset + limit)}">Next</a>`}</nav>`;
}

/** Names and values, as a list that is read in pairs. */
export function factList(facts: ReadonlyArray<readonly [string, Text]>): Markup {
  return html`<dl class="facts">${facts.map(
    ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`,
  )}</dl>`;
}

/** A card with a heading. */
export function card(title: string, body: Text | Text[], id?: string): Markup {
  return html`<section class="card block"${
    id !== undefined && html` id="${id}"`
  }><h2>${title}</h2>${body}</section>`;
}

function headCell(
  { text, sort, class: name }: Head,
  sorting?: { href: string; sort: string; isDescending: boolean },
): Markup {
  const isCurrent = sort !== undefined && sorting?.sort === sort;
  const direction = sorting?.isDescending === true ? 'descending' : 'ascending';
  const order = isCurrent && direction === 'ascending' ? 'desc' : null;
  const body =
    sort === undefined || sorting === undefined
      ? text === ''
        ? html`<span class="hidden">actions</span>`
        : text
      : html`<a href="${withQuery(sorting.href, { sort, order, offset: null })}">${text}${
          isCurrent && (direction === 'ascending' ? ' ↑' : ' ↓')
        }</a>`;
  return html`<th scope="col" class="${name ?? ''}"${
    isCurrent && html` aria-sort="${direction}"`
  }>${body}</th>`;
}
