import { html } from 'hono/html';
import type { ProbeEvent, Round } from '../../core/round.ts';
import { SEND_ERROR_REASONS } from '../../core/round.ts';
import type { SeriesCounters, SeriesSnapshot } from '../../core/snapshot.ts';
import { lastsUntil } from '../../graph/column.ts';
import { lossPercent } from '../../graph/figures.ts';
import {
  formatClockSeconds,
  formatCount,
  formatDuration,
  formatInstant,
  formatPercent,
  formatRtt,
  formatSigned,
  isoTime,
} from '../../graph/format.ts';
import { eventName } from '../../graph/mark.ts';
import type { Markup } from '../../graph/smoke.ts';
import { lossClass } from '../../graph/smoke-path.ts';
import { familyName } from './input.ts';
import { firstStep, isCutBy } from './path-changes.ts';
import { hopCount } from './path-words.ts';
import { detailText } from './series.ts';

// The tables of a target's own page.

export const ROUNDS_SHOWN = 15;
export const EVENTS_SHOWN = 50;

/** The last rounds, newest first. */
export function roundTable(rounds: readonly Round[], series: SeriesSnapshot): Markup {
  const shown = rounds.slice(-ROUNDS_SHOWN).reverse();
  const name = familyName(series.family);
  const hasTime = shown.some(({ clock }) => clock === 'synced');
  const heads = ['began', 'lost', 'min', 'p10', 'median', 'p90', 'max', 'jitter', 'also'];
  return block(
    `Last rounds over ${name}`,
    shown.length === 0
      ? html`<p class="note">No round has closed yet.</p>`
      : scrolled(`Table of rounds over ${name}`, {
          isWords: false,
          heads,
          rows: shown.map((round) => roundRow(round, hasTime)),
        }),
  );
}

/** Outages and events of the target and of the whole probe, newest first. */
export function eventTable(events: readonly ProbeEvent[], nowMs: number): Markup {
  const newest = [...events].sort((a, b) => b.fromMs - a.fromMs);
  const shown = newest.slice(0, EVENTS_SHOWN);
  const more = newest.length - shown.length;
  const table = scrolled('Table of events', {
    isWords: true,
    heads: ['from', 'what', 'family', 'lasted', 'more'],
    rows: shown.map((event) => eventRow(event, nowMs)),
  });
  const rest = html`<p class="note">And ${formatCount(more)} older ones.</p>`;
  return block(
    'Outages and events',
    shown.length === 0
      ? html`<p class="note">None in the last 24\u202fhours.</p>`
      : html`${table}${more > 0 && rest}`,
  );
}

/** Everything counted since the series began, one column a family. */
export function counterTable(list: readonly SeriesSnapshot[]): Markup {
  const rows = counterRows(list.map(({ counters }) => counters));
  const heads = list.map(({ family }) => html`<th scope="col">${familyName(family)}</th>`);
  const body = rows.map(
    ([name, ...values]) =>
      html`<tr><th scope="row">${name}</th>${values.map((value) => html`<td>${value}</td>`)}</tr>`,
  );
  return block(
    'Counters',
    html`<table><thead><tr><th scope="col">since the series began</th>${heads}</tr></thead><tbody>${
      body
    }</tbody></table>`,
  );
}

/** A card with a title, which is also its name for screen readers. */
export function block(title: string, body: Markup): Markup {
  return html`<section class="card block" aria-label="${title}"><h3>${title}</h3>${body}</section>`;
}

/** A table that may be wider than the page: then it is scrolled, by keyboard too. */
function scrolled(
  name: string,
  table: { heads: readonly string[]; rows: readonly Markup[]; isWords: boolean },
): Markup {
  const { heads, rows, isWords } = table;
  // The last column holds words and is read from its left.
  const cells = heads.map((head, index) =>
    index === heads.length - 1
      ? html`<th scope="col" class="words">${head}</th>`
      : html`<th scope="col">${head}</th>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${name}"><table${
    isWords && html` class="words"`
  }><thead><tr>${cells}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** Where no round has a synchronised clock the head of the page says so, once. */
function roundRow(round: Round, hasTime: boolean): Markup {
  const { rttNs, jitterNs, fromMs } = round;
  const percent = lossPercent(round);
  const figures = [rttNs?.min, rttNs?.p10, rttNs?.median, rttNs?.p90, rttNs?.max, jitterNs];
  const cells = figures.map((ns) => html`<td>${ns == null ? '–' : formatRtt(ns)}</td>`);
  const lost = percent === null ? '–' : `${round.lost}/${round.sent}`;
  const began = html`<time datetime="${isoTime(fromMs)}">${formatClockSeconds(fromMs)}</time>`;
  return html`<tr><td>${began}</td><td class="loss-${lossClass(percent)}">${lost}</td>${
    cells
  }<td class="words">${alsoText(round, hasTime)}</td></tr>`;
}

/** What happened in a round besides loss; mostly nothing. */
function alsoText(round: Round, hasTime: boolean): string {
  const refused = Object.entries(round.sendErrors).map(
    ([reason, count]) => [count ?? 0, `not sent: ${reason}`] as const,
  );
  const counts: ReadonlyArray<readonly [number, string]> = [
    [round.late, 'late'],
    [round.duplicates, 'duplicate'],
    [round.reordered, 'reordered'],
    [round.discarded, 'discarded'],
    [round.skipped, 'skipped'],
    ...refused,
  ];
  const told = counts.filter(([count]) => count > 0).map(([count, name]) => `${count} ${name}`);
  if (round.lossBurstMax > 1) told.unshift(`${round.lossBurstMax} lost in a row`);
  if (round.loaded) told.push('line loaded by us');
  if (hasTime && round.clock === 'unsynced') told.push('clock not synchronised');
  return told.join(', ');
}

function eventRow(event: ProbeEvent, nowMs: number): Markup {
  const isOutage = event.kind === 'outage';
  // Of other events the end is when they were sure, which is not how long they lasted.
  const lasted = isOutage ? lastsUntil(event, nowMs) - event.fromMs : 0;
  const goesOn = isOutage && event.untilMs === null ? ', goes on' : '';
  const duration = lasted > 0 ? `${formatDuration(lasted)}${goesOn}` : '';
  const { fromMs } = event;
  const from = html`<time datetime="${isoTime(fromMs)}">${formatInstant(fromMs, nowMs)}</time>`;
  const family = event.family === null ? 'both' : familyName(event.family);
  return html`<tr><td>${from}</td><td>${eventName(event)}</td><td>${family}</td><td>${
    duration
  }</td><td class="words">${eventDetail(event)}</td></tr>`;
}

function eventDetail(event: ProbeEvent): string {
  if (event.kind === 'address') {
    const [from, to] = [detailText(event, 'from'), detailText(event, 'to')];
    return `${from ?? 'no address'} → ${to ?? 'no address'}`;
  }
  if (event.kind === 'outage') return outageDetail(event);
  if (event.kind === 'path') return pathDetail(event);
  if (event.kind === 'shift') return shiftDetail(event);
  const stepNs = event.detail['stepNs'];
  if (event.kind === 'clock-step' && typeof stepNs === 'number') return formatSigned(stepNs);
  return Object.keys(event.detail)
    .map((name) => `${name}: ${detailText(event, name) ?? 'unknown'}`)
    .join(', ');
}

/** `hop 4: 192.0.2.1 → 192.0.2.9, 8 → 9 hops`. */
function pathDetail(event: ProbeEvent): string {
  const { ttl, beforeHops, afterHops, beforeReached, afterReached } = event.detail;
  const { from, to } = firstStep(event);
  const told = [from === to ? `from hop ${ttl ?? 1} on` : `hop ${ttl ?? 1}: ${from} → ${to}`];
  if (typeof beforeHops === 'number' && typeof afterHops === 'number') {
    told.push(
      beforeHops === afterHops ? hopCount(afterHops) : `${beforeHops} → ${hopCount(afterHops)}`,
    );
  }
  if (beforeReached === false && afterReached === true) told.push('reaches the target now');
  if (isCutBy(event)) told.push('no longer reaches the target');
  return told.join(', ');
}

function shiftDetail({ detail }: ProbeEvent): string {
  const { beforeNs, afterNs } = detail;
  if (typeof beforeNs !== 'number' || typeof afterNs !== 'number') return '';
  return `median ${formatRtt(beforeNs)} → ${formatRtt(afterNs)}`;
}

function outageDetail(event: ProbeEvent): string {
  const lost = event.detail['lost'];
  const told: string[] = [];
  if (typeof lost === 'number') told.push(`${formatCount(lost)} echoes lost`);
  if (event.scope === 'uplink') told.push('the whole line was down');
  if (event.detail['dropped'] === true) told.push('no longer measured, its end is not known');
  return told.join(', ');
}

function counterRows(list: readonly SeriesCounters[]): string[][] {
  const row = (name: string, value: (counters: SeriesCounters) => number): string[] => [
    name,
    ...list.map((counters) => formatCount(value(counters))),
  ];
  const reasons = SEND_ERROR_REASONS.filter((reason) =>
    list.some(({ sendErrors }) => sendErrors[reason] > 0),
  );
  const loss = list.map((counters) => lossPercent(counters));
  return [
    row('sent', ({ sent }) => sent),
    row('received', ({ received }) => received),
    row('lost', ({ lost }) => lost),
    ['loss', ...loss.map((percent) => (percent === null ? '–' : formatPercent(percent)))],
    row('late', ({ late }) => late),
    row('duplicates', ({ duplicates }) => duplicates),
    row('reordered', ({ reordered }) => reordered),
    row('discarded (clock jump)', ({ discarded }) => discarded),
    row('skipped', ({ skipped }) => skipped),
    ...reasons.map((reason) => row(`not sent: ${reason}`, ({ sendErrors }) => sendErrors[reason])),
  ];
}
