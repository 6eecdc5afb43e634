// The JSON lines of `flint trace`: one for each hop, and one for the path.
import { hopRtt, lossPercentOf } from '../../core/hop-figures.ts';
import type { HopRtt, LossKind, PathProtocol } from '../../core/path.ts';
import { toPath } from '../../core/path-hash.ts';
import { judgeLoss } from '../../core/path-loss.ts';
import type { Family } from '../../core/round.ts';
import type { PathMtu } from '../../measure/path-mtu.ts';
import type { HopAnswer } from '../../measure/trace-answer.ts';
import { hopsToTarget, type TracedPath } from './path.ts';

export interface HopLine {
  type: 'hop';
  host: string;
  family: Family;
  protocol: PathProtocol;
  ttl: number;
  ip: string | null;
  mpls: HopAnswer['mpls'];
  sent: number;
  received: number;
  lossPercent: number | null;
  lossKind: LossKind;
  rttNs: HopRtt | null;
  /** Others that answered at this TTL. */
  others: string[];
  /** What the last answer was. */
  kind: HopAnswer['kind'] | null;
  /** Only when names are asked for. */
  name?: string | null;
}

export interface PathExtras {
  /** Left out when it is not asked for. */
  mtu?: PathMtu;
}

export type NameOf = ((ip: string) => string | null) | undefined;

/** A line for each hop; `nameOf` is given when names are asked for. */
export function hopLines(path: TracedPath, nameOf: NameOf): HopLine[] {
  const { host, family, protocol } = path;
  const hops = hopsToTarget(path);
  const losses = judgeLoss(
    hops.map(({ sum }) => sum),
    path.isReached,
  );
  return hops.map(({ sum, ips, mpls, ttl, kind }, i) => {
    const [ip = null, ...others] = ips;
    return {
      type: 'hop',
      host,
      family,
      protocol,
      ttl,
      ip,
      mpls,
      sent: sum.sent,
      received: sum.received,
      lossPercent: lossPercentOf(sum),
      lossKind: losses[i]?.kind ?? 'unknown',
      rttNs: hopRtt(sum),
      others,
      kind,
      ...(nameOf === undefined ? {} : { name: ip === null ? null : nameOf(ip) }),
    };
  });
}

/** The last line of a path. */
export function pathLine(
  path: TracedPath,
  lines: readonly HopLine[],
  { mtu }: PathExtras,
): Record<string, unknown> {
  const { host, ip, family, protocol, end, isReached, multipath } = path;
  const hops = lines.map((line) => ({ ttl: line.ttl, ip: line.ip }));
  return {
    type: 'path',
    host,
    family,
    protocol,
    reached: isReached,
    hops,
    hash: toPath(hops, isReached).hash,
    ip,
    end,
    ...(multipath === null ? {} : { multipath }),
    ...(mtu === undefined ? {} : mtuOf(mtu)),
  };
}

function mtuOf({ mtu, told, ip, isBlackHole }: PathMtu): Record<string, unknown> {
  return { mtu, mtuIp: ip, mtuTold: told, mtuBlackHole: isBlackHole };
}
