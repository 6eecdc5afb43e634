// Long lists: tables that fold into blocks on a phone, links to sort by, and links from page to
// page.
import { html } from 'hono/html';
import { formatCount } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import type { Text } from '../../graph/text.ts';
import { withQuery } from './shell.ts';

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
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${name}"><table
class="fleet stack"><thead><tr>${cells}</tr></thead><tbody>${rows}</tbody></table></div>`;
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
  return html`<nav class="pages" aria-label="Pages of the list"><span class="quiet">${
    range
  } of ${formatCount(total)} ${what}</span>${
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

type Sorting = { href: string; sort: string; isDescending: boolean } | undefined;

function headCell(head: Head, sorting: Sorting): Markup {
  const { text, sort, class: name } = head;
  const body = text === '' ? html`<span class="hidden">actions</span>` : text;
  if (sort === undefined || sorting === undefined) {
    return html`<th scope="col" class="${name ?? ''}">${body}</th>`;
  }
  const isCurrent = sorting.sort === sort;
  const { isDescending, href } = sorting;
  const order = isCurrent && !isDescending ? 'desc' : null;
  const arrow = isCurrent && (isDescending ? ' ↓' : ' ↑');
  return html`<th scope="col" class="${name ?? ''}"${
    isCurrent && html` aria-sort="${isDescending ? 'descending' : 'ascending'}"`
  }><a href="${withQuery(href, { sort, order, offset: null })}">${text}${arrow}</a></th>`;
}
