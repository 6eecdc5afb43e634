// `/probes/NAME`: how one probe is, what it sees, what it is and runs, and what can be done with
// it.
import { html } from 'hono/html';
import type { ProbeDetail } from '../../core/fleet.ts';
import type { ReportedRound } from '../../core/report.ts';
import type { Markup } from '../../graph/smoke.ts';
import { SPANS, type Span } from '../../graph/span.ts';
import { sentence, type Text, timeTag } from '../../graph/text.ts';
import { candidateList } from './join.ts';
import { noticeList } from './overview.ts';
import { boardCard, boardNotices } from './probe-board.ts';
import { configFacts, eventCard, probeFacts, probeNotices } from './probe-facts.ts';
import { graphCards, TARGETS_A_PAGE, targetsOf } from './probe-graphs.ts';
import { ago, HEALTH_TONES, probeHref, probeSubline } from './probe-words.ts';
import { canOperate, type Frame, type Page, RELOAD_SECONDS, withQuery } from './shell.ts';
import { pager } from './table.ts';

export interface ProbeInput {
  probe: ProbeDetail;
  span: Span;
  /** First target that is drawn. */
  offset: number;
  rounds: ReadonlyMap<string, readonly ReportedRound[]>;
}

/** The first minutes reload faster. */
const WAITING_SECONDS = 10;

export function probePage(frame: Frame, input: ProbeInput): Page {
  const { probe } = input;
  const isWaiting = probe.health === 'waiting';
  const subline = probeSubline(probe);
  return {
    place: 'probes',
    title: probe.name,
    tone: HEALTH_TONES[probe.health],
    crumbs: [{ href: '/probes', text: 'Probes' }],
    heading: html`${probe.name}${subline !== '' && html` <span class="quiet">${subline}</span>`}`,
    reloadSeconds: isWaiting ? WAITING_SECONDS : RELOAD_SECONDS,
    main: html`<p class="headline">${stateSentence(probe, frame.nowMs)}</p>
${canOperate(frame) && actions(probe)}
${candidateList(frame, probe)}
${noticeList([...boardNotices(probe, frame.nowMs), ...probeNotices(probe)], 'What to know of it')}
${isWaiting ? whatNext(probe) : graphs(frame, input)}
<div class="pairs">${probeFacts(frame, probe)}${configFacts(probe)}${boardCard(
      probe,
      frame.nowMs,
    )}</div>
${!isWaiting && eventCard(probe, frame.nowMs)}`,
  };
}

function stateSentence(probe: ProbeDetail, nowMs: number): Text {
  const { health, reason, seenMs, disabledMs, candidates } = probe;
  const heard =
    seenMs === null ? '' : html` <span class="quiet">Heard ${ago(seenMs, nowMs)}.</span>`;
  if (disabledMs !== null) return html`Disabled since ${timeTag(disabledMs, nowMs)} UTC.${heard}`;
  if (health === 'waiting' && candidates.length > 0) {
    return candidates.length === 1
      ? 'A board asks to be this probe. Compare the fingerprint, then approve it.'
      : `${candidates.length} keys ask to be this probe. Only one of them is your board: ` +
          'compare the fingerprints.';
  }
  const why = reason.replace(/\.$/, '');
  if (health === 'well') return html`It is well: ${why}.${heard}`;
  if (health === 'trouble') return html`It needs a look: ${why}.${heard}`;
  return html`${sentence(why)}${heard}`;
}

function actions(probe: ProbeDetail): Markup {
  const { name, state } = probe;
  const links: Array<[string, string, boolean]> = [
    ['edit', 'Edit', true],
    ['disable', 'Disable', state !== 'disabled'],
    ['enable', 'Enable', state === 'disabled'],
    ['rearm', 'Re-arm', state === 'bound'],
    ['replace', 'Replace hardware', true],
    ['remove', 'Remove', true],
  ];
  return html`<p class="actions">${links
    .filter(([, , isShown]) => isShown)
    .map(
      ([path, text]) => html`<a class="button" href="${probeHref(name, `/${path}`)}">${text}</a>`,
    )}</p>`;
}

/** Of a probe that never reported. */
function whatNext({ state, mac, name }: ProbeDetail): Markup {
  const steps =
    state === 'bound'
      ? [
          html`It joined and has its key. Its first report comes within a minute; graphs appear
with the second.`,
        ]
      : [
          html`Flash the image for its hardware, or make a probe of a machine with
<code>flint install --control</code> and the address of this control.`,
          html`Plug it in. It must reach this control; nothing has to be opened towards it.`,
          html`Within a minute it asks to join, and its fingerprint appears here. The board says
the same one in its log, and <code>flint enroll --dry-run</code> on it does. With a
<a href="${withQuery('/claims', { probe: name })}">claim token</a> in its image it joins at once.`,
        ];
  return html`<section class="card block" aria-label="What comes next"><h2>What comes next</h2><ol
class="steps">${steps.map(
    (step) => html`<li>${step}</li>`,
  )}</ol><p class="note">This page looks again every ${WAITING_SECONDS}\u202fs. If nothing comes,
compare the MAC address with the one on the board: <span class="code">${mac}</span>.</p></section>`;
}

function graphs(frame: Frame, input: ProbeInput): Markup {
  const { probe, span, offset } = input;
  const targets = targetsOf(probe);
  if (targets.length === 0) {
    return html`<p class="lead">It measures nothing. ${
      probe.sets.length === 0
        ? html`No <a href="/sets">set of measurements</a> is assigned to it.`
        : 'Its sets name no target that it takes.'
    }</p>`;
  }
  const shown = targets.slice(offset, offset + TARGETS_A_PAGE);
  const { nowMs } = frame;
  return html`${spanTabs(frame, span)}${graphCards(
    { probe, span, nowMs, rounds: input.rounds },
    shown,
  )}${
    targets.length > TARGETS_A_PAGE &&
    pager({
      href: frame.href,
      total: targets.length,
      offset,
      limit: TARGETS_A_PAGE,
      what: 'targets, worst first',
    })
  }`;
}

function spanTabs({ href, isStatic }: Frame, span: Span): Markup {
  if (isStatic) return html`<p class="lead">Graphs of the ${span.words}.</p>`;
  const tabs = SPANS.map(
    ({ name, label }) =>
      html`<li><a href="${withQuery(href, { span: name === '1h' ? null : name })}"${
        name === span.name && html` aria-current="page"`
      }><span class="hidden">last </span>${label}</a></li>`,
  );
  return html`<nav class="tabs spans" aria-label="Span of the graphs"><ul>${tabs}</ul></nav>`;
}
