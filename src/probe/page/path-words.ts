import { html } from 'hono/html';
import type { PathProtocol } from '../../core/path.ts';
import type { PathSnapshot } from '../../core/snapshot.ts';
import { formatDuration, formatPercent } from '../../graph/format.ts';
import { type LossClass, lossClass } from '../../graph/smoke-path.ts';
import { sentence, type Text, timeTag } from '../../graph/text.ts';
import type { HopFacts, PathFacts } from './path.ts';

// Paths in words. Nobody is blamed for what he does not do: a router need not answer, or not at
// once, to forward all. Loss is said of the way, and only where those behind a router miss it too.

/** `8 hops, changed 13:51 at hop 4`; what is worth knowing of a path in one line. */
export function pathSentence(facts: PathFacts, nowMs: number): Text {
  const { path, hops, loss, reach } = facts;
  if (reach === 'untraced' || reach === 'waiting') return stateSentence(path);
  const told: Text[] = [reach === 'reached' ? hopCount(hops.length) : endWords(facts)];
  if (loss !== null) told.push(`${formatPercent(loss.percent)} lost from hop ${loss.from.ttl} on`);
  const silent = silentWords(hops);
  if (loss === null && reach === 'reached' && silent !== '') told.push(silent);
  told.push(sinceWords(facts, nowMs));
  return joined(told);
}

/** `changed 13:51 at hop 4`, or `unchanged for 6 d`. */
export function sinceWords({ path, change }: PathFacts, nowMs: number): Text {
  if (change !== null) return html`changed ${timeTag(change.atMs, nowMs)} at hop ${change.ttl}`;
  if (path.sinceMs === null) return 'not known yet';
  return `unchanged for ${formatDuration(nowMs - path.sinceMs)}`;
}

/** Why there is nothing to show. */
export function stateSentence({ state, reason, protocol }: PathSnapshot): string {
  const why = sentence(reason ?? 'no reason given', false);
  if (state === 'unresolved') return `Not traced, there is no address: ${why}`;
  if (state === 'unavailable') return `Not traced by ${protocolName(protocol)}: ${why}`;
  return 'The first trace is under way.';
}

/** How the last trace ended, when it was not at the target. */
export function endWords({ path, hops }: PathFacts): string {
  const last = hops.findLast(({ hop }) => (hop?.received ?? 0) > 0);
  const at = last === undefined ? '' : ` at hop ${last.ttl}`;
  switch (path.end) {
    case 'unreachable':
      return `ends${at}: unreachable, says ${last?.hop?.ip ?? 'a router'}`;
    case 'loop':
      return `goes round in a loop${at}`;
    case 'max-ttl':
      return `does not end within ${hopCount(path.lastRound?.hops.length ?? hops.length)}`;
    default:
      return last === undefined ? 'nobody answers' : `nobody answers beyond hop ${last.ttl}`;
  }
}

/** What the figures of a hop mean, and the loss on the way to it for its colour. */
export function hopVerdict({ hop, isLate }: HopFacts): { text: string; loss: LossClass } {
  if (hop === null) return { text: 'the last trace ended before', loss: 'none' };
  const { lossKind, pathLossPercent, lossPercent, received } = hop;
  const percent = pathLossPercent ?? 0;
  if (lossKind === 'forwarding') {
    const lost = `${formatPercent(percent)} lost on the way to here`;
    return { text: lost, loss: lossClass(percent) };
  }
  if (lossKind === 'silent') {
    const passed = percent > 0 ? `${formatPercent(percent)} lost by then` : 'passes all on';
    return { text: `never answers, ${passed}`, loss: lossClass(percent) };
  }
  if (lossKind === 'unknown') return { text: unknownWords(received), loss: 'none' };
  return { text: passWords(lossPercent ?? 0, isLate), loss: 'none' };
}

export function hopCount(count: number): string {
  return count === 1 ? '1 hop' : `${count} hops`;
}

export function protocolName(protocol: PathProtocol): string {
  return protocol.toUpperCase();
}

/** With commas; times stay times. */
export function joined(parts: readonly Text[]): Text {
  const [first, ...rest] = parts;
  return html`${first ?? ''}${rest.map((part) => html`, ${part}`)}`;
}

function unknownWords(received: number): string {
  return received > 0
    ? 'lost or left unanswered: nobody beyond answers'
    : 'no answer from here, nor from beyond';
}

/** Of a router that has lost nothing. */
function passWords(ownLossPercent: number, isLate: boolean): string {
  const all = 'passes all on';
  if (ownLossPercent >= 100) return `did not answer this time, ${all}`;
  if (ownLossPercent > 0) return `answers some, ${all}`;
  return isLate ? 'answers late, passes on at once' : 'nothing lost';
}

function silentWords(hops: readonly HopFacts[]): string {
  const silent = hops.filter(({ hop }) => hop?.lossKind === 'silent').map(({ ttl }) => ttl);
  if (silent.length === 0) return '';
  if (silent.length > 2) return `${silent.length} of them silent, not losing`;
  return `${silent.length === 1 ? 'hop' : 'hops'} ${silent.join(' and ')} silent, not losing`;
}
