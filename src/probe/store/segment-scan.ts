import type { ProbeEvent } from '../../core/round.ts';
import { startSlice } from '../time-slice.ts';
import {
  FRAME_HEADER_BYTES,
  type FrameCursor,
  HEADER_BYTES,
  type HeaderState,
  nextFrame,
  openFrames,
  readHeader,
  verifyFrame,
} from './segment.ts';
import {
  decodeEvent,
  decodeSeries,
  peekRound,
  peekTag,
  type RoundHead,
  type Series,
  TAG_EVENT,
  TAG_MARK,
  TAG_ROUND,
  TAG_SERIES,
} from './segment-record.ts';

// Reads a whole segment once, when the store is opened: every checksum, which times and series it
// holds, and where its last intact frame ends.

/** What a query must know of a segment to leave it out. */
export interface SegmentIndex {
  /** Of the rounds; Infinity and −Infinity while there are none. */
  fromMs: number;
  untilMs: number;
  /**
   * Where the frames of each (family, target) begin, those of its names and of its rounds, in the
   * order of the file; the keys are `seriesKey`'s. A page reads a day of a hundred series: without
   * this each of them would mean a walk over the frames of all.
   */
  places: Map<string, number[]>;
  events: number;
  /** The newest time of anything in it, by which it grows too old. */
  lastMs: number;
  /** Damaged regions. */
  gaps: number;
}

export interface NamedSeries extends Series {
  places: number[];
}

export interface SegmentScan {
  header: HeaderState;
  index: SegmentIndex;
  /** By their number within the segment. */
  names: Map<number, NamedSeries>;
  /** One more than any series number that occurs, be it named or only used. */
  nextSeries: number;
  /** All versions, in the order of the file. */
  events: ProbeEvent[];
  /** The open events of earlier segments are among `events`. */
  isMarked: boolean;
  /** Where the last intact frame ends. */
  endBytes: number;
}

// Looking at the clock costs as much as stepping over a few frames.
const FRAMES_PER_LOOK = 16;

export function emptyIndex(): SegmentIndex {
  return {
    fromMs: Number.POSITIVE_INFINITY,
    untilMs: Number.NEGATIVE_INFINITY,
    places: new Map(),
    events: 0,
    lastMs: Number.NEGATIVE_INFINITY,
    gaps: 0,
  };
}

/** The places of a series, which is made when it is new. */
export function placesOf(index: SegmentIndex, key: string): number[] {
  const known = index.places.get(key);
  if (known !== undefined) return known;
  const places: number[] = [];
  index.places.set(key, places);
  return places;
}

export function seriesKey(family: string, target: string): string {
  return `${family} ${target}`;
}

/** Notes a round in an index, its series apart. */
export function addSpan(index: SegmentIndex, fromMs: number, untilMs: number): void {
  if (fromMs < index.fromMs) index.fromMs = fromMs;
  if (untilMs > index.untilMs) index.untilMs = untilMs;
  if (untilMs > index.lastMs) index.lastMs = untilMs;
}

/** Notes an event in an index. */
export function addEventTo(index: SegmentIndex, event: ProbeEvent): void {
  index.events++;
  index.lastMs = Math.max(index.lastMs, event.untilMs ?? event.fromMs);
}

/** The first `length` of the bytes are the segment. */
export async function scanSegment(bytes: Uint8Array, length: number): Promise<SegmentScan> {
  const header = readHeader(bytes.subarray(0, length));
  const scan: SegmentScan = {
    header,
    index: emptyIndex(),
    names: new Map(),
    nextSeries: 0,
    events: [],
    isMarked: false,
    endBytes: Math.min(HEADER_BYTES, length),
  };
  if (header.kind === 'newer' || header.kind === 'short') return scan;
  const { gaps } = await eachFrame(bytes, length, (tag, cursor) => {
    if (!verifyFrame(cursor)) return;
    scan.endBytes = cursor.at;
    addFrame(scan, tag, cursor);
  });
  scan.index.gaps = gaps + (header.kind === 'damaged' ? 1 : 0);
  return scan;
}

/** Shows the frames that begin at the places, unverified, as `eachFrame` does. */
export async function eachPlace(
  { bytes, length }: { bytes: Uint8Array; length: number },
  places: readonly number[],
  visit: (tag: number, cursor: FrameCursor) => void,
): Promise<void> {
  const slice = startSlice(FRAMES_PER_LOOK);
  const cursor = openFrames(bytes, length);
  for (const place of places) {
    if (slice.isOver()) await slice.next();
    cursor.at = place;
    const isThere = nextFrame(cursor) && cursor.start === place + FRAME_HEADER_BYTES;
    if (isThere) visit(peekTag(bytes, cursor.start), cursor);
  }
}

/** Shows each frame, unverified, with its tag, and gives way to the event loop in between. */
export async function eachFrame(
  bytes: Uint8Array,
  length: number,
  visit: (tag: number, cursor: FrameCursor) => void,
): Promise<FrameCursor> {
  const slice = startSlice(FRAMES_PER_LOOK);
  const cursor = openFrames(bytes, length);
  while (nextFrame(cursor)) {
    if (slice.isOver()) await slice.next();
    visit(peekTag(bytes, cursor.start), cursor);
  }
  return cursor;
}

export function payloadOf({ bytes, start, length }: FrameCursor): Uint8Array {
  return bytes.subarray(start, start + length);
}

function addFrame(scan: SegmentScan, tag: number, cursor: FrameCursor): void {
  if (tag === TAG_ROUND) addRound(scan, cursor);
  else if (tag === TAG_SERIES) addSeries(scan, cursor);
  else if (tag === TAG_EVENT) addEvent(scan, payloadOf(cursor));
  else if (tag === TAG_MARK) scan.isMarked = true;
}

const head: RoundHead = { series: 0, offsetMs: 0, spanMs: 0 };

function addRound(scan: SegmentScan, { bytes, start }: FrameCursor): void {
  peekRound(bytes, start, head);
  if (!Number.isSafeInteger(head.series)) return;
  scan.nextSeries = Math.max(scan.nextSeries, head.series + 1);
  const names = scan.names.get(head.series);
  if (names === undefined) return;
  names.places.push(start - FRAME_HEADER_BYTES);
  const fromMs = names.baseMs + head.offsetMs;
  addSpan(scan.index, fromMs, fromMs + head.spanMs);
}

function addSeries(scan: SegmentScan, cursor: FrameCursor): void {
  const names = decodeSeries(payloadOf(cursor));
  if (names === null) return;
  const places = placesOf(scan.index, seriesKey(names.family, names.target));
  places.push(cursor.start - FRAME_HEADER_BYTES);
  scan.names.set(names.index, { ...names, places });
  scan.nextSeries = Math.max(scan.nextSeries, names.index + 1);
}

function addEvent(scan: SegmentScan, payload: Uint8Array): void {
  const event = decodeEvent(payload);
  if (event === null) return;
  addEventTo(scan.index, event);
  scan.events.push(event);
}
