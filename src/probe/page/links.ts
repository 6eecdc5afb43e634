import { html } from 'hono/html';
import { formatCount } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import type { View } from './input.ts';

// Long lists are cut into pages: what is where, by number.

export const ROWS_A_PAGE = 100;

export interface Paging {
  /** From 1, held within what there is. */
  page: number;
  pages: number;
  /** The first of the page. */
  from: number;
}

export function pagingOf(asked: number, rows: number): Paging {
  const pages = Math.max(1, Math.ceil(rows / ROWS_A_PAGE));
  const page = Math.min(asked, pages);
  return { page, pages, from: (page - 1) * ROWS_A_PAGE };
}

/** Null while all are on one page; `what` says what is counted, and its order. */
export function pageLinks(
  { page, pages }: Paging,
  list: { rows: number; what: string; view: View; href: (view: View) => string },
): Markup | null {
  if (pages < 2) return null;
  const { rows, what, view, href } = list;
  const links = Array.from({ length: pages }, (_, index) => index + 1).map(
    (number) =>
      html`<li><a href="${href({ ...view, page: number })}"${
        number === page && html` aria-current="page"`
      }><span class="hidden">page </span>${number}</a></li>`,
  );
  return html`<nav class="tabs pages" aria-label="Pages"><p class="quiet">${formatCount(
    rows,
  )} ${what}</p><ul>${links}</ul></nav>`;
}
