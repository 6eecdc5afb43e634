import { html } from 'hono/html';
import { formatClockSeconds, formatDate, isoTime } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import type { Text } from '../../graph/text.ts';
import { STATE_ICONS } from '../../graph/tone.ts';
import {
  boardHref,
  firstCloseMs,
  overviewHref,
  type PageInput,
  pathsHref,
  SPANS,
  targetHref,
  type View,
} from './input.ts';
import type { Notice, Tone } from './notice.ts';
import { reachOf } from './path.ts';
import { statusRow } from './status.ts';
import { styleSheet } from './style.ts';

// The frame of every page: head, name of the machine, the sentence that says whether it is well,
// what hurts, the row about the probe itself, and the foot.

export interface Shell {
  input: PageInput;
  view: View;
  tone: Tone;
  /** Before the name of the machine in the tab of the browser. */
  title: string;
  headline: Text;
  /** Said after the headline, quieter; may be empty. */
  subline: Text;
  notices: readonly Notice[];
  /** Path of this page with another view, for the span and the pause. */
  href: (view: View) => string;
  /** Which of the lists this is; null on the page of a single target. */
  place: 'latency' | 'paths' | 'board' | null;
  main: Markup;
}

/** WCAG 2.2.1: whoever is disturbed by it can stop it, by the link at the foot. */
const REFRESH_SECONDS = 30;
const REFRESH_SECONDS_LEAST = 3;

/** The whole document. */
export async function renderShell(shell: Shell): Promise<string> {
  const { input } = shell;
  return String(
    await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${shell.title} · ${input.snapshot.hostname}</title>
<link rel="stylesheet" href="${styleSheet.path}">
<link rel="icon" href="${STATE_ICONS[shell.tone]}">
</head>
<body>
<a class="skip" href="#main">Skip to the graphs</a>
${header(shell)}
<main id="main" tabindex="-1">
${shell.main}
</main>
${footer(shell)}
</body>
</html>
`,
  );
}

/** In the first minute the page comes back as soon as there is something to see. */
export function refreshSeconds(input: PageInput): number {
  const { series, paths, nowMs } = input.snapshot;
  if (series.length === 0 && paths.some((path) => reachOf(path) === 'waiting')) {
    return REFRESH_SECONDS_LEAST;
  }
  const isWaiting = series.some(
    ({ state, lastRound }) => state === 'measuring' && lastRound === null,
  );
  if (!isWaiting) return REFRESH_SECONDS;
  const seconds = Math.ceil((firstCloseMs(input) - nowMs) / 1000) + 1;
  return Math.min(REFRESH_SECONDS, Math.max(REFRESH_SECONDS_LEAST, seconds));
}

/** The spans as links; the chosen one is marked for eyes and for screen readers. */
export function spanTabs(view: View, href: (view: View) => string): Markup {
  const tabs = SPANS.map(
    (span) =>
      html`<li><a href="${href({ ...view, span })}"${
        span.name === view.span.name && html` aria-current="page"`
      }><span class="hidden">last </span>${span.label}</a></li>`,
  );
  return html`<nav class="tabs" aria-label="Span of the graphs"><ul>${tabs}</ul></nav>`;
}

function header(shell: Shell): Markup {
  const { hostname, hardware } = shell.input.snapshot;
  const first = { ...shell.view, page: 1 };
  const home = overviewHref(first);
  return html`<header>
<div class="top"><h1><a href="${home}">${hostname}</a>${
    hardware !== null && html` <span class="quiet">${hardware}</span>`
  }</h1>${placeTabs(shell, first)}${hasSpan(shell) && spanTabs(shell.view, shell.href)}</div>
<p class="headline ${shell.tone}"><span class="dot ${shell.tone}"></span>${shell.headline}${
    shell.subline !== '' && html` <span class="quiet">${shell.subline}</span>`
  }</p>
${statusRow(shell.input)}
${noticeList(shell)}
</header>`;
}

/** Only graphs have one. */
function hasSpan({ place }: Shell): boolean {
  return place !== 'paths' && place !== 'board';
}

function placeTabs({ place, input }: Shell, view: View): Markup {
  // Most of those who look have no agent, and nothing to see there.
  const hasBoard = input.snapshot.board != null || place === 'board';
  const tabs = [
    { name: 'latency', label: 'Latency', href: overviewHref(view) },
    { name: 'paths', label: 'Paths', href: pathsHref(view) },
    ...(hasBoard ? [{ name: 'board', label: 'Board', href: boardHref(view) }] : []),
  ].map(
    ({ name, label, href }) =>
      html`<li><a href="${href}"${name === place && html` aria-current="page"`}>${label}</a></li>`,
  );
  return html`<nav class="tabs places" aria-label="Pages of the probe"><ul>${tabs}</ul></nav>`;
}

function noticeList({ notices, view }: Shell): Markup | null {
  if (notices.length === 0) return null;
  const items = notices.map((notice) => noticeItem(notice, view));
  return html`<ul class="notices" aria-label="What hurts and what changed">${items}</ul>`;
}

function noticeItem({ tone, title, detail, target }: Notice, view: View): Markup {
  const link = target === null ? title : html`<a href="${targetHref(target, view)}">${title}</a>`;
  const rest = html`<span class="quiet">${detail}</span>`;
  return html`<li class="${tone}"><strong>${link}</strong> ${rest}</li>`;
}

function footer({ input, view, href }: Shell): Markup {
  const { snapshot, roundMs } = input;
  const { nowMs, version } = snapshot;
  const clock = `${formatDate(nowMs)} ${formatClockSeconds(nowMs)}`;
  const made = html`<time datetime="${isoTime(nowMs)}">${clock}</time>`;
  const other = href({ ...view, isPaused: !view.isPaused });
  const refresh = view.isPaused
    ? html`It does not reload itself now: <a href="${other}">resume</a>.`
    : html`It reloads itself every ${REFRESH_SECONDS}\u202fs: <a href="${other}">pause</a>.`;
  return html`<footer>
<p>Rounds of ${roundMs / 1000}\u202fs; all times are UTC. Page made ${made} by Flint ${version}.
${refresh}</p>
<p>For machines: <a href="/metrics">metrics</a>, <a href="/api/v1/status">status</a>.</p>
</footer>`;
}
