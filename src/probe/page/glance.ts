import { html } from 'hono/html';
import type { SeriesSnapshot } from '../../core/snapshot.ts';
import { formatDuration, formatPercent } from '../../graph/format.ts';
import type { Text } from '../../graph/text.ts';
import { firstCloseMs, type PageInput, seriesName, type View } from './input.ts';
import { downNotices, type Tone } from './notice.ts';
import type { SeriesFacts } from './series.ts';

// Is it well? One sentence for the head of the overview.

export interface Target {
  id: string;
  series: SeriesSnapshot[];
}

export interface Glance {
  tone: Tone;
  title: string;
  headline: Text;
  subline: Text;
}

/** Is it well, in one sentence. */
export function glance(
  input: PageInput,
  targets: readonly Target[],
  facts: readonly SeriesFacts[],
  view: View,
): Glance {
  const total = targets.length;
  const silent = targets.filter(({ series }) => series.some(({ state }) => state === 'down'));
  const nameless = targets.filter(({ series }) => series.every(isApart));
  const waiting = targets.filter(
    ({ series }) => series.every((one) => isApart(one) || isWaiting(one)) && series.some(isWaiting),
  );
  if (total === 0) return nothingToDo(input);
  const answering = total - silent.length - nameless.length - waiting.length;
  if (waiting.length > 0 && answering + silent.length === 0)
    return firstMinute(input, waiting.length);
  const subline = lossLine(facts, view);
  if (silent.length > 0) {
    return { ...silence(input, total, answering), title: `${silent.length} down`, tone: 'bad' };
  }
  if (answering < total) {
    const tone = nameless.length > 0 ? 'warn' : 'good';
    const wait = waiting.length > 0 ? `; ${waiting.length} more in the first minute` : '';
    const headline = `${answering} of ${total} targets answer${wait}.`;
    return { tone, title: `${answering} of ${total}`, headline, subline };
  }
  const isLossy = facts.some(({ lossApart }) => (lossApart ?? 0) >= 1);
  const headline = total === 1 ? 'The one target answers.' : `All ${total} targets answer.`;
  const title = isLossy ? 'loss' : 'well';
  return { tone: isLossy ? 'warn' : 'good', title, headline, subline };
}

/** One trouble is told whole; of several the number, and each in the list below. */
function silence(input: PageInput, total: number, answering: number) {
  const notices = downNotices(input);
  const [only] = notices;
  if (notices.length !== 1 || only === undefined)
    return { headline: `${answering} of ${total} targets answer.`, subline: '' };
  const others = total - 1;
  const rest =
    only.target === null || others === 0
      ? ''
      : answering === others
        ? `All ${others} other targets answer.`
        : `${answering} of ${others} other targets answer.`;
  return { headline: only.title, subline: html`${only.detail} ${rest}` };
}

function nothingToDo({ snapshot }: PageInput): Glance {
  const file = snapshot.config.file ?? 'the configuration';
  return {
    tone: 'warn',
    title: 'no target',
    headline: 'Nothing is measured: no target is configured.',
    subline: `Add one in ${file} under measurements.smokeping.targets; it is read again by itself.`,
  };
}

function firstMinute(input: PageInput, waiting: number): Glance {
  const { nowMs, startedMs } = input.snapshot;
  const since = formatDuration(nowMs - startedMs);
  const closes = formatDuration(firstCloseMs(input) - nowMs);
  return {
    tone: 'info',
    title: 'starting',
    headline: `Measuring ${waiting === 1 ? 'one target' : `${waiting} targets`} since ${since}.`,
    subline: `The first round closes in ${closes}; then the graphs begin.`,
  };
}

function isWaiting({ state, lastRound }: SeriesSnapshot): boolean {
  return state === 'measuring' && lastRound === null;
}

function isApart({ state }: SeriesSnapshot): boolean {
  return state === 'unresolved' || state === 'unavailable';
}

function lossLine(facts: readonly SeriesFacts[], view: View): string {
  const known = facts.filter(({ figures }) => figures.lossPercent !== null);
  const [worst] = known.sort((a, b) => (b.lossApart ?? 0) - (a.lossApart ?? 0));
  if (worst === undefined) return '';
  if (known.every(({ figures }) => figures.lost === 0)) return `No loss in the ${view.span.words}.`;
  const percent = worst.lossApart ?? 0;
  if (percent === 0) return `Outside of outages no loss in the ${view.span.words}.`;
  const loss = `${formatPercent(percent)} to ${seriesName(worst.series)}`;
  return `Highest loss in the ${view.span.words}: ${loss}.`;
}
