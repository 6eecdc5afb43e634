// Finished traces by hand.
import type { HopAnswer } from '../../src/measure/trace-answer.ts';
import type { FinishedTrace } from '../../src/measure/trace-run.ts';

const MS = 1_000_000;

/** The last hop is the target; null is a silent one. */
export function finished(
  route: readonly (string | null)[],
  { probes = 1, end = 'target' }: { probes?: number; end?: FinishedTrace['end'] } = {},
): FinishedTrace {
  const hops = route.map((ip, i) => {
    const isTarget = end === 'target' && i === route.length - 1;
    const kind = ip === null ? 'lost' : isTarget ? 'echo-reply' : 'time-exceeded';
    const answers = Array.from({ length: probes }, () => answerOf({ ttl: i + 1, ip, kind }));
    return { ttl: i + 1, answers };
  });
  return { end, hops };
}

export function answerOf(part: Partial<HopAnswer> & Pick<HopAnswer, 'ttl'>): HopAnswer {
  const { ip = null, ttl } = part;
  return {
    flow: 0,
    kind: ip === null ? 'lost' : 'time-exceeded',
    ip,
    rttNs: ip === null ? null : ttl * MS,
    quality: ip === null ? null : 'kernel',
    info: 0,
    answerTtl: null,
    mpls: [],
    mtu: null,
    distance: null,
    sentMs: 0,
    ...part,
  };
}
