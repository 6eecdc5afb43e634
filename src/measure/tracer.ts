// Sends TTL-limited probes for all who trace paths, within one budget, and hands each its outcome.
import { formatAddress } from '../core/address.ts';
import { ProbeError } from '../core/error.ts';
import type { PathProtocol } from '../core/path.ts';
import type { Family } from '../core/round.ts';
import { createPacer, type Pacer, type Permission } from '../core/token-bucket.ts';
import type { Engine, ProbeSource } from '../engine/engine.ts';
import { RESULTS_MAX, TIMEOUT_MS_MAX } from '../engine/limits.ts';
import {
  buildProbe,
  openTrace,
  type ProbeOutcome,
  type TraceSpec,
  takeOutcomes,
} from '../engine/probes.ts';
import type { Guard } from './guard.ts';

export interface ProbeAsk {
  /** As `open` gave it. */
  trace: number;
  ttl: number;
  flow: number;
  payloadBytes: number;
  dontFragment: boolean;
  /** Who answered at this TTL before, and so will again; null while unknown. */
  likely: string | null;
  /** Called once with the outcome, never from within `ask`. */
  onOutcome: (answer: ProbeAnswer) => void;
  /** Called once after all outcomes that were read together; one function for a whole trace. */
  onBatch: () => void;
}

export type ProbeAnswer = Omit<ProbeOutcome, 'address' | 'trace' | 'tag'> & {
  /** Who answered; null when nobody did. */
  ip: string | null;
};

/** How fast TTL-limited probes may leave; null for no limit. */
export interface TracePace {
  /** Of all paths together. */
  packetsPerSecond: number | null;
  /** For each address that is likely to answer: routers limit their errors (RFC 1812 §4.3.2.8,
   * RFC 4443 §2.4 f) and would then look as if they lost packets. */
  answersPerSecond: number | null;
  /** Never goes back. */
  monoMs: () => number;
  /** Asked before each probe, beside the pace; counted is what it held back. */
  guard?: TraceGuard;
}

export type TraceGuard = Pick<Guard, 'waitMs' | 'charge' | 'holdBack'>;

/** What may be saved up: a tick's worth, so that a budget is kept in spite of ticks. */
const BURST_MS = 50;
const ANSWERS_BURST = 4;
const ADDRESSES_MAX = 4096;
/** How far down the queue to look for a probe whose router may be asked now. */
const LOOK_MAX = 256;

export class Tracer implements ProbeSource {
  private readonly engine: Engine;
  private pacer: Pacer;
  private readonly monoMs: () => number;
  private readonly guard: TraceGuard | null;
  /** Asks that the guard held back and counted. */
  private readonly held = new WeakSet<ProbeAsk>();
  /** When the first of those that a budget holds back may go. */
  private readyAtMs = 0;
  private queue: ProbeAsk[] = [];
  /** By tag, in the order of sending. */
  private readonly out = new Map<number, Sent>();
  private readonly places = new Map<number, { family: Family; ip: string }>();
  private nextTag = 1;

  constructor(engine: Engine, pace: TracePace) {
    this.engine = engine;
    this.monoMs = pace.monoMs;
    this.guard = pace.guard ?? null;
    this.pacer = pacerOf(pace);
    engine.setProbeSource(this);
  }

  /** From now on; what waits goes by it, too. */
  setPace(pace: Pick<TracePace, 'packetsPerSecond' | 'answersPerSecond'>): void {
    this.pacer = pacerOf(pace);
    this.readyAtMs = 0;
  }

  /** Throws ERR_SOCKET_PERMISSION for a protocol that the transport cannot send. */
  requireProtocol(protocol: PathProtocol): void {
    const { protocols } = this.engine.transport;
    if (protocols.includes(protocol)) return;
    throw new ProbeError(
      'ERR_SOCKET_PERMISSION',
      `no ${protocol.toUpperCase()} probes without a raw socket of the addon ` +
        `(only ${protocols.join(', ')}): run as root`,
    );
  }

  /** Throws as `requireProtocol` does, and ERR_LIMIT_EXCEEDED. */
  open(spec: TraceSpec): number {
    this.requireProtocol(spec.protocol);
    const trace = openTrace(this.engine.hot, spec);
    const { family, address } = spec;
    const ip = formatAddress(family, family === 'v4' ? address.subarray(0, 4) : address);
    this.places.set(trace, { family, ip });
    return trace;
  }

  /** What is asked or under way for it comes to nothing: its callbacks are not called. */
  close(trace: number): void {
    if (!this.places.delete(trace)) return;
    this.engine.hot.call.closeTrace(trace);
    this.queue = this.queue.filter((ask) => ask.trace !== trace);
    for (const [tag, { ask }] of this.out) if (ask.trace === trace) this.out.delete(tag);
  }

  ask(ask: ProbeAsk): void {
    this.queue.push(ask);
    this.readyAtMs = 0;
  }

  build(from: number, room: number): number {
    if (this.queue.length === 0 || room === 0) return 0;
    const now = this.monoMs();
    const most = Math.min(room, this.engine.hot.call.probeRoom());
    const held: ProbeAsk[] = [];
    let built = 0;
    let looked = 0;
    let readyAtMs = Number.POSITIVE_INFINITY;
    for (const ask of this.queue) {
      if (built === most || held.length === LOOK_MAX) break;
      looked++;
      const permission = this.permit(ask, now);
      if (permission.ok && this.buildOne(ask, from + built)) {
        built++;
        continue;
      }
      held.push(ask);
      readyAtMs = Math.min(readyAtMs, permission.ok ? now : permission.atMs);
    }
    this.queue = [...held, ...this.queue.slice(looked)];
    this.readyAtMs = built === most ? 0 : readyAtMs;
    return built;
  }

  nextMs(): number | null {
    if (this.queue.length === 0) return null;
    // With a full ring the next expiry makes room.
    if (this.engine.hot.call.probeRoom() === 0) return null;
    return Math.max(0, this.readyAtMs - this.monoMs());
  }

  /** Hands out what came of the probes; call after every tick. Returns how many there were. */
  collect(): number {
    const outcomes = takeOutcomes(this.engine.hot, RESULTS_MAX);
    const touched = new Map<() => void, number>();
    for (const outcome of outcomes) {
      const ask = this.hand(outcome);
      if (ask !== null) touched.set(ask.onBatch, ask.trace);
    }
    for (const ask of this.forget()) touched.set(ask.onBatch, ask.trace);
    // One of these may close the trace of another.
    for (const [onBatch, trace] of touched) if (this.places.has(trace)) onBatch();
    return outcomes.length;
  }

  /** Whether anything is asked or under way. */
  isBusy(): boolean {
    return this.queue.length > 0 || this.out.size > 0;
  }

  /** The guard is asked first and charged last: what either refuses costs the other nothing. */
  private permit(ask: ProbeAsk, nowMs: number): Permission {
    const place = this.places.get(ask.trace);
    if (this.guard === null || place === undefined) return this.pacer.take(ask.likely, nowMs);
    const packet = { ip: place.ip, bytes: 2 * (HEADER_BYTES + ask.payloadBytes), packets: 1 };
    const waitMs = this.guard.waitMs('path', packet);
    if (waitMs > 0) {
      if (!this.held.has(ask)) this.guard.holdBack('path', 1);
      this.held.add(ask);
      return { ok: false, atMs: nowMs + waitMs };
    }
    const permission = this.pacer.take(ask.likely, nowMs);
    if (permission.ok) this.guard.charge('path', packet);
    return permission;
  }

  private buildOne(ask: ProbeAsk, index: number): boolean {
    const tag = this.nextTag;
    const { trace, ttl, flow, payloadBytes, dontFragment } = ask;
    const request = { trace, ttl, flow, tag, payloadBytes, dontFragment };
    if (!buildProbe(this.engine.hot, request, index)) return false;
    this.nextTag = this.nextTag === 0xffffffff ? 1 : this.nextTag + 1;
    this.out.set(tag, { ask, atMs: this.monoMs() });
    return true;
  }

  private hand({ address, trace, tag, ...outcome }: ProbeOutcome): ProbeAsk | null {
    const ask = this.out.get(tag)?.ask;
    // A late answer was told as lost; nobody waits for it any more.
    if (ask === undefined) return null;
    this.out.delete(tag);
    const family = this.places.get(trace)?.family ?? 'v4';
    const isSilent = outcome.kind === 'lost' || outcome.kind === 'refused';
    const bytes = family === 'v4' ? address.subarray(0, 4) : address;
    ask.onOutcome({ ...outcome, ip: isSilent ? null : formatAddress(family, bytes) });
    return ask;
  }

  /** Gives up probes whose outcome a full ring has dropped (it counts them): whoever waits for one
   * would wait for ever. */
  private *forget(): Generator<ProbeAsk> {
    const beforeMs = this.monoMs() - FORGOTTEN_MS;
    for (const [tag, { ask, atMs }] of this.out) {
      if (atMs > beforeMs) return;
      this.out.delete(tag);
      ask.onOutcome({ ...NO_OUTCOME, ttl: ask.ttl, flow: ask.flow });
      yield ask;
    }
  }
}

interface Sent {
  ask: ProbeAsk;
  atMs: number;
}

/** Of IPv6 and TCP, the largest of them. */
const HEADER_BYTES = 60;
/** The longest timeout, and as long again as the loop may stand still. */
const FORGOTTEN_MS = 2 * TIMEOUT_MS_MAX;
const NO_OUTCOME: Omit<ProbeAnswer, 'ttl' | 'flow'> = {
  kind: 'discarded',
  ip: null,
  rttNs: null,
  quality: null,
  sentMs: 0,
  info: 0,
  answerTtl: null,
  quotedTtl: null,
  mtu: null,
  labels: [],
};

function pacerOf({
  packetsPerSecond,
  answersPerSecond,
}: Pick<TracePace, 'packetsPerSecond' | 'answersPerSecond'>): Pacer {
  return createPacer({
    global: rate(packetsPerSecond, ((packetsPerSecond ?? 0) * BURST_MS) / 1000),
    perAddress: rate(answersPerSecond, ANSWERS_BURST),
    addressesMax: ADDRESSES_MAX,
  });
}

function rate(perSecond: number | null, burst: number): { perSecond: number; burst: number } {
  return { perSecond: perSecond ?? Number.POSITIVE_INFINITY, burst: Math.max(1, burst) };
}
