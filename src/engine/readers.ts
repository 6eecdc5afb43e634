// From the rings of the hot memory to objects, for whoever asks. Nothing here runs per sample on
// the daemon: rounds come twice a minute, events seldom, and log lines only to `flint ping`.
import type { Family, Quality, SendErrorReason, Tally } from '../core/round.ts';
import { QUALITIES, SEND_ERROR_REASONS } from '../core/round.ts';
import type { Hot } from './hot.ts';
import { CLOSED_MAX, EVENTS_MAX, LOG_MAX } from './limits.ts';

/** A closed round as the engine knows it: which series, and the figures. */
export interface ClosedRound extends Tally {
  series: number;
  sequence: number;
  fromMs: number;
  untilMs: number;
  isSynced: boolean;
  isLoaded: boolean;
  sendErrors: Partial<Record<SendErrorReason, number>>;
  quality: Record<Quality, number>;
  lossBurstMax: number;
  /** min, p10, p25, median, p75, p90, max, mean, stddev in ns; null when nothing came back. */
  figures: readonly number[] | null;
  isExact: boolean;
  jitterNs: number | null;
  jitterRfc3550Ns: number | null;
  localQueueNs: number | null;
}

export type EngineEvent =
  | { kind: 'outage-open'; series: number; fromMs: number; lost: number }
  | { kind: 'outage-closed'; series: number; fromMs: number; untilMs: number; lost: number }
  | { kind: 'clock-step'; atMs: number; stepNs: number };

export type LogKind =
  | 'reply'
  | 'lost'
  | 'icmp-error'
  | 'send-error'
  | 'late'
  | 'duplicate'
  | 'discarded';

const LOG_KINDS: readonly LogKind[] = [
  'reply',
  'lost',
  'icmp-error',
  'send-error',
  'late',
  'duplicate',
  'discarded',
];

/** What became of one probe. */
export interface LogLine {
  kind: LogKind;
  series: number;
  attempt: number;
  rttNs: number | null;
  quality: Quality | null;
  ttl: number | null;
  sentMs: number;
  /** errno of a refused send, or ICMP type × 256 + code. */
  info: number;
  /** Who answered, 16 bytes (IPv4 in the first four). */
  address: Uint8Array;
}

const RING_CLOSED = 0;
const RING_EVENTS = 2;
const RING_LOG = 4;

export function takeRounds(hot: Hot, most: number): ClosedRound[] {
  const { CLOSED, CLOSED_BYTES } = hot.layout;
  return take(hot, RING_CLOSED, most, (count) =>
    readRound(hot.f64, (CLOSED + (count % CLOSED_MAX) * CLOSED_BYTES) / 8),
  );
}

export function takeEvents(hot: Hot, most: number): EngineEvent[] {
  const { EVENTS, EVENT_BYTES } = hot.layout;
  return take(hot, RING_EVENTS, most, (count) =>
    readEvent(hot, EVENTS + (count % EVENTS_MAX) * EVENT_BYTES),
  );
}

export function takeLog(hot: Hot, most: number): LogLine[] {
  const { LOG, LOG_BYTES } = hot.layout;
  return take(hot, RING_LOG, most, (count) => readLine(hot, LOG + (count % LOG_MAX) * LOG_BYTES));
}

/** Reads at most `most` entries of a ring and moves its read count on. */
function take<T>(hot: Hot, ring: number, most: number, read: (count: number) => T): T[] {
  const base = hot.layout.RINGS / 4 + ring;
  const written = hot.u32[base] ?? 0;
  let count = hot.u32[base + 1] ?? 0;
  const taken: T[] = [];
  while (count !== written && taken.length < most) {
    taken.push(read(count));
    count = (count + 1) >>> 0;
  }
  hot.u32[base + 1] = count;
  return taken;
}

function readRound(f64: Float64Array, base: number): ClosedRound {
  let place = base;
  const next = (): number => f64[place++] ?? 0;
  const series = next();
  const sequence = next();
  const fromMs = next();
  const untilMs = next();
  const flags = next();
  const [sent, received, lost, discarded] = [next(), next(), next(), next()];
  const [late, duplicates, reordered, skipped] = [next(), next(), next(), next()];
  const sendErrors = readErrors(next);
  const quality = readQuality(next);
  const lossBurstMax = next();
  const figures = Array.from({ length: 9 }, next);
  const isExact = next() === 1;
  return {
    series,
    sequence,
    fromMs,
    untilMs,
    isSynced: (flags & 1) === 0,
    isLoaded: (flags & 2) !== 0,
    sent,
    received,
    lost,
    discarded,
    late,
    duplicates,
    reordered,
    skipped,
    sendErrors,
    quality,
    lossBurstMax,
    figures: received > 0 ? figures : null,
    isExact,
    jitterNs: orNull(next()),
    jitterRfc3550Ns: orNull(next()),
    localQueueNs: orNull(next()),
  };
}

function readErrors(next: () => number): Partial<Record<SendErrorReason, number>> {
  const errors: Partial<Record<SendErrorReason, number>> = {};
  for (const reason of SEND_ERROR_REASONS) {
    const n = next();
    if (n > 0) errors[reason] = n;
  }
  return errors;
}

function readQuality(next: () => number): Record<Quality, number> {
  return { kernel: next(), mixed: next(), user: next(), hardware: next() };
}

function orNull(value: number): number | null {
  return value < 0 ? null : value;
}

function readEvent(hot: Hot, address: number): EngineEvent {
  const kind = hot.u32[address / 4];
  const series = hot.u32[address / 4 + 1] ?? 0;
  const f64 = address / 8;
  const fromMs = hot.f64[f64 + 1] ?? 0;
  const untilMs = hot.f64[f64 + 2] ?? 0;
  const lost = hot.f64[f64 + 3] ?? 0;
  if (kind === 1) return { kind: 'outage-open', series, fromMs, lost };
  if (kind === 2) return { kind: 'outage-closed', series, fromMs, untilMs, lost };
  return { kind: 'clock-step', atMs: fromMs, stepNs: hot.f64[f64 + 4] ?? 0 };
}

function readLine(hot: Hot, address: number): LogLine {
  const f64 = address / 8;
  const at = (field: number): number => hot.f64[f64 + field] ?? 0;
  const quality = at(4);
  return {
    kind: LOG_KINDS[at(0) - 1] ?? 'discarded',
    series: at(1),
    attempt: at(2),
    rttNs: orNull(at(3)),
    quality: quality < 0 ? null : (QUALITIES[quality] ?? null),
    ttl: orNull(at(5)),
    sentMs: at(6),
    info: at(7),
    address: hot.bytes.slice(address + 64, address + 80),
  };
}

export function familyOf(number: number): Family {
  return number === 6 ? 'v6' : 'v4';
}
