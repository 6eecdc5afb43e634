// Open paths on the fake rig, probes along them, and what a test wants to know of an arrival.

import type { PathProtocol } from '../../src/core/path.ts';
import {
  buildProbe,
  openTrace,
  type ProbeOutcome,
  type ProbeRequest,
  type TraceSpec,
  takeOutcomes,
} from '../../src/engine/probes.ts';
import { addressOf, openRig, type Rig, silence } from './rig.ts';
import type { Arrival, SentPacket } from './transport.ts';

export const PROBE_TIMEOUT_MS = 1000;

/** Every family and protocol that paths are traced by. */
export const PATHS: readonly { family: 4 | 6; protocol: PathProtocol }[] = [4, 6].flatMap(
  (family) =>
    (['icmp', 'udp', 'tcp'] as const).map((protocol) => ({ family: family as 4 | 6, protocol })),
);

export interface PathRig extends Rig {
  /** Sends a probe; fails when none was built. */
  probe(trace: number, part?: Partial<ProbeRequest>): SentPacket;
  outcomes(): ProbeOutcome[];
  /** Lets something arrive, 1 ms from now, and says what it was counted as. */
  take(family: 4 | 6, arrival: Partial<Arrival>): string[];
}

export function openPaths(options: Parameters<typeof openRig>[1] = {}): PathRig {
  const rig = openRig(silence, { probeTimeoutMs: PROBE_TIMEOUT_MS, ...options });
  const paths: PathRig = {
    ...rig,
    probe(trace, part = {}) {
      const before = rig.transport.sent.length;
      if (!buildProbe(rig.hot, requestOf(trace, part), 0)) throw new Error('no probe was built');
      rig.engine.send(1);
      const packet = rig.transport.sent[before];
      if (packet === undefined) throw new Error('the probe was refused');
      return packet;
    },
    outcomes: () => takeOutcomes(rig.hot, 1e6),
    take(family, arrival) {
      rig.transport.inject(family, { delayNs: 1_000_000n, ...arrival });
      rig.clock.advanceMs(1);
      return counted(paths);
    },
  };
  return paths;
}

/** Ticks; the kinds of outcomes that came up, then the reasons why something is alien. */
export function counted(rig: PathRig): string[] {
  const before = rig.engine.figures().alien;
  rig.engine.tick(0);
  const after = rig.engine.figures().alien;
  const reasons = Object.keys(after).filter((name) => after[name] !== before[name]);
  return [...rig.outcomes().map(({ kind }) => kind), ...reasons];
}

export function requestOf(trace: number, part: Partial<ProbeRequest> = {}): ProbeRequest {
  return { trace, ttl: 3, flow: 0, tag: 7, payloadBytes: 32, dontFragment: false, ...part };
}

export function pathOf(
  family: 4 | 6,
  protocol: PathProtocol,
  part: Partial<TraceSpec> = {},
): TraceSpec {
  return {
    family: family === 4 ? 'v4' : 'v6',
    protocol,
    address: addressOf(family, 1),
    source: protocol === 'icmp' ? null : sourceOf(family),
    interfaceIndex: 0,
    scopeId: 0,
    tos: 0,
    port: portOf(protocol),
    ...part,
  };
}

export function openPath(
  rig: Rig,
  family: 4 | 6,
  protocol: PathProtocol,
  part: Partial<TraceSpec> = {},
): number {
  return openTrace(rig.hot, pathOf(family, protocol, part));
}

export function portOf(protocol: PathProtocol): number {
  return protocol === 'tcp' ? 80 : 33_434;
}

export function sourceOf(family: 4 | 6): Uint8Array {
  return addressOf(family, 0xfeed);
}

/** Where a router answers from. */
export const ROUTERS = { 4: addressOf(4, 500), 6: addressOf(6, 500) } as const;
