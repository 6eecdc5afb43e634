import { decode, encode } from '../../core/codec.ts';
import {
  FAMILIES,
  type Family,
  type ProbeEvent,
  type Round,
  RTT_FIGURES,
  type RttFigures,
} from '../../core/round.ts';
import { parseEvent, parseRound } from '../../core/round-schema.ts';

// The payloads of a segment of version 1: MessagePack arrays whose first element is a tag.
//
//   [0, series, target, host, family, ip, bootId, baseMs]   names that rounds refer to by `series`
//   [1, series, sequence, fromMs − baseMs, untilMs − fromMs, flags,
//    sent, received, lost, discarded, late, duplicates, reordered, skipped, lossBurstMax,
//    kernel, mixed, user, hardware, sendErrors or 0, localQueueNs, jitterNs, jitterRfc3550Ns,
//    then, when something came back: min, p10, p25, median, p75, p90, max, mean, stddev]
//   [2, event]        a version of an event; the last one of an id holds
//   [3]               the open events of earlier segments have been repeated before this mark
//
// flags: 1 synced, 2 loaded, 4 exact, 8 each figure from p10 to max is the difference to the one
// before. Names once a segment and differences make a round some 85 bytes instead of 600.

export const TAG_SERIES = 0;
export const TAG_ROUND = 1;
export const TAG_EVENT = 2;
export const TAG_MARK = 3;

export interface Series {
  index: number;
  target: string;
  host: string;
  family: Family;
  ip: string;
  bootId: string;
  /** What the times of its rounds are counted from. */
  baseMs: number;
}

/** The head of a round, read without decoding the rest; NaN is what could not be read. */
export interface RoundHead {
  series: number;
  offsetMs: number;
  spanMs: number;
}

const SYNCED = 1;
const LOADED = 2;
const EXACT = 4;
const DIFFERENCES = 8;
const FIGURES_AT = 23;
const ORDERED_FIGURES = 7;

export function encodeSeries(series: Series): Uint8Array {
  const { index, target, host, family, ip, bootId, baseMs } = series;
  return encode([TAG_SERIES, index, target, host, family, ip, bootId, baseMs]);
}

export function encodeRound(round: Round, series: Series): Uint8Array {
  const { fromMs, untilMs, quality } = round;
  const figures = encodeFigures(round);
  const flags =
    (round.clock === 'synced' ? SYNCED : 0) |
    (round.loaded ? LOADED : 0) |
    (round.exact ? EXACT : 0) |
    (figures.isDifferences ? DIFFERENCES : 0);
  return encode([
    TAG_ROUND,
    series.index,
    round.sequence,
    fromMs - series.baseMs,
    untilMs - fromMs,
    flags,
    round.sent,
    round.received,
    round.lost,
    round.discarded,
    round.late,
    round.duplicates,
    round.reordered,
    round.skipped,
    round.lossBurstMax,
    quality.kernel,
    quality.mixed,
    quality.user,
    quality.hardware,
    Object.keys(round.sendErrors).length === 0 ? 0 : round.sendErrors,
    round.localQueueNs,
    round.jitterNs,
    round.jitterRfc3550Ns,
    ...figures.values,
  ]);
}

export function encodeEvent(event: ProbeEvent): Uint8Array {
  return encode([TAG_EVENT, event]);
}

export function encodeMark(): Uint8Array {
  return encode([TAG_MARK]);
}

/**
 * The round without fractions of nanoseconds: no stamp is that fine, and figures would take twice
 * their bytes for it.
 */
export function inWholeNanoseconds(round: Round): Round {
  const { rttNs, jitterNs, jitterRfc3550Ns, localQueueNs } = round;
  return {
    ...round,
    rttNs: rttNs && roundFigures(rttNs),
    jitterNs: jitterNs && Math.round(jitterNs),
    jitterRfc3550Ns: jitterRfc3550Ns && Math.round(jitterRfc3550Ns),
    localQueueNs: localQueueNs && Math.round(localQueueNs),
  };
}

/** The tag of a payload, or −1 when it is none of ours. */
export function peekTag(bytes: Uint8Array, start: number): number {
  const tag = bytes[tagAt(bytes, start)] as number;
  return tag <= TAG_MARK ? tag : -1;
}

/** Reads the head of a round into `head`; the payload lies within `bytes`. */
export function peekRound(bytes: Uint8Array, start: number, head: RoundHead): void {
  number.at = tagAt(bytes, start) + 1;
  head.series = takeNumber(bytes);
  takeNumber(bytes);
  head.offsetMs = takeNumber(bytes);
  head.spanMs = takeNumber(bytes);
}

export function decodeSeries(payload: Uint8Array): Series | null {
  const values = decodeArray(payload);
  const [tag, index, target, host, family, ip, bootId, baseMs] = values;
  const isSeries =
    tag === TAG_SERIES &&
    Number.isSafeInteger(index) &&
    Number.isSafeInteger(baseMs) &&
    [target, host, ip, bootId].every((text) => typeof text === 'string') &&
    FAMILIES.includes(family as Family);
  if (!isSeries) return null;
  return { index, target, host, family, ip, bootId, baseMs } as Series;
}

export function decodeRound(payload: Uint8Array, series: Series): Round | null {
  const values = decodeArray(payload) as number[];
  const flags = Number(values[5]);
  const fromMs = series.baseMs + Number(values[3]);
  const sendErrors: unknown = values[19];
  return parseRound({
    kind: 'smokeping',
    target: series.target,
    host: series.host,
    family: series.family,
    ip: series.ip,
    bootId: series.bootId,
    sequence: values[2],
    fromMs,
    untilMs: fromMs + Number(values[4]),
    clock: flags & SYNCED ? 'synced' : 'unsynced',
    loaded: (flags & LOADED) !== 0,
    sent: values[6],
    received: values[7],
    lost: values[8],
    discarded: values[9],
    late: values[10],
    duplicates: values[11],
    reordered: values[12],
    skipped: values[13],
    sendErrors: sendErrors === 0 ? {} : sendErrors,
    rttNs: decodeFigures(values, (flags & DIFFERENCES) !== 0),
    exact: (flags & EXACT) !== 0,
    jitterNs: values[21],
    jitterRfc3550Ns: values[22],
    lossBurstMax: values[14],
    quality: { kernel: values[15], mixed: values[16], user: values[17], hardware: values[18] },
    localQueueNs: values[20],
  });
}

export function decodeEvent(payload: Uint8Array): ProbeEvent | null {
  const [tag, event] = decodeArray(payload);
  return tag === TAG_EVENT ? parseEvent(event) : null;
}

function roundFigures(rtt: RttFigures): RttFigures {
  const whole = { ...rtt };
  for (const key of RTT_FIGURES) whole[key] = Math.round(whole[key]);
  return whole;
}

// Differences are exact for whole numbers alone; other figures are stored as they are.
function encodeFigures({ rttNs }: Round): { values: number[]; isDifferences: boolean } {
  if (rttNs === null) return { values: [], isDifferences: false };
  const { min, p10, p25, median, p75, p90, max, mean, stddev } = rttNs;
  const ordered = [min, p10, p25, median, p75, p90, max];
  const isDifferences = ordered.every(Number.isSafeInteger);
  const values = isDifferences
    ? ordered.map((value, index) => value - (ordered[index - 1] ?? 0))
    : ordered;
  return { values: [...values, mean, stddev], isDifferences };
}

function decodeFigures(values: readonly number[], isDifferences: boolean): object | null {
  if (values.length <= FIGURES_AT) return null;
  const figures = values.slice(FIGURES_AT);
  for (let index = 1; isDifferences && index < ORDERED_FIGURES; index++) {
    figures[index] = (figures[index] as number) + (figures[index - 1] as number);
  }
  const [min, p10, p25, median, p75, p90, max, mean, stddev] = figures;
  return { min, p10, p25, median, p75, p90, max, mean, stddev };
}

function decodeArray(payload: Uint8Array): unknown[] {
  try {
    const values = decode(payload);
    return Array.isArray(values) ? values : [];
  } catch {
    return [];
  }
}

function tagAt(bytes: Uint8Array, start: number): number {
  return bytes[start] === 0xdc ? start + 3 : start + 1;
}

// Where the number that is read next begins: one place for all, so that a scan allocates nothing.
const number = { at: 0 };

// The integers that MessagePack writes in up to 32 bits; NaN for anything else.
function takeNumber(bytes: Uint8Array): number {
  const first = bytes[number.at++] ?? 0xc0;
  if (first < 0x80) return first;
  if (first >= 0xe0) return first - 0x100;
  if (first >= 0xcc && first <= 0xce) return takeUnsigned(bytes, 1 << (first - 0xcc));
  if (first < 0xd0 || first > 0xd2) return Number.NaN;
  const width = 1 << (first - 0xd0);
  const value = takeUnsigned(bytes, width);
  return value < 2 ** (8 * width - 1) ? value : value - 2 ** (8 * width);
}

function takeUnsigned(bytes: Uint8Array, width: number): number {
  let value = 0;
  for (const end = number.at + width; number.at < end; number.at++) {
    value = value * 256 + (bytes[number.at] ?? Number.NaN);
  }
  return value;
}
