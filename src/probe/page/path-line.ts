import { html } from 'hono/html';
import { hopStrip, type StripHop } from '../../graph/hop-strip.ts';
import type { Markup } from '../../graph/smoke.ts';
import { familyName } from './input.ts';
import type { HopFacts, PathFacts } from './path.ts';
import { hopVerdict, pathSentence } from './path-words.ts';

// A path in one line: its hops as a strip, and the sentence that says what is worth knowing.

/** Under the graph that says whose it is. */
export function pathLine(facts: PathFacts, nowMs: number): Markup {
  return wayLine([], facts, nowMs);
}

/** By themselves, with their families; those of which the same is to be said are one line. */
export function pathLines(list: readonly PathFacts[], nowMs: number): Markup[] {
  const groups = new Map<string, PathFacts[]>();
  for (const facts of list) {
    const key = facts.hops.length > 0 ? facts.path.family : String(pathSentence(facts, nowMs));
    groups.set(key, [...(groups.get(key) ?? []), facts]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : wayLine(group, first, nowMs);
  });
}

function wayLine(named: readonly PathFacts[], facts: PathFacts, nowMs: number): Markup {
  const chips = named.map(
    ({ path }) => html`<span class="chip family">${familyName(path.family)}</span>`,
  );
  const strip = facts.hops.length > 0 && pathStrip(facts, false);
  return html`<p class="way">${chips}${strip}<span>${pathSentence(facts, nowMs)}</span></p>`;
}

export function pathStrip({ hops, reach }: PathFacts, hasTooltips: boolean): Markup {
  return hopStrip({
    hops: hops.map((hop) => toStripHop(hop, hasTooltips)),
    isReached: reach === 'reached',
    hasTooltips,
  });
}

function toStripHop(facts: HopFacts, hasTitle: boolean): StripHop {
  const { ttl, ip, hop, isNew } = facts;
  const { text, loss } = hopVerdict(facts);
  const percent = hop?.lossKind === 'forwarding' ? hop.pathLossPercent : null;
  const title = hasTitle ? `Hop ${ttl}: ${ip ?? 'silent'}, ${text}` : '';
  return { isSilent: ip === null, loss: percent === null ? 'none' : loss, isNew, title };
}
