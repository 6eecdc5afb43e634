import type { FileHandle } from 'node:fs/promises';
import type { ProbeEvent } from '../../core/round.ts';
import { encodeHeader, putFrame } from './segment.ts';
import {
  type Dictionary,
  fillBatch,
  forgetBatch,
  namesKey,
  type StoreRecord,
  type Written,
} from './segment-batch.ts';
import { encodeEvent, encodeMark } from './segment-record.ts';
import {
  addEventTo,
  addSpan,
  placesOf,
  type SegmentIndex,
  type SegmentScan,
  seriesKey,
} from './segment-scan.ts';

// Appends to the newest segment. What was written counts only once the whole batch is in the file:
// until then readers do not see it, and after a failed write the file is cut back to where it was.

const fs = process.getBuiltinModule('node:fs').promises;

export interface Segment {
  number: number;
  path: string;
  /** What readers may look at; behind it there may be a part of a batch. */
  bytes: number;
  /** Null until somebody has read it. */
  index: SegmentIndex | null;
}

/** The segment that is written, whose index is kept up to date. */
export interface OpenSegment extends Segment {
  index: SegmentIndex;
}

export interface SegmentLimits {
  bytesMax: number;
  /** How far a round of a segment may be from its first. */
  spanMs: number;
}

export interface Appended {
  /** How many of the records are done with; 0 when they need a new segment. */
  taken: number;
  /** Those of them that are in the file; the others cannot be stored. */
  written: readonly Written[];
  /** Shows them to readers: to be called in the same breath that gives them up as pending. */
  commit(): void;
}

const BATCH_BYTES = 65_536;
// Open events of earlier segments take at most this part of a new one.
const CARRIED_PART = 4;

export class SegmentWriter {
  readonly segment: OpenSegment;
  readonly #handle: FileHandle;
  readonly #limits: SegmentLimits;
  readonly #dictionary: Dictionary = { names: new Map(), next: 0 };
  #batch: Uint8Array | null = null;

  private constructor(segment: OpenSegment, handle: FileHandle, limits: SegmentLimits) {
    this.segment = segment;
    this.#handle = handle;
    this.#limits = limits;
  }

  /** Makes the file, on disk with its name, and repeats the open events in it. */
  static async create(
    segment: OpenSegment,
    limits: SegmentLimits,
    open: readonly ProbeEvent[],
  ): Promise<SegmentWriter> {
    const handle = await fs.open(segment.path, 'wx', 0o600);
    const { bytes, carried } = firstBytes(open, Math.floor(limits.bytesMax / CARRIED_PART));
    try {
      await writeAll(handle, bytes, 0);
      await handle.datasync();
      await syncDirectory(segment.path);
    } catch (error) {
      await handle.close().catch(() => undefined);
      await fs.rm(segment.path, { force: true }).catch(() => undefined);
      throw error;
    }
    segment.bytes = bytes.length;
    for (const event of carried) addEventTo(segment.index, event);
    return new SegmentWriter(segment, handle, limits);
  }

  /** Goes on behind the last intact frame of a segment, cutting off what is behind that. */
  static async resume(
    segment: OpenSegment,
    limits: SegmentLimits,
    scan: SegmentScan,
  ): Promise<SegmentWriter> {
    await fs.truncate(segment.path, scan.endBytes);
    const handle = await fs.open(segment.path, 'r+');
    segment.bytes = scan.endBytes;
    const writer = new SegmentWriter(segment, handle, limits);
    writer.#dictionary.next = scan.nextSeries;
    for (const series of scan.names.values()) {
      writer.#dictionary.names.set(namesKey(series), { ...series, uses: 1 });
    }
    return writer;
  }

  /** Writes the first of the records, up to a batch. Rejects with the error of the kernel. */
  async append(records: readonly StoreRecord[]): Promise<Appended> {
    const { segment } = this;
    this.#batch ??= new Uint8Array(BATCH_BYTES);
    const room = Math.max(0, this.#limits.bytesMax - segment.bytes);
    const limits = { originMs: segment.index.fromMs, spanMs: this.#limits.spanMs };
    const batch = await fillBatch(this.#batch.subarray(0, room), records, this.#dictionary, limits);
    try {
      await writeAll(this.#handle, batch.bytes, segment.bytes);
    } catch (error) {
      forgetBatch(batch, this.#dictionary);
      await this.#handle.truncate(segment.bytes).catch(() => undefined);
      throw error;
    }
    const { taken, written } = batch;
    const length = batch.bytes.length;
    return {
      taken,
      written,
      commit: () => commit(segment, length, written),
    };
  }

  /** False when somebody has removed the file: what is written then is lost. */
  async isThere(): Promise<boolean> {
    return (await this.#handle.stat()).nlink > 0;
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

// As many of the open events as may be carried, the newest first when there are too many.
function firstBytes(open: readonly ProbeEvent[], bytesMax: number) {
  const header = encodeHeader();
  const bytes = new Uint8Array(Math.max(bytesMax, 2 * header.length));
  bytes.set(header);
  const budget = bytes.subarray(0, bytes.length - header.length);
  let at = header.length;
  const carried: ProbeEvent[] = [];
  for (const event of open.toSorted((a, b) => b.fromMs - a.fromMs)) {
    const next = putFrame(budget, at, encodeEvent(event));
    if (next === null) break;
    at = next;
    carried.push(event);
  }
  const end = putFrame(bytes, at, encodeMark()) ?? at;
  return { bytes: bytes.subarray(0, end), carried };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw new Error('the kernel took no bytes');
    done += bytesWritten;
  }
}

// The name of a new file lasts only once its directory is on disk; not every file system can.
async function syncDirectory(path: string): Promise<void> {
  const handle = await fs.open(path.slice(0, path.lastIndexOf('/')), 'r');
  await handle.sync().catch(() => undefined);
  await handle.close();
}

function commit(segment: OpenSegment, bytes: number, written: readonly Written[]): void {
  for (const { record, at, namesAt } of written) {
    if (record.t === 'event') {
      addEventTo(segment.index, record.event);
      continue;
    }
    const { fromMs, untilMs, family, target } = record.round;
    const places = placesOf(segment.index, seriesKey(family, target));
    if (namesAt !== null) places.push(segment.bytes + namesAt);
    places.push(segment.bytes + at);
    addSpan(segment.index, fromMs, untilMs);
  }
  segment.bytes += bytes;
}
