// TTL-limited probes from TypeScript: paths are opened, probes are built into the outbox, outcomes
// are read. Which probe goes out when is decided elsewhere (measure/trace*.ts).
import { ProbeError } from '../core/error.ts';
import type { MplsLabel, PathProtocol } from '../core/path.ts';
import { type Family, QUALITIES, type Quality } from '../core/round.ts';
import type { Hot } from './hot.ts';
import { MPLS_MAX, PROBE_PAYLOAD_BYTES_MIN, RESULTS_MAX, TRACES_MAX } from './limits.ts';

/** Where a path leads, and what all packets along it share. */
export interface TraceSpec {
  family: Family;
  protocol: PathProtocol;
  /** 4 or 16 bytes. */
  address: Uint8Array;
  /** 4 or 16 bytes; null leaves it to the kernel, which UDP and TCP cannot. */
  source: Uint8Array | null;
  /** 0: the route decides. */
  interfaceIndex: number;
  scopeId: number;
  tos: number;
  /** Destination port of UDP and TCP. */
  port: number;
}

export interface ProbeRequest {
  /** As `openTrace` gave it. */
  trace: number;
  /** 1 … 255. */
  ttl: number;
  /** 0 … FLOWS_MAX − 1: packets of one flow take one path through routers that share load by it. */
  flow: number;
  /** Comes back with the outcome; 32 bits. */
  tag: number;
  /** Behind the ICMP or UDP header. */
  payloadBytes: number;
  dontFragment: boolean;
}

/** `error` is an ICMP error; `echo`, `tcp` and `udp` are answers of the target itself. */
export type OutcomeKind =
  | 'lost'
  | 'refused'
  | 'error'
  | 'echo'
  | 'tcp'
  | 'udp'
  | 'discarded'
  | 'late';

const KINDS: readonly OutcomeKind[] = [
  'lost',
  'refused',
  'error',
  'echo',
  'tcp',
  'udp',
  'discarded',
  'late',
];

export interface ProbeOutcome {
  kind: OutcomeKind;
  trace: number;
  tag: number;
  ttl: number;
  flow: number;
  rttNs: number | null;
  quality: Quality | null;
  sentMs: number;
  /** ICMP type × 256 + code; TCP flags of a `tcp`; errno of a `refused`. */
  info: number;
  /** TTL with which the answer came. */
  answerTtl: number | null;
  /** TTL that the probe had left when the router dropped it; usually 1 (RFC 792 leaves it open). */
  quotedTtl: number | null;
  /** Of the next link, where the error tells it. */
  mtu: number | null;
  labels: MplsLabel[];
  /** Who answered: 16 bytes, IPv4 in the first four. */
  address: Uint8Array;
}

/** A path to probe. Throws ERR_LIMIT_EXCEEDED when all are in use. */
export function openTrace(hot: Hot, spec: TraceSpec): number {
  const trace = hot.call.openTrace();
  if (trace >= TRACES_MAX) {
    throw new ProbeError('ERR_LIMIT_EXCEEDED', `more than ${TRACES_MAX} paths: remove targets`);
  }
  const { layout, view, bytes } = hot;
  const base = layout.TRACES + trace * layout.TRACE_BYTES;
  view.setUint32(base + layout.T_FAMILY, spec.family === 'v4' ? 4 : 6, true);
  view.setUint32(base + layout.T_PROTOCOL, PROTOCOL_NUMBERS[spec.protocol], true);
  bytes.set(spec.address, base + layout.T_ADDRESS);
  if (spec.source !== null) bytes.set(spec.source, base + layout.T_SOURCE);
  view.setUint32(base + layout.T_IFINDEX, spec.interfaceIndex, true);
  view.setUint32(base + layout.T_SCOPE, spec.scopeId, true);
  view.setUint32(base + layout.T_TOS, spec.tos, true);
  view.setUint32(base + layout.T_PORT, spec.port, true);
  return trace;
}

const PROTOCOL_NUMBERS: Readonly<Record<PathProtocol, number>> = { icmp: 1, tcp: 6, udp: 17 };

/** Builds a probe in an outbox place; false when too many are out. */
export function buildProbe(hot: Hot, request: ProbeRequest, index: number): boolean {
  const { trace, ttl, flow, tag, payloadBytes, dontFragment } = request;
  const ttlFlow = (ttl | (flow << 8) | (dontFragment ? 1 << 31 : 0)) >>> 0;
  const payload = Math.max(payloadBytes, PROBE_PAYLOAD_BYTES_MIN);
  return hot.call.buildProbe(trace, ttlFlow, payload, tag, index) === 1;
}

const RING_RESULTS = 6;

/** The oldest unread outcomes, `most` of them. */
export function takeOutcomes(hot: Hot, most: number): ProbeOutcome[] {
  const { layout, u32 } = hot;
  const base = layout.RINGS / 4 + RING_RESULTS;
  const written = u32[base] ?? 0;
  let count = u32[base + 1] ?? 0;
  const taken: ProbeOutcome[] = [];
  while (count !== written && taken.length < most) {
    taken.push(readOutcome(hot, layout.RESULTS + (count % RESULTS_MAX) * layout.RESULT_BYTES));
    count = (count + 1) >>> 0;
  }
  u32[base + 1] = count;
  return taken;
}

function readOutcome(hot: Hot, address: number): ProbeOutcome {
  const at = (field: number): number => hot.f64[address / 8 + field] ?? 0;
  const quality = at(6);
  return {
    kind: KINDS[at(0) - 1] ?? 'discarded',
    trace: at(1),
    tag: at(2),
    ttl: at(3),
    flow: at(4),
    rttNs: orNull(at(5)),
    quality: quality < 0 ? null : (QUALITIES[quality] ?? null),
    sentMs: at(7),
    info: at(8),
    answerTtl: orNull(at(9)),
    quotedTtl: orNull(at(10)),
    mtu: orNull(at(11)),
    labels: readLabels(hot, address + 128, at(12)),
    address: hot.bytes.slice(address + 104, address + 120),
  };
}

function readLabels({ u32 }: Hot, address: number, count: number): MplsLabel[] {
  return Array.from({ length: Math.min(count, MPLS_MAX) }, (_, i) => {
    const entry = u32[address / 4 + i] ?? 0;
    return {
      label: entry >>> 12,
      trafficClass: (entry >>> 9) & 7,
      ttl: entry & 255,
    };
  });
}

function orNull(value: number): number | null {
  return value < 0 ? null : value;
}
