// The frame of every page of the control: name of the house, navigation, who is logged in, the
// sentence that says how things are, and the foot.
import { html } from 'hono/html';
import { formatClockSeconds, formatDate, isoTime } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import type { Text } from '../../graph/text.ts';
import { STATE_ICONS, type Tone } from '../../graph/tone.ts';
import type { Role } from '../store/db-tables.ts';
import { styleSheet } from './style.ts';

/** About the house and the reader; the same for every page of one request. */
export interface Frame {
  /** Name of the organisation. */
  house: string;
  version: string;
  nowMs: number;
  /** `isVisitor`: has not logged in, and may look all the same. */
  reader: { name: string; role: Role; isVisitor?: boolean } | null;
  /** For forms; empty without a reader. */
  csrf: string;
  /** Path and query of this page, without `refresh` and `done`. */
  href: string;
  isPaused: boolean;
  /** Key of what was just done: a sentence of `DONE`. */
  done: string | null;
  /** Files of an export: no forms, no way to log in, no reload. */
  isStatic: boolean;
}

export type Place =
  | 'overview'
  | 'probes'
  | 'sets'
  | 'claims'
  | 'maintenance'
  | 'audit'
  | 'users'
  | 'status'
  | null;

export interface Page {
  place: Place;
  /** In the tab of the browser. */
  title: string;
  tone: Tone;
  /** The heading; the first thing that is read. */
  heading: Text;
  /** A sentence under it; may be empty. */
  lead?: Text;
  crumbs?: ReadonlyArray<{ href: string; text: string }>;
  reloadSeconds: number | null;
  main: Markup | Promise<Markup>;
}

export const RELOAD_SECONDS = 30;

/** What a form did, told on the page that it leads to. The key stands in the address. */
export const DONE: Readonly<Record<string, string>> = {
  'probe-added': 'The probe is registered.',
  'probe-changed': 'The changes are saved.',
  approved: 'Approved. The board gets its key when it asks again, within five minutes.',
  refused: 'Refused. This key was forgotten; the board may ask again.',
  disabled: 'Disabled. Its keys ended at this moment.',
  enabled: 'Enabled. Its board gets a new key when it asks again, within five minutes.',
  rearmed: 'Re-armed. The next board with this MAC address may enrol.',
  replaced: 'Replaced. The old key was forgotten; plug in the new board.',
  removed: 'The probe is removed.',
  forgotten: 'The board is forgotten. It may ask again.',
  'set-saved': 'The set is saved. Probes fetch it with their next report, within a minute or so.',
  'set-removed': 'The set is removed.',
  'token-made': 'The token is made.',
  'token-revoked': 'The token is revoked.',
  'maintenance-added': 'The maintenance window is set.',
  'maintenance-ended': 'The maintenance window has ended.',
  'user-added': 'The account is made.',
  'user-changed': 'The account is changed.',
  'sessions-ended': 'All sessions of that account have ended.',
  'password-set': 'The password is changed.',
  'status-saved': 'The settings of the status page are saved.',
  'logged-out': 'You are logged out.',
};

export function canOperate({ reader, isStatic }: Frame): boolean {
  return !isStatic && (reader?.role === 'operator' || reader?.role === 'admin');
}

export function canAdminister({ reader, isStatic }: Frame): boolean {
  return !isStatic && reader?.role === 'admin';
}

/** The whole document. */
export async function renderPage(frame: Frame, page: Page): Promise<string> {
  const main = await page.main;
  return String(
    await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="referrer" content="same-origin">
<title>${page.title} · ${frame.house}</title>
<link rel="stylesheet" href="${styleSheet.path}">
<link rel="icon" href="${STATE_ICONS[page.tone]}">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="site">${brand(frame, page)}${menu(frame, page)}${who(frame)}</header>
<main id="main" tabindex="-1">
${doneNote(frame)}${crumbs(page)}
<h1>${page.tone !== 'info' && html`<span class="dot ${page.tone}"></span>`}${page.heading}</h1>
${page.lead !== undefined && page.lead !== '' && html`<p class="lead">${page.lead}</p>`}
${main}
</main>
${footer(frame, page)}
</body>
</html>
`,
  );
}

/** The path with another parameter; `null` takes it away. */
export function withQuery(href: string, changes: Record<string, string | null>): string {
  const url = new URL(href, 'http://here');
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return `${url.pathname}${url.search}`;
}

function brand({ house }: Frame, { place }: Page): Markup {
  const href = place === 'status' ? '/status' : '/';
  const name = house !== 'Flint' && html`<span class="quiet">${house}</span>`;
  return html`<p class="brand"><a href="${href}">Flint</a>${name}</p>`;
}

function menu(frame: Frame, { place }: Page): Markup | null {
  if (frame.reader === null && !frame.isStatic) return null;
  const all: ReadonlyArray<{ place: Place; href: string; text: string; isShown: boolean }> = [
    { place: 'overview', href: '/', text: 'Overview', isShown: true },
    { place: 'probes', href: '/probes', text: 'Probes', isShown: true },
    { place: 'sets', href: '/sets', text: 'Measurements', isShown: !frame.isStatic },
    { place: 'claims', href: '/claims', text: 'Joining', isShown: !frame.isStatic },
    { place: 'maintenance', href: '/maintenance', text: 'Maintenance', isShown: !frame.isStatic },
    { place: 'audit', href: '/audit', text: 'Audit', isShown: !frame.isStatic },
    { place: 'users', href: '/users', text: 'Users', isShown: canAdminister(frame) },
    { place: 'status', href: '/status', text: 'Status', isShown: frame.isStatic },
  ];
  const items = all
    .filter(({ isShown }) => isShown)
    .map(
      (item) =>
        html`<li><a href="${item.href}"${item.place === place && html` aria-current="page"`}>${
          item.text
        }</a></li>`,
    );
  return html`<nav class="menu" aria-label="Pages"><ul>${items}</ul></nav>`;
}

function who({ reader, csrf, isStatic }: Frame): Markup | null {
  if (isStatic) return null;
  if (reader === null) return html`<p class="who"><a href="/login">Log in</a></p>`;
  if (reader.isVisitor === true) {
    return html`<p class="who"><span class="quiet">Read only</span><a href="/login">Log in</a></p>`;
  }
  return html`<div class="who"><a href="/account">${reader.name}</a><span class="quiet">${
    reader.role
  }</span><form class="inline" method="post" action="/logout"><input type="hidden" name="_csrf"
value="${csrf}"><button class="plain">Log out</button></form></div>`;
}

function doneNote({ done }: Frame): Markup | null {
  const text = done === null || !Object.hasOwn(DONE, done) ? undefined : DONE[done];
  return text === undefined ? null : html`<p class="said" role="status">${text}</p>`;
}

function crumbs({ crumbs: list }: Page): Markup | null {
  if (list === undefined || list.length === 0) return null;
  const links = list.map(({ href, text }) => html`<a href="${href}">${text}</a> › `);
  return html`<nav class="crumbs" aria-label="Where you are">${links}</nav>`;
}

function footer(frame: Frame, { reloadSeconds }: Page): Markup {
  const { nowMs, version, href, isPaused, isStatic } = frame;
  const clock = `${formatDate(nowMs)} ${formatClockSeconds(nowMs)}`;
  const made = html`<time datetime="${isoTime(nowMs)}">${clock}</time>`;
  const pause = withQuery(href, { refresh: 'off' });
  const reload =
    reloadSeconds === null || isStatic
      ? null
      : isPaused
        ? html` It does not reload itself now: <a href="${href}">resume</a>.`
        : html` It reloads itself every ${reloadSeconds}\u202fs: <a href="${pause}">pause</a>.`;
  return html`<footer><p>All times are UTC. Page made ${made} by Flint ${version}.${reload}</p>${
    isStatic && html`<p>A copy to read: nothing on it can be changed.</p>`
  }</footer>`;
}
