// From a finished trace to the round that is kept of it.
import { addProbe, emptyHopSum, hopRtt, lossPercentOf } from '../core/hop-figures.ts';
import type { PathHop, PathRun } from '../core/path.ts';
import { type HopLoss, judgeLoss, type LossWindow } from '../core/path-loss.ts';
import { type HopAnswer, isAnswered } from './trace-answer.ts';
import type { FinishedTrace, TracedHop } from './trace-run.ts';

const IPS_MAX = 8;

/** The hops of a trace with their figures; `window` gains its counts. */
export function toPathHops(trace: FinishedTrace, window: LossWindow): PathHop[] {
  const counted = trace.hops.map((hop) => ({ hop, counts: countsOf(hop) }));
  // The window keeps them for ten rounds: these two and no other figures.
  window.add(
    new Map(counted.map(({ hop, counts: { sent, received } }) => [hop.ttl, { sent, received }])),
  );
  const pooled = trace.hops.map(({ ttl }) => window.countOf(ttl));
  const losses = judgeLoss(pooled, trace.end === 'target');
  return counted.map(({ hop, counts }, i) => toHop(hop, counts, losses[i] ?? null));
}

type Counts = ReturnType<typeof countsOf>;

/** What the kernel refused was no probe, and what came back without a time was no loss. */
function countsOf({ answers }: TracedHop) {
  const sum = emptyHopSum();
  for (const answer of answers) {
    if (answer.kind === 'refused' || (answer.kind === 'discarded' && answer.ip === null)) continue;
    addProbe(sum, { isLost: !isAnswered(answer), rttNs: answer.rttNs });
  }
  return sum;
}

function toHop({ ttl, answers }: TracedHop, counts: Counts, loss: HopLoss | null): PathHop {
  const ips = addressesOf(answers);
  const labelled = answers.findLast(({ mpls }) => mpls.length > 0);
  return {
    ttl,
    ip: ips[0] ?? null,
    ips,
    mpls: labelled?.mpls ?? [],
    sent: counts.sent,
    received: counts.received,
    lossPercent: lossPercentOf(counts),
    lossKind: loss?.kind ?? 'unknown',
    pathLossPercent: loss?.percent ?? null,
    rttNs: hopRtt(counts),
  };
}

/** The most frequent first. */
function addressesOf(answers: readonly HopAnswer[]): string[] {
  const counts = new Map<string, number>();
  for (const { ip } of answers) if (ip !== null) counts.set(ip, (counts.get(ip) ?? 0) + 1);
  const inOrder = [...counts].sort(([, a], [, b]) => b - a);
  return inOrder.slice(0, IPS_MAX).map(([ip]) => ip);
}

/** Stands for a path along which nothing could be sent. */
export function refusedHop(ttl: number): PathHop {
  const nobody = { ip: null, ips: [], mpls: [], rttNs: null };
  const nothing = { sent: 0, received: 0, lossPercent: null, pathLossPercent: null };
  return { ttl, ...nobody, ...nothing, lossKind: 'unknown' };
}

/** The trace as the identity of paths looks at it. */
export function toPathRun(
  trace: FinishedTrace,
  { flow, fromMs, untilMs }: { flow: number; fromMs: number; untilMs: number },
): PathRun {
  const probes = trace.hops.flatMap(({ answers }) =>
    answers.flatMap((answer, attempt) => {
      const probe = toProbe(answer, attempt);
      return probe === null ? [] : [probe];
    }),
  );
  const end = trace.end === 'refused' ? 'silence' : trace.end;
  return { flow, fromMs, untilMs, end, probes };
}

function toProbe(answer: HopAnswer, attempt: number): PathRun['probes'][number] | null {
  const { ttl, flow, kind, ip, rttNs, mpls, info } = answer;
  const base = { ttl, flow, attempt, ip, rttNs, mpls };
  switch (kind) {
    case 'lost':
    case 'time-exceeded':
    case 'echo-reply':
    case 'port-unreachable':
    case 'unreachable':
      return { ...base, kind, code: kind === 'lost' ? null : info & 255 };
    case 'syn-ack':
    case 'rst':
      return { ...base, kind, code: null };
    case 'ack':
      return { ...base, kind: 'syn-ack', code: null };
    case 'udp':
      return { ...base, kind: 'port-unreachable', code: null };
    default:
      return null;
  }
}
