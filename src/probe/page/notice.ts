import { html } from 'hono/html';
import type { SeriesSnapshot } from '../../core/snapshot.ts';
import { formatDuration } from '../../graph/format.ts';
import { sentence, type Text, timeRange, timeTag } from '../../graph/text.ts';
import type { Tone } from '../../graph/tone.ts';
import { partsOf } from './board-words.ts';
import { boardHref, familyName, type PageInput, seriesByTarget, type View } from './input.ts';
import { foldAlike } from './notice-fold.ts';
import { pathNotices } from './notice-path.ts';
import { seriesNotices } from './notice-series.ts';
import type { SeriesFacts } from './series.ts';

// What hurts, and since when: one sentence each, worst first.

export type { Tone } from '../../graph/tone.ts';

/** Notices of one kind are told together when there are many. */
export type NoticeKind =
  | 'probe'
  | 'down'
  | 'unresolved'
  | 'outage'
  | 'loss'
  | 'path'
  | 'shift'
  | 'path-loss'
  | 'path-end'
  | 'address'
  | 'family';

export interface Notice {
  kind: NoticeKind;
  tone: Tone;
  title: Text;
  detail: Text;
  /** Where the notice leads, when it is about one target. */
  target: string | null;
}

const RANK: Record<Tone, number> = { bad: 0, warn: 1, info: 2, good: 3 };

/**
 * Of the probe as a whole and of each series whose facts are known. A single outage is left out:
 * the headline says it.
 */
export function noticesOf(input: PageInput, facts: readonly SeriesFacts[], view: View): Notice[] {
  const { nowMs } = input.snapshot;
  const down = downNotices(input);
  const notices = [
    ...(down.length > 1 ? down : []),
    ...endedUplink(input, view),
    ...probeNotices(input),
    ...boardNotices(input, view),
    ...unresolvedNotices(input),
    ...[...facts]
      .sort((a, b) => (b.lossApart ?? 0) - (a.lossApart ?? 0))
      .flatMap((series) => seriesNotices(series, view, nowMs)),
    ...pathNotices(input, nowMs - view.span.ms, facts),
    ...unavailableNotices(input),
  ];
  return foldAlike(notices.sort((a, b) => RANK[a.tone] - RANK[b.tone]));
}

/** When the open outage of a series began; null when the snapshot names none. */
export function downSinceMs(input: PageInput, series: SeriesSnapshot): number | null {
  const outage = input.snapshot.openEvents.find(
    ({ kind, target, family }) =>
      kind === 'outage' && target === series.target && family === series.family,
  );
  return outage?.fromMs ?? null;
}

function uplinkNotice(fromMs: number, nowMs: number): Notice {
  const since = timeTag(fromMs, nowMs);
  const duration = formatDuration(nowMs - fromMs);
  return {
    kind: 'down',
    tone: 'bad',
    title: html`The uplink has been down since ${since} UTC: outage of ${duration}.`,
    detail: 'The gateway and all targets fell silent together: the line, not a target.',
    target: null,
  };
}

/** Of the outages of the whole line that ended within the span, the last. */
function endedUplink(input: PageInput, view: View): Notice[] {
  const { nowMs } = input.snapshot;
  const ended = input.events.filter(
    ({ kind, target, untilMs }) =>
      kind === 'outage' && target === null && untilMs !== null && untilMs > nowMs - view.span.ms,
  );
  const last = ended.sort((a, b) => a.fromMs - b.fromMs).at(-1);
  if (last === undefined || last.untilMs === null) return [];
  const span = timeRange({ fromMs: last.fromMs, untilMs: last.untilMs }, nowMs);
  const duration = formatDuration(last.untilMs - last.fromMs);
  const more = ended.length > 1 ? `The last of ${ended.length} in the ${view.span.words}.` : '';
  return [
    {
      kind: 'outage',
      tone: 'warn',
      title: html`The uplink was down ${span}: outage of ${duration}.`,
      detail: more,
      target: null,
    },
  ];
}

/** One for each target that does not answer, or a single one when the whole line is down. */
export function downNotices(input: PageInput): Notice[] {
  const { nowMs, openEvents } = input.snapshot;
  const uplink = openEvents.find(({ kind, target }) => kind === 'outage' && target === null);
  if (uplink !== undefined) return [uplinkNotice(uplink.fromMs, nowMs)];
  return [...seriesByTarget(input.snapshot)].flatMap(([target, list]): Notice[] => {
    const down = list.filter(({ state }) => state === 'down');
    if (down.length === 0) return [];
    const families = down.map(({ family }) => familyName(family)).join(' and ');
    const title = html`${target} (${families}) ${sinceText(input, down)}.`;
    return [{ kind: 'down', tone: 'bad', title, detail: othersSentence(list), target }];
  });
}

function sinceText(input: PageInput, down: readonly SeriesSnapshot[]): Text {
  const { nowMs } = input.snapshot;
  const known = down.map((series) => downSinceMs(input, series)).filter((ms) => ms !== null);
  if (known.length === 0) return 'does not answer';
  const sinceMs = Math.min(...known);
  const duration = formatDuration(nowMs - sinceMs);
  return html`has not answered since ${timeTag(sinceMs, nowMs)} UTC: outage of ${duration}`;
}

/** Whether the other family still answers tells a dead host from a broken path. */
function othersSentence(list: readonly SeriesSnapshot[]): string {
  const other = list.find(
    ({ state, lastRound }) => state === 'measuring' && (lastRound?.received ?? 0) > 0,
  );
  return other === undefined ? '' : `It still answers over ${familyName(other.family)}.`;
}

function probeNotices({ snapshot }: PageInput): Notice[] {
  const { config, store, clock, nowMs } = snapshot;
  const notices: Notice[] = [];
  const add = (tone: Tone, title: string, detail: Text): void => {
    notices.push({ kind: 'probe', tone, title, detail, target: null });
  };
  const applied = html`The one applied ${timeTag(config.appliedMs, nowMs)} UTC goes on.`;
  if (config.error !== null)
    add(
      'warn',
      'The new configuration was refused.',
      html`${sentence(config.error, false)} ${applied}`,
    );
  if (store.errors > 0)
    add(
      'warn',
      'Rounds could not be written to disk.',
      `${sentence(store.lastError ?? 'no reason given')} Measuring goes on.`,
    );
  if (clock.state === 'unsynced')
    add(
      'warn',
      'The clock is not synchronised.',
      'Times on this page may be wrong; round-trip times are not affected.',
    );
  return notices;
}

/** What hurts of the board; its own page says what to do. */
function boardNotices({ snapshot }: PageInput, view: View): Notice[] {
  const { board = null, nowMs } = snapshot;
  if (board === null) return [];
  const link = (text: string): Text => html`<a href="${boardHref(view)}">${text}</a>`;
  const rest = { kind: 'probe' as const, target: null };
  if (board.state === null) {
    const title = link('It is not known how the board stands.');
    return [{ ...rest, tone: 'warn', title, detail: sentence(board.reason ?? '') }];
  }
  return partsOf(board, nowMs)
    .filter(({ tone }) => tone === 'bad' || tone === 'warn')
    .map(({ tone, says, why }) => ({ ...rest, tone, title: link(says), detail: why }));
}

function unresolvedNotices(input: PageInput): Notice[] {
  const notices: Notice[] = [];
  for (const [target, list] of seriesByTarget(input.snapshot)) {
    const unresolved = list.filter(({ state }) => state === 'unresolved');
    const first = unresolved[0];
    if (first === undefined) continue;
    const families = unresolved.length === list.length ? '' : ` (${familyName(first.family)})`;
    notices.push({
      kind: 'unresolved',
      tone: 'warn',
      title: `${target}${families} has no address.`,
      detail: unresolvedSentence(first, input.snapshot.nowMs),
      target,
    });
  }
  return notices;
}

/** Why a name has no address, and when it was last asked for. */
export function unresolvedSentence(series: SeriesSnapshot, nowMs: number): Text {
  const { atMs } = series.resolve;
  const reason = sentence(series.reason ?? 'the name does not resolve');
  const name = series.host === series.target ? '' : `${series.host}: `;
  if (atMs === null) return `${name}${reason} It is asked for again by itself.`;
  return html`${name}${reason} Last asked ${timeTag(atMs, nowMs)} UTC, asked again by itself.`;
}

/** One line for all targets: a network without IPv6 is no trouble of any of them. */
function unavailableNotices(input: PageInput): Notice[] {
  return (['v4', 'v6'] as const).flatMap((family): Notice[] => {
    const series = currentSeries(input).filter((one) => one.family === family);
    const without = series.filter(({ state }) => state === 'unavailable');
    const [first] = without;
    if (first === undefined || without.length < 2) return [];
    const whom = without.length === series.length ? 'any target' : `${without.length} targets`;
    const title = `${familyName(family)} is not available to ${whom}.`;
    const reason = sentence(first.reason ?? 'no route');
    const detail = `${reason} Nothing is sent, so nothing counts as lost.`;
    return [{ kind: 'family', tone: 'info', title, detail, target: null }];
  });
}

function currentSeries(input: PageInput): SeriesSnapshot[] {
  return input.snapshot.series.filter(({ current }) => current);
}
