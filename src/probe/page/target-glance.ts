import type { Text } from '../../graph/text.ts';
import { familyName, type PageInput, type View } from './input.ts';
import { downNotices, type Notice, noticesOf, type Tone } from './notice.ts';
import { glanceAtTraced } from './path-glance.ts';
import type { SeriesFacts } from './series.ts';

// The sentence at the head of a target's own page.

/** Is this one target well, in a sentence; and what concerns it and the probe as a whole. */
export function glanceAtTarget(
  target: string,
  input: PageInput,
  facts: readonly SeriesFacts[],
  view: View,
): { tone: Tone; headline: Text; subline: Text; notices: Notice[] } {
  const series = input.snapshot.series.filter((one) => one.target === target);
  const paths = input.snapshot.paths.filter((one) => one.target === target);
  const own = { ...input, snapshot: { ...input.snapshot, series, paths } };
  const others = noticesOf(own, facts, view);
  const [down] = downNotices(own);
  if (down !== undefined)
    return { tone: 'bad', headline: down.title, subline: down.detail, notices: others };
  if (facts.length === 0) {
    const notices = others.filter(({ kind }) => kind !== 'path-end');
    return { ...glanceAtTraced(own, target), notices };
  }
  const answering = facts.filter(({ series }) => (series.lastRound?.received ?? 0) > 0);
  const families = answering.map(({ series }) => familyName(series.family));
  if (families.length === 0) return silentGlance(target, facts, others);
  const isWell = others.every(({ tone }) => tone === 'info' || tone === 'good');
  return {
    tone: isWell ? 'good' : 'warn',
    headline: `${target} answers over ${families.join(' and ')}.`,
    subline: '',
    notices: others,
  };
}

/** Nothing came back, and it is no outage: too early, or there is nothing to send to. */
function silentGlance(target: string, facts: readonly SeriesFacts[], others: Notice[]) {
  const isWaiting = facts.some(
    ({ series }) => series.state === 'measuring' && series.lastRound === null,
  );
  const [own] = others.filter((notice) => notice.target === target);
  if (isWaiting || own === undefined) {
    const state = isWaiting ? 'is in its first minute' : 'is not being measured';
    const tone: Tone = isWaiting ? 'info' : 'warn';
    return { tone, headline: `${target} ${state}.`, subline: '', notices: others };
  }
  const notices = others.filter((notice) => notice !== own);
  return { tone: own.tone, headline: own.title, subline: '', notices };
}
