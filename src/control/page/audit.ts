// `/audit`: who did what to what, newest first, as it was before and after.
import { html } from 'hono/html';
import { isRecord } from '../../core/config-value.ts';
import { formatInstant, isoTime } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import type { AuditLine } from '../accounts/audit-log.ts';
import { field, formState } from './form.ts';
import { type Frame, type Page, withQuery } from './shell.ts';
import { table } from './table.ts';

export const AUDIT_PAGE = 50;
const DIFFS_MAX = 12;
const VALUE_LENGTH_MAX = 160;
const DEPTH_MAX = 6;

export interface AuditInput {
  /** One more than is shown, where there are older ones. */
  lines: readonly AuditLine[];
  filter: { subject: string; actor: string; action: string };
}

export function auditPage(frame: Frame, { lines, filter }: AuditInput): Page {
  const shown = lines.slice(0, AUDIT_PAGE);
  const last = shown.at(-1);
  const hasMore = lines.length > shown.length && last !== undefined;
  const isNarrowed = Object.values(filter).some((text) => text !== '');
  return {
    place: 'audit',
    title: 'Audit',
    tone: 'info',
    heading: 'Audit',
    lead: 'Every change, by whom, with what it was before and after. Secrets are never in it.',
    reloadSeconds: null,
    main: html`${filterForm(filter)}${
      shown.length === 0
        ? html`<p class="lead">${isNarrowed ? 'No entry matches.' : 'Nothing was changed yet.'} ${
            isNarrowed && html`<a href="/audit">Show all</a>.`
          }</p>`
        : html`<div class="card block">${lineTable(frame, shown)}</div>`
    }<nav class="pages" aria-label="Pages of the log">${
      frame.href.includes('before=') &&
      html`<a href="${withQuery(frame.href, { before: null })}">Newest</a>`
    }${
      hasMore &&
      html`<a rel="next" href="${withQuery(frame.href, { before: String(last.id) })}">Older</a>`
    }</nav>`,
  };
}

export interface Difference {
  path: string;
  before: string | null;
  after: string | null;
}

/** What differs, by keys joined with dots; null is a value that was not there. */
export function differences(before: unknown, after: unknown): Difference[] {
  const [old, fresh] = [flatten(before), flatten(after)];
  const keys = [...new Set([...old.keys(), ...fresh.keys()])];
  return keys.flatMap((path) => {
    const [was, is] = [old.get(path) ?? null, fresh.get(path) ?? null];
    return was === is ? [] : [{ path, before: was, after: is }];
  });
}

function filterForm(filter: AuditInput['filter']): Markup {
  const state = formState(filter);
  return html`<form class="search" method="get" action="/audit" role="search">${[
    field(state, { name: 'subject', label: 'What', isCode: true, maxLength: 200 }),
    field(state, { name: 'actor', label: 'Who', isCode: true, maxLength: 200 }),
    field(state, { name: 'action', label: 'Did what', isCode: true, maxLength: 64 }),
  ]}<button>Show</button></form>`;
}

function lineTable(frame: Frame, lines: readonly AuditLine[]): Markup {
  const heads = ['when', 'who', 'did', 'what', 'change'].map((text) => ({ text }));
  const rows = lines.map((line) => {
    const { atMs, actor, action, subject, before, after } = line;
    const to = (name: string, value: string): string =>
      withQuery('/audit', { [name]: value, before: null });
    return html`<tr><td class="when"><time datetime="${isoTime(atMs)}">${formatInstant(
      atMs,
      frame.nowMs,
    )}</time></td><td><a href="${to('actor', actor)}">${actor}</a></td><td>${action}</td><td><a
href="${to(
      'subject',
      subject,
    )}">${subject}</a></td><td class="whole">${diffList(before, after)}</td></tr>`;
  });
  return table('Audit log', heads, rows);
}

function diffList(before: unknown, after: unknown): Markup | null {
  // Of something new what it has not is no news.
  const isNew = before === null || before === undefined;
  const all = differences(before, after).filter(
    (one) => !isNew || (one.after !== 'false' && one.after !== ''),
  );
  if (all.length === 0) return null;
  const shown = all.slice(0, DIFFS_MAX);
  const more = all.length - shown.length;
  return html`<ul class="diffs">${shown.map(
    (one) =>
      html`<li>${one.path !== '' && `${one.path}: `}${
        one.before !== null && html`<span class="gone">${one.before}</span>`
      }${one.before !== null && one.after !== null && ' → '}${
        one.after !== null && html`<span class="fresh">${one.after}</span>`
      }</li>`,
  )}${more > 0 && html`<li>and ${more} more</li>`}</ul>`;
}

function flatten(value: unknown, path = '', depth = 0): Map<string, string> {
  if (value === null || value === undefined) return new Map();
  const isPlainList = Array.isArray(value) && value.every((one) => typeof one !== 'object');
  if (isPlainList)
    return value.length === 0 ? new Map() : new Map([[path, clip(value.join(', '))]]);
  if (depth < DEPTH_MAX && (isRecord(value) || Array.isArray(value))) {
    return new Map(
      Object.entries(value).flatMap(([key, inner]) => [
        ...flatten(inner, path === '' ? key : `${path}.${key}`, depth + 1),
      ]),
    );
  }
  if (value === '') return new Map();
  return new Map([[path, clip(typeof value === 'object' ? JSON.stringify(value) : String(value))]]);
}

function clip(text: string): string {
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX)}…`;
}
