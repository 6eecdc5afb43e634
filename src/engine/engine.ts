// One tick: take in what came, count what did not, send what is due. The engine owns the hot memory
// and the transport; nothing else writes to either.
import { randomBytes, randomInt } from 'node:crypto';
import { ProbeError } from '../core/error.ts';
import { type Hot, loadHot } from './hot.ts';
import {
  DRAINS_MAX,
  FLOWS_MAX,
  IDENTIFIERS_MAX,
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
import { readState, type SeriesSpec, type SeriesState, writeSpec } from './series.ts';
import { type OpenTransport, type Transport, unpackDrain } from './transport.ts';

export type { SeriesSpec, SeriesState } from './series.ts';

export interface EngineOptions {
  openTransport: OpenTransport;
  roundMs: number;
  timeoutMs: number;
  /** Share of the interval by which a send may be early or late; 0 for a strict grid. */
  jitter: number;
  /** Packets a second that are planned: sizes the flight table. */
  packetsPerSecond: number;
  /** How long a TTL-limited probe waits for its answer; 3 s. */
  probeTimeoutMs?: number;
  /** Fixed by tests; random otherwise. */
  cookieKey?: Uint8Array;
  identifier?: number;
  port?: number;
}

/** Where TTL-limited probes come from: whoever traces paths decides which is next, and when. */
export interface ProbeSource {
  /** Builds probes in outbox places from `from` on, `room` at most; returns how many. */
  build(from: number, room: number): number;
  /** ms until it has one to send; null while it has none. */
  nextMs(): number | null;
}

export const ALIEN_REASONS = [
  'malformed',
  'checksum',
  'foreign',
  'cookie',
  'stale',
  'address',
] as const;
export const DROP_TABLES = [
  'flight',
  'window',
  'rounds',
  'events',
  'log',
  'stamps',
  'probes',
  'results',
] as const;
/** Upper bounds of the lateness of sends, seconds. */
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
  private probeSource: ProbeSource | null = null;
  private readonly latenessOffset: number;

  constructor(options: EngineOptions) {
    this.hot = loadHot();
    const identifier = alignedIdentifier(options.identifier ?? randomInt(0x10000));
    const port = options.port ?? randomInt(PORT_MIN / FLOWS_MAX, 0x10000 / FLOWS_MAX) * FLOWS_MAX;
    const slots = slotsFor(options.packetsPerSecond, options.timeoutMs);
    this.hot.bytes.set(options.cookieKey ?? randomBytes(16), this.hot.layout.COOKIE_KEY);
    this.transport = options.openTransport({ hot: this.hot, identifier, port, slots });
    // The clock is read by draining; what happens to lie in the sockets already is not ours.
    this.transport.drain();
    this.hot.call.configure(
      identifier,
      slots,
      options.roundMs * 1e6,
      options.timeoutMs * 1e6,
      options.jitter,
    );
    const probeTimeoutMs = options.probeTimeoutMs ?? PROBE_TIMEOUT_MS;
    this.hot.call.configureProbes(port, probeTimeoutMs * 1e6);
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
    let built = this.hot.call.due(Math.min(most, OUTBOX_MAX));
    built += this.probeSource?.build(built, OUTBOX_MAX - built) ?? 0;
    if (built > 0) this.send(built);
    return built === OUTBOX_MAX ? built + this.burst() : built;
  }

  /** A source that no budget holds back need not wait for the next tick. */
  private burst(): number {
    let sent = 0;
    for (let i = 0; i < BURSTS_MAX; i++) {
      const built = this.probeSource?.build(0, OUTBOX_MAX) ?? 0;
      if (built === 0) break;
      this.send(built);
      sent += built;
      this.drain();
    }
    return sent;
  }

  /** Echoes come first in every tick, then what this source has to send. */
  setProbeSource(source: ProbeSource | null): void {
    this.probeSource = source;
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
    const echo = toMs(this.hot.call.nextDueIn());
    const probe = this.probeSource?.nextMs() ?? null;
    if (echo === null || probe === null) return echo ?? probe;
    return Math.min(echo, probe);
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
    if (ranks.length > QUANTILES_MAX) {
      throw new RangeError(`${ranks.length} ranks at once: at most ${QUANTILES_MAX}`);
    }
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

/** Full outboxes in one tick beside the first: a thousand probes, some ten milliseconds. */
const BURSTS_MAX = 16;
/** Places for quantiles in the hot memory. */
const QUANTILES_MAX = 16;
/** Above what Linux gives out by itself (net.ipv4.ip_local_port_range). */
const PORT_MIN = 61_440;
const PROBE_TIMEOUT_MS = 3000;

/** A multiple of all our identifiers, and not 0. */
function alignedIdentifier(wanted: number): number {
  const step = 2 * IDENTIFIERS_MAX;
  return Math.max(step, wanted - (wanted % step)) & 0xffff;
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

function named<K extends string>(
  hot: Hot,
  address: number,
  names: readonly K[],
): Record<K, number> {
  const entries = names.map((name, i) => [name, hot.f64[address / 8 + i] ?? 0] as const);
  return Object.fromEntries(entries) as Record<K, number>;
}
