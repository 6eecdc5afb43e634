// `/status`: what the public sees, if the operator wants it to. Everything in it was named by him;
// it holds no name, address or place that he did not choose to show.
import { html } from 'hono/html';
import { dayBar, type PieceState } from '../../graph/day-bar.ts';
import { formatClock, formatDate, formatDuration, isoTime } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import type { Tone } from '../../graph/tone.ts';
import { checkbox, errorList, type FormState, field, form, submit } from './form.ts';
import type { Frame, Page } from './shell.ts';

export const PIECE_MS = 1_800_000;
export const PIECES = 48;

/** One of the places from which is measured, or the whole where there is none. */
export interface StatusPlace {
  name: string;
  state: 'well' | 'trouble' | 'unknown' | 'maintenance';
  targets: ReadonlyArray<{ name: string; isDown: boolean; pieces: readonly PieceState[] }>;
}

export interface StatusInput {
  title: string;
  text: string;
  places: readonly StatusPlace[];
  /** End of the last piece. */
  untilMs: number;
}

const RELOAD_SECONDS = 60;

export function statusPage(frame: Frame, input: StatusInput): Page {
  const { places, text, title } = input;
  const { tone, sentence } = summary(places);
  return {
    place: 'status',
    title: sentence,
    tone,
    heading: sentence,
    lead: html`${title}${title !== '' && text !== '' && ': '}${text}`,
    reloadSeconds: RELOAD_SECONDS,
    main: html`${places.map((place) => placeCard(place, input.untilMs))}${
      places.length > 0 && key()
    }<p class="lead">The same for programs: <a href="/status.txt">text</a>, <a
href="/status.json">JSON</a>. As of ${clock(frame.nowMs)} UTC.</p>`,
  };
}

/** `status.txt`: sentences, one a line. */
export function statusText(input: StatusInput, nowMs: number): string {
  const { places, title, text } = input;
  const lines = places.flatMap((place) => [
    `${place.name}: ${stateWords(place)}`,
    ...place.targets.map(
      (target) => `  ${target.name}: ${targetWords(target)}; last 24 h: ${dayWords(target.pieces)}`,
    ),
  ]);
  const head = [title, text].filter((line) => line !== '');
  return `${[...head, summary(places).sentence, ...lines, `As of ${isoTime(nowMs)}`].join('\n')}\n`;
}

export function statusJson(input: StatusInput, nowMs: number): Record<string, unknown> {
  const { places, title, text, untilMs } = input;
  return {
    title,
    text,
    atMs: nowMs,
    summary: summary(places).sentence,
    pieceMs: PIECE_MS,
    untilMs,
    places: places.map(({ name, state, targets }) => ({
      name,
      state,
      targets: targets.map(({ name: target, isDown, pieces }) => ({
        name: target,
        isDown,
        pieces,
      })),
    })),
  };
}

export interface StatusForm {
  state: FormState;
  isPublic: boolean;
  groups: readonly string[];
}

export function statusSettingsPage(frame: Frame, { state, isPublic, groups }: StatusForm): Page {
  const known = groups.length === 0 ? '' : ` There are: ${groups.slice(0, 30).join(', ')}.`;
  return {
    place: null,
    title: 'Status page',
    tone: 'info',
    heading: 'The public status page',
    lead: isPublic
      ? html`It is on: <a href="/status">see it as strangers do</a>.`
      : 'It is off: strangers see the way to log in and nothing else.',
    reloadSeconds: null,
    main: html`${errorList(state)}${form('/settings/status', frame.csrf, [
      checkbox(state, {
        name: 'isPublic',
        label: 'Show it to everybody',
        hint:
          'Without logging in. It says only what is named below: no name of a probe, no ' +
          'address, no place.',
      }),
      field(state, { name: 'title', label: 'Title', maxLength: 100 }),
      field(state, { name: 'text', label: 'A sentence under it', maxLength: 1000 }),
      field(state, {
        name: 'groups',
        label: 'Groups',
        hint: `Only probes of these; empty means of all.${known}`,
        isCode: true,
      }),
      field(state, {
        name: 'probes',
        label: 'Probes and the names to show',
        hint:
          'One a line, as probe07 = Hannover. A probe that is not here is not shown; 50 at ' +
          'most.',
        rows: 6,
        isCode: true,
      }),
      field(state, {
        name: 'targets',
        label: 'Targets and the names to show',
        hint:
          'One a line, as one.one.one.one = Internet. A target that is not here is not ' +
          'shown; 20 at most.',
        rows: 6,
        isCode: true,
      }),
      submit('Save', 'main', '/'),
    ])}`,
  };
}

function placeCard(place: StatusPlace, untilMs: number): Markup {
  const { name, targets } = place;
  const fromMs = untilMs - PIECES * PIECE_MS;
  return html`<section class="card block" aria-label="${name}"><h2><span class="dot ${
    TONES[place.state]
  }"></span>${name} <span class="quiet">${stateWords(
    place,
  )}</span></h2><div class="bars">${targets.map((target) => {
    const words = `${name} to ${target.name}, last 24 hours: ${dayWords(target.pieces)}.`;
    return html`<div><h3>${target.name}
<span class="quiet">${targetWords(target)}</span></h3>${dayBar(
      target.pieces,
      words,
    )}<p class="scale"><span>${clock(fromMs)}</span><span>${dayWords(
      target.pieces,
    )}</span><span>now</span></p></div>`;
  })}</div></section>`;
}

function key(): Markup {
  const items = [
    ['none', 'well'],
    ['few', 'some loss'],
    ['many', 'down'],
    ['gap', 'not known'],
  ];
  return html`<ul class="legend" aria-label="Colours of the bars">${items.map(
    ([name, text]) => html`<li><span class="key ${name ?? ''}"></span>${text ?? ''}</li>`,
  )}</ul>`;
}

const TONES: Readonly<Record<StatusPlace['state'], Tone>> = {
  well: 'good',
  trouble: 'bad',
  unknown: 'info',
  maintenance: 'info',
};

function summary(places: readonly StatusPlace[]): { tone: Tone; sentence: string } {
  if (places.length === 0) return { tone: 'info', sentence: 'Nothing is shown here yet' };
  const bad = places.filter(({ state }) => state === 'trouble').length;
  const unknown = places.filter(({ state }) => state === 'unknown').length;
  if (bad > 0) {
    const sentence =
      bad === places.length
        ? 'There is trouble'
        : `There is trouble at ${bad} of ${places.length} places`;
    return { tone: 'bad', sentence };
  }
  if (unknown === places.length) return { tone: 'info', sentence: 'Nothing is known now' };
  if (unknown > 0) {
    return {
      tone: 'warn',
      sentence: `All is well where we know; ${unknown} of ${places.length} places are not heard`,
    };
  }
  return { tone: 'good', sentence: 'All is well' };
}

function stateWords({ state, targets }: StatusPlace): string {
  if (state === 'unknown') return 'not heard now';
  if (state === 'maintenance') return 'being worked on';
  const down = targets.filter(({ isDown }) => isDown).length;
  if (state === 'well') return targets.length === 0 ? 'well' : 'all reached';
  return down === 0 ? 'in trouble' : `${down} of ${targets.length} not reached`;
}

function targetWords({ isDown }: { isDown: boolean }): string {
  return isDown ? 'not reached now' : '';
}

/** `down for 1 h, some loss for 30 min`. */
function dayWords(pieces: readonly PieceState[]): string {
  const lasted = (state: PieceState): number =>
    pieces.filter((piece) => piece === state).length * PIECE_MS;
  if (pieces.every((piece) => piece === 'unknown')) return 'not known';
  const told = [
    lasted('down') > 0 ? `down in ${formatDuration(lasted('down'))}` : '',
    lasted('some') > 0 ? `some loss in ${formatDuration(lasted('some'))}` : '',
    lasted('unknown') > 0 ? `not known for ${formatDuration(lasted('unknown'))}` : '',
  ].filter((text) => text !== '');
  return told.length === 0 ? 'well all the time' : told.join(', ');
}

function clock(timeMs: number): string {
  return `${formatDate(timeMs)} ${formatClock(timeMs)}`;
}
