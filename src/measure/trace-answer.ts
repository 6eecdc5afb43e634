// What an answer to a TTL-limited probe says about the path.
import { type IcmpErrorKind, icmpErrorKind } from '../core/icmp-text.ts';
import type { MplsLabel } from '../core/path.ts';
import type { Family, Quality } from '../core/round.ts';
import type { ProbeAnswer } from './tracer.ts';

/** `ack` is what a host says to a second SYN of a connection that it is still opening. */
export type HopAnswerKind =
  | IcmpErrorKind
  | 'echo-reply'
  | 'syn-ack'
  | 'rst'
  | 'ack'
  | 'udp'
  | 'lost'
  | 'refused'
  | 'discarded';

export interface HopAnswer {
  ttl: number;
  flow: number;
  kind: HopAnswerKind;
  /** Who answered; null when nobody did. */
  ip: string | null;
  rttNs: number | null;
  quality: Quality | null;
  /** ICMP type × 256 + code, TCP flags, or errno of a refused send. */
  info: number;
  answerTtl: number | null;
  mpls: readonly MplsLabel[];
  mtu: number | null;
  /** Hops to where the probe ended, if the answer tells it: it quotes the TTL that was left. */
  distance: number | null;
  sentMs: number;
}

const TCP_SYN = 2;
const TCP_RST = 4;

export function toHopAnswer(answer: ProbeAnswer, family: Family): HopAnswer {
  const { ttl, flow, ip, rttNs, quality, info, answerTtl, labels, mtu, quotedTtl, sentMs } = answer;
  const kind = kindOf(answer, family);
  const isAtTarget = kind === 'port-unreachable' && quotedTtl !== null;
  // A translator may have written a TTL of its own into the quote.
  const distance = isAtTarget && quotedTtl >= 1 && quotedTtl <= ttl ? ttl - quotedTtl + 1 : null;
  const base = { ttl, flow, kind, ip, rttNs, quality, info, answerTtl, mpls: labels, mtu };
  return { ...base, distance, sentMs };
}

function kindOf({ kind, info }: ProbeAnswer, family: Family): HopAnswerKind {
  if (kind === 'error') return icmpErrorKind(family, info);
  if (kind === 'echo') return 'echo-reply';
  if (kind === 'tcp') {
    if ((info & TCP_RST) !== 0) return 'rst';
    return (info & TCP_SYN) !== 0 ? 'syn-ack' : 'ack';
  }
  // Nobody waits for a late answer any more.
  return kind === 'late' ? 'lost' : kind;
}

/** Whether the probe came to where it was sent. */
export function isFromTarget({ kind, ip }: HopAnswer, target: string): boolean {
  if (kind === 'lost' || kind === 'refused' || kind === 'time-exceeded') return false;
  // A host with several addresses may report a closed port from another of them.
  if (kind === 'port-unreachable') return true;
  return ip === target && kind !== 'discarded';
}

export function isAnswered({ kind }: HopAnswer): boolean {
  return kind !== 'lost' && kind !== 'refused';
}
