// Probes in words and marks, the same on every page.
import { html } from 'hono/html';
import type { ProbeHealth, ProbeRow } from '../../core/fleet.ts';
import { formatDuration } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import type { Text } from '../../graph/text.ts';
import type { Tone } from '../../graph/tone.ts';

export const HEALTH_TONES: Readonly<Record<ProbeHealth, Tone>> = {
  well: 'good',
  trouble: 'warn',
  silent: 'bad',
  waiting: 'info',
  disabled: 'info',
  maintenance: 'info',
};

/** After a number: `28 well`, `2 need a look`. */
export const HEALTH_WORDS: Readonly<Record<ProbeHealth, string>> = {
  well: 'well',
  trouble: 'need a look',
  silent: 'silent',
  waiting: 'not yet joined',
  disabled: 'disabled',
  maintenance: 'in maintenance',
};

const ONE: Readonly<Record<ProbeHealth, string>> = {
  ...HEALTH_WORDS,
  trouble: 'needs a look',
};

/** A dot and a word. */
export function healthMark(health: ProbeHealth): Markup {
  return html`<span class="state"><span class="dot ${HEALTH_TONES[health]}"></span>${
    ONE[health]
  }</span>`;
}

/** The one place where a path of a probe is made. */
export function probeHref(name: string, rest = ''): string {
  return `/probes/${encodeURIComponent(name)}${rest}`;
}

export function probeLink(name: string): Markup {
  return html`<a href="${probeHref(name)}">${name}</a>`;
}

/** `probe07, probe08 and 12 more`, each a link. */
export function probeList(names: readonly string[], most = 3): Text {
  const shown = names.slice(0, names.length === most + 1 ? most + 1 : most);
  const more = names.length - shown.length;
  const links = shown.map((name, index) => {
    const isLast = index === shown.length - 1 && more === 0;
    const before = index === 0 ? '' : isLast ? ' and ' : ', ';
    return html`${before}${probeLink(name)}`;
  });
  return html`${links}${more > 0 && ` and ${more} more`}`;
}

/** `NanoPi R2S · Wolfsburg · 1.4.2`: whatever is known. */
export function probeSubline(row: ProbeRow): string {
  const hardware = row.model ?? (row.hardware === 'generic' ? '' : row.hardware);
  const parts = [hardware, row.location, row.version ?? ''];
  return parts.filter((part) => part !== '').join(' · ');
}

/** `41 s ago`; the moment is for machines and for the pointer. */
export function ago(timeMs: number | null, nowMs: number): Text {
  if (timeMs === null) return 'never';
  const age = formatDuration(nowMs - timeMs);
  return html`<time datetime="${new Date(timeMs).toISOString()}">${age} ago</time>`;
}
