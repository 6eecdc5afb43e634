// The path MTU on request (RFC 1191, RFC 8201): the largest packet that comes to the target whole.
// Routers say what they cannot pass on; where one is silent about it (RFC 2923 §2.1), many sizes at
// once find the limit in a few round trips, and who dropped the larger ones stays unknown.
import type { Family } from '../core/round.ts';
import { type HopAnswer, isFromTarget, toHopAnswer } from './trace-answer.ts';
import type { ProbeAnswer, Tracer } from './tracer.ts';

export interface PathMtuOptions {
  tracer: Pick<Tracer, 'ask'>;
  /** An open trace by ICMP or UDP. */
  trace: number;
  family: Family;
  target: string;
  /** The largest packet to try, bytes with the IP header. */
  mtuMax: number;
  /** Something was asked for, between two ticks: the pump may be asleep. */
  wake: () => void;
}

export interface PathMtu {
  /** Bytes with the IP header; null when not even the least size was answered. */
  mtu: number | null;
  /** What a router said at last; more than `mtu` only when the target does not answer. */
  told: number | null;
  /** The router that said so; null when none did. */
  ip: string | null;
  /** Packets of more than that were lost without a word. */
  isBlackHole: boolean;
  /** errno with which the kernel refused packets of more than that, or all of them. */
  refused: number | null;
}

/** What any link carries (RFC 791 §3.2, RFC 8200 §5). */
const MTU_MIN: Readonly<Record<Family, number>> = { v4: 68, v6: 1280 };
const HEADER_BYTES: Readonly<Record<Family, number>> = { v4: 20 + 8, v6: 40 + 8 };
/** Each size is tried so often at once before its silence is believed. */
const TRIES = 3;
/** Sizes that are tried at once where nobody says one. */
const LADDER = 24;
const STEPS_MAX = 24;
const TTL = 64;

/** The largest size that passed, and the smallest known that did not. */
interface Bounds {
  low: number | null;
  high: number;
}

export async function findPathMtu(options: PathMtuOptions): Promise<PathMtu> {
  const least = MTU_MIN[options.family];
  const bounds: Bounds = { low: null, high: options.mtuMax + 1 };
  const found: PathMtu = { mtu: null, told: null, ip: null, isBlackHole: false, refused: null };
  let sizes = [options.mtuMax];
  for (let step = 0; step < STEPS_MAX && sizes.length > 0; step++) {
    const asked = sizes.map((size) => probeSize(options, size));
    options.wake();
    const answers = await Promise.all(asked);
    sizes.forEach((size, i) => {
      if (isPassed(answers[i] ?? null, options)) bounds.low = Math.max(bounds.low ?? 0, size);
    });
    sizes.forEach((size, i) => {
      if (size <= (bounds.low ?? 0) || size >= bounds.high) return;
      bounds.high = size;
      note(found, answers[i] ?? null);
    });
    // Not even the least came through: nothing of this target's is to be had.
    const isHopeless = bounds.low === null && bounds.high <= least;
    sizes = isHopeless ? [] : nextSizes(bounds, least, found.told);
  }
  found.mtu = bounds.low;
  return found;
}

function isPassed(answer: HopAnswer | null, { target }: PathMtuOptions): boolean {
  return answer !== null && isFromTarget(answer, target);
}

/** Why the smallest size that did not pass did not. */
function note(found: PathMtu, answer: HopAnswer | null): void {
  found.isBlackHole = answer === null;
  found.refused = answer?.kind === 'refused' ? answer.info : null;
  if (answer?.kind !== 'too-big') return;
  found.ip = answer.ip;
  found.told = answer.mtu;
}

function nextSizes({ low, high }: Bounds, least: number, told: number | null): number[] {
  const from = low === null ? least : low + 1;
  const until = high - 1;
  if (from > until) return [];
  // Routers before RFC 1191 tell 0.
  if (told !== null && told >= from && told <= until) return [told];
  const steps = Math.min(LADDER, until - from + 1);
  const size = (i: number): number => from + Math.round(((until - from) * i) / (steps - 1 || 1));
  return Array.from({ length: steps }, (_, i) => size(i));
}

/** The answer to a packet of this size; null when there was none. */
async function probeSize(options: PathMtuOptions, size: number): Promise<HopAnswer | null> {
  const tries = Array.from({ length: TRIES }, () => probe(options, size));
  const answers = (await Promise.all(tries)).map((answer) => toHopAnswer(answer, options.family));
  const heard = answers.filter(({ kind }) => kind !== 'lost' && kind !== 'discarded');
  return heard.find((answer) => isPassed(answer, options)) ?? heard[0] ?? null;
}

function probe({ tracer, trace, family }: PathMtuOptions, size: number): Promise<ProbeAnswer> {
  const payloadBytes = size - HEADER_BYTES[family];
  return new Promise((resolve) => {
    tracer.ask({
      trace,
      ttl: TTL,
      flow: 0,
      payloadBytes,
      dontFragment: true,
      likely: null,
      onOutcome: resolve,
      onBatch: () => undefined,
    });
  });
}
