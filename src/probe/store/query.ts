import { FAMILIES, type Family, type ProbeEvent, type Round } from '../../core/round.ts';
import { startSlice } from '../time-slice.ts';
import { type FrameCursor, verifyFrame } from './segment.ts';
import type { StoreRecord } from './segment-batch.ts';
import type { SegmentReader } from './segment-reader.ts';
import {
  decodeEvent,
  decodeRound,
  decodeSeries,
  peekRound,
  type RoundHead,
  type Series,
  TAG_EVENT,
  TAG_ROUND,
  TAG_SERIES,
} from './segment-record.ts';
import { eachFrame, eachPlace, payloadOf, type SegmentIndex, seriesKey } from './segment-scan.ts';

// Queries read segments in the order of their times and hand out rounds window by window (rounds
// that begin together), so that a caller that adds up needs no memory for all of them. Only frames
// that are wanted are verified and decoded. The index tells where those of one target are; without
// a target all frames are looked at, and verified too where the segment is known to be damaged,
// since the length of any of them may lead astray.

export interface StoreQuery {
  target?: string | undefined;
  family?: Family | undefined;
  /** Of rounds: those that begin in [sinceMs, untilMs). Of events: those that overlap it. */
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
}

/** What the store held when a query began. */
export interface StoreView {
  segments: readonly SegmentView[];
  pending: readonly StoreRecord[];
  reader: SegmentReader;
}

export interface SegmentView {
  path: string;
  bytes: number;
  index: SegmentIndex;
}

type Windows = Map<number, Round[]>;

interface Source {
  fromMs: number;
  load(windows: Windows): Promise<unknown>;
}

/** The rounds of the query in the order of `compareRounds`, those that begin together at a time. */
export async function* readWindows(view: StoreView, query: StoreQuery): AsyncGenerator<Round[]> {
  const sources = sourcesOf(view, query).sort((a, b) => a.fromMs - b.fromMs);
  const windows: Windows = new Map();
  const slice = startSlice();
  for (const [index, source] of sources.entries()) {
    await source.load(windows);
    const boundMs = sources[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
    const ready = [...windows.keys()].filter((fromMs) => fromMs < boundMs);
    for (const fromMs of ready.sort((a, b) => a - b)) {
      if (slice.isOver()) await slice.next();
      const rounds = windows.get(fromMs) ?? [];
      windows.delete(fromMs);
      yield rounds.sort(compareRounds);
    }
  }
}

/** By time, then by what tells the rounds of one time apart, wherever they are kept. */
export function compareRounds(a: RoundKey, b: RoundKey): number {
  return (
    a.fromMs - b.fromMs ||
    compareText(a.target, b.target) ||
    compareText(a.family, b.family) ||
    compareText(a.bootId, b.bootId) ||
    a.sequence - b.sequence
  );
}

export type RoundKey = Pick<Round, 'fromMs' | 'target' | 'family' | 'bootId' | 'sequence'>;

/** The last version of every event of the query, by the time it began. */
export async function readEvents(view: StoreView, query: StoreQuery): Promise<ProbeEvent[]> {
  const events = new Map<string, ProbeEvent>();
  for (const segment of view.segments) {
    if (segment.index.events === 0) continue;
    const isDamaged = segment.index.gaps > 0;
    await view.reader.use(segment, (bytes, length) =>
      eachFrame(bytes, length, (tag, cursor) => {
        if (!isDamaged || verifyFrame(cursor)) takeEvent(tag, cursor, events);
      }),
    );
  }
  for (const record of view.pending) {
    if (record.t === 'event') events.set(record.event.id, record.event);
  }
  return [...events.values()]
    .filter((event) => isEventWanted(event, query))
    .sort((a, b) => a.fromMs - b.fromMs || compareText(a.id, b.id));
}

function sourcesOf(view: StoreView, query: StoreQuery): Source[] {
  const sources: Source[] = [];
  for (const segment of view.segments) {
    if (!mayHold(segment.index, query)) continue;
    const load = (windows: Windows) =>
      view.reader.use(segment, (bytes, length) => {
        const scan = { query, windows, wanted: new Map<number, Series>() };
        return readSegment({ bytes, length }, segment.index, scan);
      });
    sources.push({ fromMs: segment.index.fromMs, load });
  }
  const pending = pendingRounds(view.pending, query);
  if (pending.length === 0) return sources;
  const fromMs = pending.reduce((least, round) => Math.min(least, round.fromMs), Infinity);
  const load = async (windows: Windows) => {
    for (const round of pending) addRound(windows, round);
  };
  return [...sources, { fromMs, load }];
}

async function readSegment(
  segment: { bytes: Uint8Array; length: number },
  index: SegmentIndex,
  scan: RoundScan,
): Promise<void> {
  const { target } = scan.query;
  if (target !== undefined) {
    for (const places of placesOfTarget(index, target, scan.query.family)) {
      await eachPlace(segment, places, (tag, cursor) => takeFrame(tag, cursor, scan));
    }
    return;
  }
  const isDamaged = index.gaps > 0;
  await eachFrame(segment.bytes, segment.length, (tag, cursor) => {
    if (!isDamaged || verifyFrame(cursor)) takeFrame(tag, cursor, scan);
  });
}

function placesOfTarget(
  index: SegmentIndex,
  target: string,
  family: Family | undefined,
): readonly number[][] {
  const families = family === undefined ? FAMILIES : [family];
  return families.flatMap((each) => {
    const places = index.places.get(seriesKey(each, target));
    return places === undefined ? [] : [places];
  });
}

function mayHold(index: SegmentIndex, { target, family, sinceMs, untilMs }: StoreQuery): boolean {
  if (untilMs !== undefined && index.fromMs >= untilMs) return false;
  if (sinceMs !== undefined && index.untilMs < sinceMs) return false;
  if (target === undefined) return index.fromMs < Infinity;
  return placesOfTarget(index, target, family).length > 0;
}

function pendingRounds(pending: readonly StoreRecord[], query: StoreQuery): Round[] {
  const rounds: Round[] = [];
  for (const record of pending) {
    if (record.t !== 'round') continue;
    const { round } = record;
    if (isSeriesWanted(round, query) && isTimeWanted(round.fromMs, query)) rounds.push(round);
  }
  return rounds;
}

const head: RoundHead = { series: 0, offsetMs: 0, spanMs: 0 };

interface RoundScan {
  query: StoreQuery;
  windows: Windows;
  /** The series of the query that were named so far. */
  wanted: Map<number, Series>;
}

function takeFrame(tag: number, cursor: FrameCursor, scan: RoundScan): void {
  if (tag === TAG_ROUND) takeRound(cursor, scan);
  else if (tag === TAG_SERIES) takeSeries(cursor, scan);
}

function takeSeries(cursor: FrameCursor, { query, wanted }: RoundScan): void {
  if (!verifyFrame(cursor)) return;
  const series = decodeSeries(payloadOf(cursor));
  if (series !== null && isSeriesWanted(series, query)) wanted.set(series.index, series);
}

function takeRound(cursor: FrameCursor, { query, windows, wanted }: RoundScan): void {
  peekRound(cursor.bytes, cursor.start, head);
  const series = wanted.get(head.series);
  if (series === undefined || !isTimeWanted(series.baseMs + head.offsetMs, query)) return;
  if (!verifyFrame(cursor)) return;
  const round = decodeRound(payloadOf(cursor), series);
  if (round !== null) addRound(windows, round);
}

function takeEvent(tag: number, cursor: FrameCursor, events: Map<string, ProbeEvent>): void {
  if (tag !== TAG_EVENT || !verifyFrame(cursor)) return;
  const event = decodeEvent(payloadOf(cursor));
  if (event !== null) events.set(event.id, event);
}

function addRound(windows: Windows, round: Round): void {
  const window = windows.get(round.fromMs);
  if (window === undefined) windows.set(round.fromMs, [round]);
  else window.push(round);
}

function isSeriesWanted(series: { target: string; family: Family }, query: StoreQuery): boolean {
  const { target, family } = query;
  return (
    (target === undefined || series.target === target) &&
    (family === undefined || series.family === family)
  );
}

function isTimeWanted(fromMs: number, { sinceMs, untilMs }: StoreQuery): boolean {
  return (
    !(sinceMs !== undefined && fromMs < sinceMs) && !(untilMs !== undefined && fromMs >= untilMs)
  );
}

function isEventWanted(event: ProbeEvent, query: StoreQuery): boolean {
  const { target, family, sinceMs = -Infinity, untilMs = Infinity } = query;
  return (
    (target === undefined || event.target === target) &&
    (family === undefined || event.family === family) &&
    event.fromMs < untilMs &&
    (event.untilMs ?? Infinity) >= sinceMs
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
