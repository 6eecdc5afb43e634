// What hurts in the fleet, in sentences.
import { html } from 'hono/html';
import type { EventFinding, Finding, FleetSeries, Shared } from '../../core/overview.ts';
import { familyName, formatDuration, formatRtt } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { type Text, timeTag } from '../../graph/text.ts';
import type { Tone } from '../../graph/tone.ts';
import { probeHref, probeList } from './probe-words.ts';

export interface Notice {
  tone: Tone;
  title: Text;
  detail: Text;
}

/** One notice for one finding. */
export function noticeOf(finding: Finding, nowMs: number): Notice {
  switch (finding.kind) {
    case 'silent':
      return silentNotice(finding, nowMs);
    case 'cut':
      return cutNotice(finding, nowMs);
    case 'outage':
      return outageNotice(finding, nowMs);
    case 'shift':
      return shiftNotice(finding, nowMs);
    case 'path':
      return pathNotice(finding, nowMs);
  }
}

/** `two`, `nine`, `31`: small numbers read better as words. */
export function countWord(count: number): string {
  return WORDS[count] ?? String(count);
}

const WORDS: Readonly<Record<number, string>> = {
  1: 'one',
  2: 'two',
  3: 'three',
  4: 'four',
  5: 'five',
  6: 'six',
  7: 'seven',
  8: 'eight',
  9: 'nine',
  10: 'ten',
  11: 'eleven',
  12: 'twelve',
};

function silentNotice(finding: Extract<Finding, { kind: 'silent' }>, nowMs: number): Notice {
  const { probes, fromMs, untilMs, shared, neighbours, isEverybody } = finding;
  const [first] = probes;
  if (isEverybody) {
    const title = html`Nearly all probes are silent: ${probes.length} since ${timeTag(
      fromMs,
      nowMs,
    )} UTC.`;
    const detail = 'So many at once: look at the line of this control first, and at its clock.';
    return { tone: 'bad', title, detail };
  }
  if (probes.length === 1 && first !== undefined) {
    const lasted = formatDuration(nowMs - untilMs);
    const title = html`<a href="${probeHref(first)}">${first}</a> silent for ${lasted}.`;
    return { tone: 'bad', title, detail: neighbourWords(neighbours, untilMs, nowMs) };
  }
  const title = html`${probes.length} probes are silent since ${timeTag(fromMs, nowMs)} UTC.`;
  const cause = shared === null ? '' : sharedWords(shared, probes.length, 'speak');
  return { tone: 'bad', title, detail: html`${cause} ${probeList(probes)}.` };
}

function neighbourWords(
  neighbours: { prefix: string; well: number; silent: number } | null,
  seenMs: number,
  nowMs: number,
): Text {
  const seen = html`Last seen ${timeTag(seenMs, nowMs)} UTC`;
  if (neighbours === null) return html`${seen}.`;
  const { prefix, well, silent } = neighbours;
  if (well === 0 && silent === 0) return html`${seen} behind ${prefix}, alone there.`;
  if (silent === 0) {
    const others = well === 1 ? 'another that is heard' : `${well} others that are heard`;
    return html`${seen} behind ${prefix} with ${others}: the line, not the region.`;
  }
  return html`${seen} behind ${prefix}, where ${well} others are heard and ${silent} are not.`;
}

function cutNotice(finding: Extract<Finding, { kind: 'cut' }>, nowMs: number): Notice {
  const { probes, fromMs, targets, shared } = finding;
  const since = html`since ${timeTag(fromMs, nowMs)} UTC`;
  const what = targets === 1 ? 'its target' : `any of ${targets} targets`;
  const [first] = probes;
  if (probes.length === 1 && first !== undefined) {
    const title = html`<a href="${probeHref(first)}">${first}</a> gets no answer from ${what} ${
      since
    }.`;
    return { tone: 'bad', title, detail: 'It can be heard; others reach the same targets.' };
  }
  const title = html`${probes.length} probes get no answer from ${what} ${since}.`;
  const cause = shared === null ? '' : sharedWords(shared, probes.length, 'reach');
  return { tone: 'bad', title, detail: html`${cause} ${probeList(probes)}.` };
}

function outageNotice(finding: EventFinding, nowMs: number): Notice {
  const { probes, of } = finding;
  const since = html`since ${timeTag(finding.fromMs, nowMs)} UTC`;
  const title = html`${seriesWords(finding.series, true)} ${
    finding.series.length === 1 ? 'does' : 'do'
  } not answer ${fromWhom(probes, of)} ${since}.`;
  if (probes.length === of && of > 2) {
    const detail = 'From nowhere: more likely the target, or what is right before it.';
    return { tone: 'bad', title, detail };
  }
  return { tone: 'bad', title, detail: causeWords(finding) };
}

function shiftNotice(finding: EventFinding, nowMs: number): Notice {
  const { series, probes, of, deltaNs, fromMs } = finding;
  const isSlower = (deltaNs ?? 0) >= 0;
  const by = deltaNs === null ? '' : `${formatRtt(Math.abs(deltaNs))} `;
  const title = html`${seriesWords(series)} ${series.length === 1 ? 'is' : 'are'} ${by}${
    isSlower ? 'slower' : 'faster'
  } from ${fromWhom(probes, of)} since ${timeTag(fromMs, nowMs)} UTC.`;
  return { tone: isSlower ? 'warn' : 'info', title, detail: causeWords(finding) };
}

function pathNotice(finding: EventFinding, nowMs: number): Notice {
  const { series, probes, of, fromMs } = finding;
  const paths = series.length === 1 ? 'The path' : `${series.length} paths`;
  const to = series.length === 1 ? ` to ${seriesWords(series, true)}` : '';
  const title = html`${paths}${to} from ${fromWhom(probes, of)} changed at ${timeTag(
    fromMs,
    nowMs,
  )} UTC.`;
  return { tone: 'info', title, detail: causeWords(finding) };
}

/** `9 of 31 probes`, `probe07`. */
function fromWhom(probes: readonly string[], of: number): Text {
  const [first] = probes;
  if (probes.length === 1 && first !== undefined) {
    return html`<a href="${probeHref(first)}">${first}</a>`;
  }
  return probes.length === of ? `all ${of} probes` : `${probes.length} of ${of} probes`;
}

function causeWords({ shared, probes }: EventFinding): Text {
  if (shared === null) return probes.length === 1 ? '' : html`${probeList(probes)}.`;
  return html`${sharedWords(shared, probes.length, 'do')} ${
    probes.length < 6 ? html`${probeList(probes, 5)}.` : ''
  }`;
}

/** `All nine now pass 2001:db8:9::7; the other 22 do not.` */
function sharedWords(shared: Shared, count: number, others: 'do' | 'speak' | 'reach'): Markup {
  const all = count === 2 ? 'Both' : `All ${countWord(count)}`;
  const contrast = contrastWords(shared);
  const { kind, value, isFresh } = shared;
  const where = html`<span class="code">${value}</span>`;
  if (kind === 'hop') return html`${all} ${isFresh ? 'now pass' : 'pass'} ${where}${contrast}.`;
  if (kind === 'prefix') {
    const hint = others === 'do' ? '' : ': the region, not single lines';
    return html`${all} are behind ${where}${contrast}${hint}.`;
  }
  if (kind === 'location') return html`${all} stand at ${value}${contrast}.`;
  if (kind === 'group') return html`${all} are in the group ${value}${contrast}.`;
  if (kind === 'version') return html`${all} run version ${value}${contrast}.`;
  return html`${all} are of the kind ${value}${contrast}.`;
}

function contrastWords({ others, exceptions, kind }: Shared): string {
  const verb =
    kind === 'hop' ? ['does', 'do'] : kind === 'version' ? ['does', 'do'] : ['is', 'are'];
  if (exceptions > 0) {
    return `; of the other ${others} only ${exceptions} ${exceptions === 1 ? verb[0] : verb[1]}`;
  }
  if (others === 1) return `; the other one ${verb[0]} not`;
  return `; the other ${others} ${verb[1]} not`;
}

/** `IPv6 to a400`, `a400 (IPv6)` as a subject; `3 targets`. */
function seriesWords(series: readonly FleetSeries[], isObject = false): string {
  const [first] = series;
  if (first === undefined) return 'Nothing';
  const targets = new Set(series.map(({ target }) => target));
  if (targets.size > 1) return `${series.length} series to ${targets.size} targets`;
  if (series.length > 1) return first.target;
  const family = familyName(first.family);
  return isObject ? `${first.target} (${family})` : `${family} to ${first.target}`;
}
