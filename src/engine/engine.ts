// One tick: take in what came, count what did not, send what is due. The engine owns the hot memory
// and the transport; nothing else writes to either.
import { randomBytes, randomInt } from 'node:crypto';
import { ProbeError } from '../core/error.ts';
import type { Family, Quality, SendErrorReason } from '../core/round.ts';
import { type Hot, loadHot } from './hot.ts';
import {
  DRAINS_MAX,
  INBOX_MAX,
  INFLIGHT_MAX,
  OUTBOX_MAX,
  SERIES_MAX,
  SLOTS_MIN,
  STAMPS_MAX,
} from './limits.ts';
import {
  type ClosedRound,
  type EngineEvent,
  type LogLine,
  takeEvents,
  takeLog,
  takeRounds,
} from './readers.ts';
import { type OpenTransport, type Transport, unpackDrain } from './transport.ts';

export interface EngineOptions {
  openTransport: OpenTransport;
  roundMs: number;
  timeoutMs: number;
  /** Share of the interval by which a send may be early or late; 0 for a strict grid. */
  jitter: number;
  /** Packets a second that are planned: sizes the flight table. */
  packetsPerSecond: number;
  /** Fixed by tests; random otherwise. */
  cookieKey?: Uint8Array;
  identifier?: number;
}

/** What is measured: an address, and how the packets to it look. */
export interface SeriesSpec {
  family: Family;
  address: Uint8Array;
  source: Uint8Array | null;
  /** 0: the route decides. */
  interfaceIndex: number;
  scopeId: number;
  payloadBytes: number;
  tos: number;
  /** 0: the system's default. */
  ttl: number;
  dontFragment: boolean;
  intervalMs: number;
  /** From now to the first echo. */
  phaseMs: number;
}

export interface SeriesState {
  sent: number;
  received: number;
  lost: number;
  discarded: number;
  late: number;
  duplicates: number;
  reordered: number;
  skipped: number;
  icmpErrors: number;
  sendErrors: Record<SendErrorReason, number>;
  quality: Record<Quality, number>;
  /** SPARKY's buckets, not cumulative; the last is +Inf. */
  buckets: number[];
  rttSumSeconds: number;
  ttl: number | null;
  outages: { open: boolean; total: number; seconds: number };
}

export const ALIEN_REASONS = [
  'malformed',
  'checksum',
  'foreign',
  'cookie',
  'stale',
  'address',
] as const;
export const DROP_TABLES = ['flight', 'window', 'rounds', 'events', 'log'] as const;
/** Upper bounds of the lateness of sends, seconds. */
/** SPARKY's twenty bounds and +Inf. */
const BUCKETS = 21;
export const LATENESS_BOUNDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1] as const;

export interface EngineFigures {
  ticks: number;
  lateness: { bounds: readonly number[]; counts: number[]; sumSeconds: number };
  alien: Record<string, number>;
  drops: Record<string, number>;
  overflows: number;
  clockSteps: number;
  inflight: number;
  slots: number;
}

export class Engine {
  readonly hot: Hot;
  readonly transport: Transport;
  private ticks = 0;
  private readonly latenessOffset: number;

  constructor(options: EngineOptions) {
    this.hot = loadHot();
    const identifier = (options.identifier ?? randomInt(1, 4096) * 16) & 0xfff0;
    const slots = slotsFor(options.packetsPerSecond, options.timeoutMs);
    this.hot.bytes.set(options.cookieKey ?? randomBytes(16), this.hot.layout.COOKIE_KEY);
    this.transport = options.openTransport({ hot: this.hot, identifier, slots });
    // The clock is read by draining; what happens to lie in the sockets already is not ours.
    this.transport.drain();
    this.hot.call.configure(
      identifier,
      slots,
      options.roundMs * 1e6,
      options.timeoutMs * 1e6,
      options.jitter,
    );
    this.latenessOffset = this.hot.layout.LATENESS / 8;
  }

  /** Begins a series; returns its number. Throws ERR_LIMIT_EXCEEDED when all are in use. */
  addSeries(spec: SeriesSpec): number {
    const series = this.hot.call.newSeries();
    if (series >= SERIES_MAX) {
      throw new ProbeError(
        'ERR_LIMIT_EXCEEDED',
        `more than ${SERIES_MAX} (target, family) pairs: remove targets`,
      );
    }
    writeSpec(this.hot, series, spec);
    this.hot.call.startSeries(series, spec.phaseMs * 1e6);
    return series;
  }

  setInterval(series: number, intervalMs: number): void {
    this.hot.call.setInterval(series, intervalMs * 1e6);
  }

  stopSeries(series: number): void {
    this.hot.call.stopSeries(series);
  }

  /** Frees a stopped series once nothing of it is in flight or unread. Returns whether it did. */
  freeSeries(series: number): boolean {
    if (this.hot.call.isDrained(series) === 0) return false;
    this.hot.call.freeSeries(series);
    return true;
  }

  seedOutage(series: number, fromMs: number, lost: number): void {
    this.hot.call.seedOutage(series, fromMs, lost);
  }

  /** Makes the flight table large enough for this many packets a second. */
  planFor(packetsPerSecond: number, timeoutMs: number): void {
    this.hot.call.growTo(slotsFor(packetsPerSecond, timeoutMs));
  }

  /** Takes in, expires, sends at most `most` packets. Returns how many were handed over. */
  tick(most: number): number {
    this.ticks++;
    this.drain();
    this.hot.call.expire();
    const built = this.hot.call.due(Math.min(most, OUTBOX_MAX));
    if (built > 0) this.send(built);
    return built;
  }

  /** Reads sockets and error queues until they are empty, or DRAINS_MAX times. */
  drain(): void {
    for (let i = 0; i < DRAINS_MAX; i++) {
      const { packets, stamps } = unpackDrain(this.transport.drain());
      this.hot.call.fold(packets, stamps);
      if (packets < INBOX_MAX && stamps < STAMPS_MAX) return;
    }
  }

  send(built: number): void {
    this.transport.send(built);
    this.hot.call.settle(built);
  }

  /** ms to the next send, from the last tick; null when nothing is scheduled. */
  nextDueMs(): number | null {
    return toMs(this.hot.call.nextDueIn());
  }

  /** ms to the next loss or round to close; null when there is none. */
  nextExpiryMs(): number | null {
    return toMs(this.hot.call.nextExpiryIn());
  }

  takeRounds(most = 64): ClosedRound[] {
    return takeRounds(this.hot, most);
  }

  takeEvents(most = 256): EngineEvent[] {
    return takeEvents(this.hot, most);
  }

  takeLog(most = 1024): LogLine[] {
    return takeLog(this.hot, most);
  }

  /** Nearest-rank RTTs (ns) since the series began, at ascending ranks in [0, 1]; null if none. */
  quantiles(series: number, ranks: readonly number[]): number[] | null {
    const { QUANTILES } = this.hot.layout;
    this.hot.f64.set(ranks, QUANTILES / 8);
    const total = this.hot.call.histogramQuantiles(series, ranks.length);
    if (total === 0) return null;
    return Array.from(this.hot.f64.subarray(QUANTILES / 8, QUANTILES / 8 + ranks.length));
  }

  state(series: number): SeriesState {
    return readState(this.hot, series);
  }

  /** Probes handed to the kernel, and those that it took. */
  progress(series: number): { attempts: number; sent: number } {
    const { layout, u32, f64 } = this.hot;
    const base = layout.SERIES + series * layout.SERIES_BYTES;
    return {
      attempts: u32[(base + layout.S_ATTEMPTS) / 4] ?? 0,
      sent: f64[(base + layout.S_SENT) / 8] ?? 0,
    };
  }

  figures(): EngineFigures {
    const { hot } = this;
    const overflows = hot.u32[hot.layout.CONTROL / 4 + 6] ?? 0;
    const from = this.latenessOffset;
    const buckets = LATENESS_BOUNDS.length + 1;
    return {
      ticks: this.ticks,
      lateness: {
        bounds: LATENESS_BOUNDS,
        counts: Array.from(hot.f64.subarray(from, from + buckets)),
        sumSeconds: hot.f64[from + buckets] ?? 0,
      },
      alien: named(hot, hot.layout.ALIEN, ALIEN_REASONS),
      drops: named(hot, hot.layout.DROPS, DROP_TABLES),
      overflows,
      clockSteps: hot.call.clockSteps(),
      inflight: hot.call.inflightCount(),
      slots: hot.call.slotsInUse(),
    };
  }

  /** Whether a probe is in flight. */
  isWaiting(): boolean {
    return this.hot.call.inflightCount() > 0;
  }

  isClockSynced(): boolean {
    return (this.hot.u32[this.hot.layout.CONTROL / 4 + 7] ?? 0) === 1;
  }

  /** Closes every round; what is still in flight counts as discarded. */
  finish(): void {
    this.drain();
    this.hot.call.expire();
    this.hot.call.finishAll();
  }

  close(): void {
    this.transport.close();
  }
}

/** Twice what is in flight, so that duplicates and late replies still find their entry. */
function slotsFor(packetsPerSecond: number, timeoutMs: number): number {
  const wanted = packetsPerSecond * ((timeoutMs + 30_000) / 1000);
  let slots = SLOTS_MIN;
  while (slots < wanted && slots < INFLIGHT_MAX) slots *= 2;
  return slots;
}

function toMs(ns: number): number | null {
  return ns < 0 ? null : ns / 1e6;
}

function writeSpec(hot: Hot, series: number, spec: SeriesSpec): void {
  const { layout, view, bytes } = hot;
  const base = layout.SERIES + series * layout.SERIES_BYTES;
  view.setUint32(base + layout.S_FAMILY, spec.family === 'v4' ? 4 : 6, true);
  bytes.set(spec.address, base + layout.S_ADDRESS);
  if (spec.source !== null) bytes.set(spec.source, base + layout.S_SOURCE);
  view.setUint32(base + layout.S_IFINDEX, spec.interfaceIndex, true);
  view.setUint32(base + layout.S_SCOPE, spec.scopeId, true);
  view.setUint32(base + layout.S_PAYLOAD, spec.payloadBytes, true);
  view.setUint32(base + layout.S_TOS, spec.tos, true);
  view.setUint32(base + layout.S_TTL, spec.ttl, true);
  view.setUint32(base + layout.S_FLAGS, spec.dontFragment ? 1 : 0, true);
  view.setBigUint64(base + layout.S_INTERVAL, BigInt(Math.round(spec.intervalMs * 1e6)), true);
}

// Written out field by field: a scrape of a thousand series must not hold up the tick.
function readState(hot: Hot, series: number): SeriesState {
  const { layout, f64, u32 } = hot;
  const base = layout.SERIES + series * layout.SERIES_BYTES;
  const at = (field: number, index = 0): number => f64[(base + field) / 8 + index] ?? 0;
  const ttl = u32[(base + layout.S_LAST_TTL) / 4] ?? 0;
  const buckets: number[] = [];
  for (let i = 0; i < BUCKETS; i++) buckets.push(at(layout.S_BUCKETS, i));
  return {
    sent: at(layout.S_SENT),
    received: at(layout.S_RECEIVED),
    lost: at(layout.S_LOST),
    discarded: at(layout.S_DISCARDED),
    late: at(layout.S_LATE),
    duplicates: at(layout.S_DUPLICATES),
    reordered: at(layout.S_REORDERED),
    skipped: at(layout.S_SKIPPED),
    icmpErrors: at(layout.S_ICMP_ERRORS),
    // In the order of reasonOf in wasm/echo.ts and of the qualities in wasm/fold.ts.
    sendErrors: {
      blocked: at(layout.S_ERRORS),
      unreachable: at(layout.S_ERRORS, 1),
      buffer: at(layout.S_ERRORS, 2),
      size: at(layout.S_ERRORS, 3),
      device: at(layout.S_ERRORS, 4),
      invalid: at(layout.S_ERRORS, 5),
      other: at(layout.S_ERRORS, 6),
    },
    quality: {
      kernel: at(layout.S_QUALITY),
      mixed: at(layout.S_QUALITY, 1),
      user: at(layout.S_QUALITY, 2),
      hardware: at(layout.S_QUALITY, 3),
    },
    buckets,
    rttSumSeconds: at(layout.S_RTT_SUM),
    ttl: ttl === 0xffffffff ? null : ttl,
    outages: {
      open: u32[(base + layout.S_OUTAGE_OPEN) / 4] === 1,
      total: at(layout.S_OUTAGES),
      seconds: at(layout.S_OUTAGE_SECONDS),
    },
  };
}

function named<K extends string>(
  hot: Hot,
  address: number,
  names: readonly K[],
): Record<K, number> {
  const entries = names.map((name, i) => [name, hot.f64[address / 8 + i] ?? 0] as const);
  return Object.fromEntries(entries) as Record<K, number>;
}
