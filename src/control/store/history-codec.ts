// Rounds of one report as one blob: MessagePack, in which each text stands once and durations are
// whole nanoseconds. A third of the size of JSON.
//
//   [1, [text…], [[target, family, ip, fromMs, lastedMs, flags, sent, received, lost, discarded,
//                  jitterNs, …nine figures of the RTT] …]]
//
// `target` and `ip` are indices of texts, `flags` has 1 synced, 2 loaded, 4 exact; a jitter that is
// unknown is -1, and without an RTT its figures are missing.

import { decode, encode } from '../../core/codec.ts';
import type { ReportedRound } from '../../core/report.ts';
import { FAMILIES, RTT_FIGURES, type RttFigures } from '../../core/round.ts';

const VERSION = 1;
const SYNCED = 1;
const LOADED = 2;
const EXACT = 4;

export function encodeRounds(rounds: readonly ReportedRound[]): Buffer {
  const texts = new Map<string, number>();
  const rows = rounds.map((round) => rowOf(round, texts));
  // The encoder's bytes are of a pool: SQLite must not read what comes after.
  return Buffer.from(encode([VERSION, [...texts.keys()], rows]));
}

/** What is asked of a round before it is unpacked: most of a report are not wanted. */
export interface Wanted {
  /** Those that touch this span, ends included. */
  sinceMs: number;
  untilMs: number;
  /** All without. */
  targets?: ReadonlySet<string>;
}

/**
 * `seen` counts those that were not wanted, too. Null when the bytes are no rounds of this version:
 * a damaged row costs itself.
 */
export function decodeRounds(
  bytes: Uint8Array,
  wanted?: Wanted,
): { rounds: ReportedRound[]; seen: number } | null {
  try {
    const [version, texts, rows] = decode(bytes) as [number, string[], number[][]];
    if (version !== VERSION) return null;
    const chosen = wanted === undefined ? rows : rows.filter((row) => isWanted(row, texts, wanted));
    return { rounds: chosen.map((row) => roundOf(row, texts)), seen: rows.length };
  } catch {
    return null;
  }
}

function isWanted(
  [target, , , fromMs = 0, lastedMs = 0]: readonly number[],
  texts: readonly string[],
  { sinceMs, untilMs, targets }: Wanted,
): boolean {
  if (fromMs > untilMs || fromMs + lastedMs < sinceMs) return false;
  return targets === undefined || targets.has(textOf(texts, target));
}

function rowOf(round: ReportedRound, texts: Map<string, number>): number[] {
  const { fromMs, untilMs, sent, received, lost, discarded, rttNs, jitterNs } = round;
  const flags =
    (round.clock === 'synced' ? SYNCED : 0) |
    (round.loaded ? LOADED : 0) |
    (round.exact ? EXACT : 0);
  const target = indexOf(texts, round.target);
  const ip = indexOf(texts, round.ip);
  const jitter = jitterNs === null ? -1 : Math.round(jitterNs);
  const figures = rttNs === null ? [] : RTT_FIGURES.map((name) => Math.round(rttNs[name]));
  return [
    ...[target, FAMILIES.indexOf(round.family), ip, fromMs, untilMs - fromMs, flags],
    ...[sent, received, lost, discarded, jitter, ...figures],
  ];
}

function indexOf(texts: Map<string, number>, text: string): number {
  const known = texts.get(text);
  if (known !== undefined) return known;
  texts.set(text, texts.size);
  return texts.size - 1;
}

function roundOf(row: readonly number[], texts: readonly string[]): ReportedRound {
  const [target, family, ip, fromMs, lastedMs, flags, ...counts] = row.map(toNumber);
  const [sent = 0, received = 0, lost = 0, discarded = 0, jitter = -1, ...figures] = counts;
  return {
    target: textOf(texts, target),
    family: FAMILIES[family ?? 0] ?? 'v4',
    ip: textOf(texts, ip),
    fromMs: fromMs ?? 0,
    untilMs: (fromMs ?? 0) + (lastedMs ?? 0),
    clock: ((flags ?? 0) & SYNCED) === 0 ? 'unsynced' : 'synced',
    loaded: ((flags ?? 0) & LOADED) !== 0,
    ...{ sent, received, lost, discarded },
    exact: ((flags ?? 0) & EXACT) !== 0,
    rttNs: figures.length === RTT_FIGURES.length ? rttOf(figures) : null,
    jitterNs: jitter < 0 ? null : jitter,
  };
}

function rttOf([min = 0, p10 = 0, p25 = 0, median = 0, ...rest]: number[]): RttFigures {
  const [p75 = 0, p90 = 0, max = 0, mean = 0, stddev = 0] = rest;
  return { min, p10, p25, median, p75, p90, max, mean, stddev };
}

function toNumber(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error('no number');
  return value;
}

function textOf(texts: readonly string[], index: number | undefined): string {
  const text = texts[index ?? -1];
  if (typeof text !== 'string') throw new Error('no such text');
  return text;
}
