// `/`: is the fleet well, what hurts, who asks to join, and the probes themselves, worst first.
import { html } from 'hono/html';
import type { ProbeHealth, ProbeRow } from '../../core/fleet.ts';
import type { Finding } from '../../core/overview.ts';
import { formatCount } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import type { Text } from '../../graph/text.ts';
import type { Tone } from '../../graph/tone.ts';
import { type JoinInput, joinList } from './join.ts';
import { type Notice, noticeOf } from './overview-words.ts';
import {
  ago,
  HEALTH_TONES,
  HEALTH_WORDS,
  healthMark,
  probeHref,
  probeSubline,
} from './probe-words.ts';
import { canOperate, type Frame, type Page, RELOAD_SECONDS, withQuery } from './shell.ts';
import { firstSteps } from './steps.ts';
import { table } from './table.ts';

export interface OverviewInput {
  counts: Readonly<Record<ProbeHealth, number>>;
  findings: readonly Finding[];
  join: JoinInput;
  /** Configurations that probes refused, and what their policies held back. */
  refusals: ReadonlyArray<{ probe: string; error: string }>;
  capped: ReadonlyArray<{ probe: string; sentences: readonly string[] }>;
  /** Worst first; with a picture of the last hour, where there is one. */
  cards: readonly ProbeCard[];
  /** Those after the cards. */
  rest: readonly ProbeRow[];
  isStatusPublic: boolean;
  origin: string;
}

export type TroubleInput = Pick<OverviewInput, 'findings' | 'refusals' | 'capped'>;

export interface ProbeCard {
  row: ProbeRow;
  picture: Markup | null;
  /** What the picture says, in a few words. */
  words: string | null;
}

export const NOTICES_MAX = 12;
const NAMED_MAX = 3;

export function overviewPage(frame: Frame, input: OverviewInput): Page {
  const { counts, cards } = input;
  const total = sum(counts);
  const head = headOf(counts, total);
  const notices = noticesOf(input, frame.nowMs);
  const isYoung = total <= 1 && !frame.isStatic;
  return {
    place: 'overview',
    title: head.title,
    tone: head.tone,
    heading: head.heading,
    reloadSeconds: RELOAD_SECONDS,
    main: html`${countLine(counts, total, input)}
${noticeList(notices, 'What hurts and what changed')}
${joinList(frame, input.join)}
${isYoung && firstSteps(frame, input.origin)}
${cards.length > 0 && probeCards(frame, input, total)}
${footLine(frame, input)}`,
  };
}

/** One block, a line each; null when there is nothing to tell. */
export function noticeList(notices: readonly Notice[], name: string): Markup | null {
  if (notices.length === 0) return null;
  const items = notices.map(
    ({ tone, title, detail }) =>
      html`<li class="${tone}"><strong>${title}</strong> <span class="quiet">${detail}</span></li>`,
  );
  return html`<ul class="notices" aria-label="${name}">${items}</ul>`;
}

interface Head {
  title: string;
  tone: Tone;
  heading: string;
}

function headOf(counts: OverviewInput['counts'], total: number): Head {
  const { silent, trouble, waiting, disabled } = counts;
  const running = total - waiting - disabled;
  if (total === 0) return { title: 'No probe yet', tone: 'info', heading: 'No probe yet.' };
  if (running === 0) {
    const heading =
      waiting > 0 ? 'Waiting for the first probe to join.' : 'All probes are disabled.';
    return { title: 'Waiting', tone: 'info', heading };
  }
  return silent + trouble === 0 ? wellHead(counts) : troubleHead(counts, running);
}

function wellHead({ well, maintenance }: OverviewInput['counts']): Head {
  const title = 'All well';
  if (well === 0) return { title, tone: 'info', heading: 'All probes are in maintenance.' };
  const heading =
    well + maintenance === 1 ? 'The probe is well.' : `All ${formatCount(well)} probes are well.`;
  return { title, tone: 'good', heading };
}

function troubleHead({ silent, trouble }: OverviewInput['counts'], running: number): Head {
  const told = [
    silent > 0 ? `${formatCount(silent)} ${silent === 1 ? 'is' : 'are'} silent` : '',
    trouble > 0 ? `${formatCount(trouble)} ${trouble === 1 ? 'needs' : 'need'} a look` : '',
  ].filter((text) => text !== '');
  const title = told.join(', ');
  const heading =
    running === 1
      ? `The probe ${silent > 0 ? 'is silent' : 'needs a look'}.`
      : `Of ${formatCount(running)} probes ${told.join(' and ')}.`;
  return { title, tone: silent > 0 ? 'bad' : 'warn', heading };
}

function countLine(counts: OverviewInput['counts'], total: number, input: OverviewInput) {
  if (total === 0) return null;
  const healths = (Object.keys(HEALTH_WORDS) as ProbeHealth[]).filter((one) => counts[one] > 0);
  const { boards, candidates } = input.join;
  const asking = boards.length + candidates.length;
  return html`<ul class="counts" aria-label="How many probes are how">
<li><a href="/probes"><strong>${formatCount(total)}</strong> ${
    total === 1 ? 'probe' : 'probes'
  }</a></li>${healths.map(
    (health) =>
      html`<li><span class="dot ${HEALTH_TONES[health]}"></span><a href="${withQuery('/probes', {
        health,
      })}"><strong>${formatCount(counts[health])}</strong> ${HEALTH_WORDS[health]}</a></li>`,
  )}${
    asking > 0 &&
    html`<li><a href="#join"><strong>${asking}</strong> ${
      asking === 1 ? 'board asks' : 'boards ask'
    } to join</a></li>`
  }</ul>`;
}

/** What hurts, the worst first; at most `NOTICES_MAX` and one that counts the rest. */
export function noticesOf(input: TroubleInput, nowMs: number): Notice[] {
  const findings = input.findings.map((finding) => noticeOf(finding, nowMs));
  const all = [...findings, ...refusalNotices(input), ...cappedNotices(input)];
  const shown = all.slice(0, NOTICES_MAX);
  const more = all.length - shown.length;
  if (more <= 0) return all;
  const detail = html`They are on the pages of the <a href="/probes">probes, worst first</a>.`;
  return [...shown, { tone: 'info', title: `And ${formatCount(more)} more.`, detail }];
}

function refusalNotices({ refusals }: TroubleInput): Notice[] {
  return folded(refusals, (list): Notice => {
    const [first] = list;
    const who = list.length === 1 ? linkTo(first?.probe ?? '') : `${list.length} probes`;
    const title = html`${who} refused the configuration.`;
    const detail = html`The one before goes on. ${first?.error ?? ''}`;
    return { tone: 'warn', title, detail };
  });
}

function cappedNotices({ capped }: TroubleInput): Notice[] {
  return folded(capped, (list): Notice => {
    const [first] = list;
    const who = list.length === 1 ? linkTo(first?.probe ?? '') : `${list.length} probes`;
    const title = html`${who} held something back by ${list.length === 1 ? 'its' : 'their'} own
policy.`;
    return { tone: 'info', title, detail: first?.sentences[0] ?? '' };
  });
}

/** One each while they are few, one for all else. */
function folded<One>(list: readonly One[], toNotice: (list: readonly One[]) => Notice): Notice[] {
  if (list.length === 0) return [];
  return list.length <= NAMED_MAX ? list.map((one) => toNotice([one])) : [toNotice(list)];
}

function linkTo(name: string): Text {
  return html`<a href="${probeHref(name)}">${name}</a>`;
}

function probeCards(frame: Frame, input: OverviewInput, total: number): Markup {
  const { cards, rest } = input;
  const { nowMs } = frame;
  const shown = cards.length + rest.length;
  return html`<section aria-label="Probes"><h2>Probes, worst first</h2>
<div class="glimpses">${cards.map((one) => probeCard(one, nowMs))}</div>${
    rest.length > 0 &&
    html`<div class="card block">${table(
      'More probes',
      [{ text: 'probe' }, { text: 'state' }, { text: 'why' }, { text: 'heard' }],
      rest.map(
        (row) =>
          html`<tr><td class="name">${linkTo(row.name)}</td><td>${healthMark(
            row.health,
          )}</td><td>${row.reason}</td><td class="when">${ago(row.seenMs, nowMs)}</td></tr>`,
      ),
    )}</div>`
  }${
    total > shown &&
    html`<p class="pages"><a href="/probes">All ${formatCount(total)} probes</a></p>`
  }</section>`;
}

function probeCard({ row, picture, words }: ProbeCard, nowMs: number): Markup {
  const { name, health, reason, seenMs } = row;
  const subline = probeSubline(row);
  const isWell = health === 'well';
  return html`<article class="card"><h3><span class="dot ${
    HEALTH_TONES[health]
  }"></span><span class="hidden">${HEALTH_WORDS[health]}: </span><a href="${probeHref(name)}">${
    name
  }</a></h3><p>${subline === '' ? row.mac : subline}</p>${picture}<p class="foot">${
    isWell ? (words ?? html`heard ${ago(seenMs, nowMs)}`) : reason
  }</p></article>`;
}

function footLine(frame: Frame, { isStatusPublic }: OverviewInput): Markup | null {
  if (frame.isStatic) return null;
  const status = isStatusPublic
    ? html`The public <a href="/status">status page</a> is on`
    : html`The public status page is off`;
  const change = frame.reader?.role === 'admin' && html` (<a href="/settings/status">change</a>)`;
  const add = canOperate(frame) && html`<a class="button" href="/probes/new">Add a probe</a> `;
  return html`<p class="actions lead">${add}<span>${status}${change}. A copy to read offline:
<code>flint control export DIR</code>.</span></p>`;
}

function sum(counts: OverviewInput['counts']): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
