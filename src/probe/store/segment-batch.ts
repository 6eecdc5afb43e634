import type { ProbeEvent, Round } from '../../core/round.ts';
import { parseEvent, parseRound } from '../../core/round-schema.ts';
import { startSlice } from '../time-slice.ts';
import { PAYLOAD_BYTES_MAX, putFrame } from './segment.ts';
import { encodeEvent, encodeRound, encodeSeries, type Series } from './segment-record.ts';

// Turns records into frames. Names of a series are written before its first round of a segment,
// and again now and then, so that one damaged frame does not cost a series its segment.

export type StoreRecord = { t: 'round'; round: Round } | { t: 'event'; event: ProbeEvent };

/** The names that a segment holds, by what they say. */
export interface Dictionary {
  names: Map<string, UsedSeries>;
  /** The number of the next series; numbers may be left out. */
  next: number;
}

export interface UsedSeries extends Series {
  uses: number;
}

export interface BatchLimits {
  /** The first round of the segment; Infinity while there is none. */
  originMs: number;
  /** How far from it the others may be. */
  spanMs: number;
}

export interface Batch {
  bytes: Uint8Array;
  /** How many of the records are done with; 0 means that they need a new segment. */
  taken: number;
  /** Those of them that are in `bytes`; the others are malformed or too big. */
  written: Written[];
  /** Keys that are new in the dictionary. */
  named: string[];
}

/** A record and where its frames begin in the batch: its own, and before it that of its names. */
export interface Written {
  record: StoreRecord;
  at: number;
  namesAt: number | null;
}

const ROUNDS_PER_NAMES = 64;
// A record takes some 20 µs.
const RECORDS_PER_LOOK = 4;

/**
 * Fills `target` with the first of the records, as many as fit; `dictionary` gains their names.
 * Meanwhile other work may put more behind the records, and must leave these where they are.
 */
export async function fillBatch(
  target: Uint8Array,
  records: readonly StoreRecord[],
  dictionary: Dictionary,
  limits: BatchLimits,
): Promise<Batch> {
  const slice = startSlice(RECORDS_PER_LOOK);
  const batch: Batch = { bytes: target, taken: 0, written: [], named: [] };
  let { originMs } = limits;
  let at = 0;
  for (const record of records) {
    if (slice.isOver()) await slice.next();
    if (record.t === 'round' && !Number.isFinite(originMs)) originMs = record.round.fromMs;
    if (!isWithin(record, originMs, limits.spanMs)) break;
    const end = putRecord(target, at, record, { dictionary, batch });
    if (end === null) break;
    batch.taken++;
    at = end;
  }
  batch.bytes = target.subarray(0, at);
  return batch;
}

/** Undoes what `fillBatch` did to the dictionary, for a batch that could not be written. */
export function forgetBatch(batch: Batch, dictionary: Dictionary): void {
  for (const key of batch.named) dictionary.names.delete(key);
}

export function namesKey({ family, target, host, ip, bootId }: Series | Round): string {
  return `${family} ${target} ${host} ${ip} ${bootId}`;
}

interface Filling {
  dictionary: Dictionary;
  batch: Batch;
}

function isWithin(record: StoreRecord, originMs: number, spanMs: number): boolean {
  return record.t === 'event' || !(Math.abs(record.round.fromMs - originMs) > spanMs);
}

// The end of what was put: `at` itself for what cannot be stored, null when there is no room.
function putRecord(
  target: Uint8Array,
  at: number,
  record: StoreRecord,
  filling: Filling,
): number | null {
  if (record.t === 'round') {
    return parseRound(record.round) === null ? at : putRound(target, at, record, filling);
  }
  const payload = parseEvent(record.event) === null ? null : encodeEvent(record.event);
  if (payload === null || payload.length > PAYLOAD_BYTES_MAX) return at;
  const end = putFrame(target, at, payload);
  if (end !== null) filling.batch.written.push({ record, at, namesAt: null });
  return end;
}

function putRound(
  target: Uint8Array,
  at: number,
  record: StoreRecord & { t: 'round' },
  { dictionary, batch }: Filling,
): number | null {
  const { round } = record;
  const key = namesKey(round);
  const series = dictionary.names.get(key) ?? newSeries(round, dictionary.next);
  const isNamed = series.uses % ROUNDS_PER_NAMES !== 0;
  const start = isNamed ? at : putFrame(target, at, encodeSeries(series));
  const end = start === null ? null : putFrame(target, start, encodeRound(round, series));
  if (start === null || end === null) return null;
  batch.written.push({ record, at: start, namesAt: isNamed ? null : at });
  series.uses++;
  if (series.index === dictionary.next) {
    dictionary.next++;
    dictionary.names.set(key, series);
    batch.named.push(key);
  }
  return end;
}

function newSeries(round: Round, index: number): UsedSeries {
  const { target, host, family, ip, bootId, fromMs } = round;
  return { index, target, host, family, ip, bootId, baseMs: fromMs, uses: 0 };
}
