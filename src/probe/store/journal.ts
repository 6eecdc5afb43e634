import { ProbeError } from '../../core/error.ts';
import type { ProbeEvent } from '../../core/round.ts';
import { followEvent, type Recovery, segmentPath, storeError } from './recovery.ts';
import type { StoreRecord } from './segment-batch.ts';
import { emptyIndex } from './segment-scan.ts';
import { type Segment, type SegmentLimits, SegmentWriter } from './segment-writer.ts';

// The writing side of the store. Records wait in memory until a flush; one flush runs at a time,
// and between its batches the event loop has its turn. When the disk is full the oldest segments
// go, and when nothing helps the oldest waiting records: measuring never waits for a disk.

const fs = process.getBuiltinModule('node:fs').promises;

export interface JournalOptions {
  keepMs: number;
  bytesMax: number;
  nowMs: () => number;
}

const SEGMENT_BYTES_MAX = 1_048_576;
const SEGMENT_BYTES_MIN = 65_536;
/** So many segments are there at least when the store is full or its oldest grows too old. */
const SEGMENTS_BY_BYTES = 4;
const SEGMENTS_BY_TIME = 16;
/** Some 64 KiB on disk. */
const FLUSH_RECORDS = 640;
/** Some 16 MiB in memory, when the disk takes nothing. */
const PENDING_MAX = 16_384;
const DROPS_MAX = 8;

export class Journal {
  /** Oldest first; the last may be the one that is written. */
  readonly segments: Segment[];
  /** Records that are on no segment yet, in the order in which they came. */
  readonly pending: StoreRecord[] = [];
  readonly open: Map<string, ProbeEvent>;
  /** The open events as the segments have them: `open` may be ahead by what is pending. */
  readonly #stored: Map<string, ProbeEvent>;
  errors = 0;
  lastError: string | null = null;
  readonly #directory: string;
  readonly #options: JournalOptions;
  readonly #limits: SegmentLimits;
  #nextNumber: number;
  #writer: SegmentWriter | null = null;
  #failure: ProbeError | null = null;
  #flushes = 0;
  #flushed: Promise<ProbeError | null> = Promise.resolve(null);

  constructor(directory: string, options: JournalOptions, recovery: Recovery) {
    this.#directory = directory;
    this.#options = options;
    this.#limits = toLimits(options);
    this.segments = recovery.segments;
    this.open = recovery.open;
    this.#stored = new Map(recovery.open);
    this.#nextNumber = recovery.nextNumber;
    for (const fault of recovery.faults.splice(0)) this.note(fault);
  }

  /** Goes on with the segment that the last process wrote to. */
  async resume({ newest }: Recovery): Promise<void> {
    if (newest === null || newest.segment.bytes >= this.#limits.bytesMax) return;
    try {
      this.#writer = await SegmentWriter.resume(newest.segment, this.#limits, newest.scan);
    } catch (error) {
      this.note(storeError(`${newest.segment.path} cannot be written to`, error));
    }
  }

  append(record: StoreRecord): void {
    if (this.pending.length >= PENDING_MAX) {
      const message = `${PENDING_MAX} records wait to be stored: one is lost`;
      this.note(new ProbeError('ERR_STATE_IO', message));
      if (this.#flushes > 0) return;
      this.pending.shift();
    }
    this.pending.push(record);
    if (record.t === 'event') followEvent(this.open, record.event);
    const isDue = this.pending.length >= FLUSH_RECORDS;
    if (isDue && this.#flushes === 0 && this.#failure === null) void this.flush();
  }

  /** Brings all that was appended before to disk; the answer says why when it could not. */
  flush(): Promise<ProbeError | null> {
    this.#flushes++;
    this.#flushed = this.#flushed.then(async () => {
      this.#failure = await this.#drain();
      this.#flushes--;
      return this.#failure;
    });
    return this.#flushed;
  }

  async close(): Promise<ProbeError | null> {
    const failure = await this.flush();
    await this.#endSegment();
    return failure;
  }

  /** Counts an error of the disk, which nobody waits for. */
  note(error: ProbeError): void {
    this.errors++;
    this.lastError = error.message;
  }

  /** Removes what is older than the bound, by whole segments. */
  async expire(): Promise<void> {
    const beforeMs = this.#options.nowMs() - this.#options.keepMs;
    for (const segment of [...this.segments]) {
      const isOld = segment.index !== null && segment.index.lastMs < beforeMs;
      if (isOld && segment !== this.#writer?.segment) await this.#drop(segment);
    }
  }

  async #drain(): Promise<ProbeError | null> {
    let failure: ProbeError | null = null;
    await this.#leaveRemoved();
    for (let drops = 0; this.pending.length > 0 && failure === null; ) {
      try {
        await this.#writeBatch();
      } catch (error) {
        failure = storeError(`${this.#directory} cannot be written to`, error);
        this.note(failure);
        if (!isFull(failure)) await this.#endSegment();
        else if (drops++ < DROPS_MAX && (await this.#dropOldest())) failure = null;
      }
    }
    failure ??= await this.#sync();
    await this.expire();
    return failure;
  }

  async #leaveRemoved(): Promise<void> {
    const writer = this.#writer;
    if (writer === null || this.pending.length === 0) return;
    if (await writer.isThere().catch(() => true)) return;
    this.note(new ProbeError('ERR_STATE_IO', `${writer.segment.path} was removed by another`));
    await this.#endSegment();
    await this.#drop(writer.segment);
  }

  async #writeBatch(): Promise<void> {
    const isFresh = this.#writer === null;
    this.#writer ??= await this.#beginSegment();
    const { taken, written, commit } = await this.#writer.append(this.pending);
    if (taken === 0 && !isFresh) return this.#endSegment();
    // What does not even fit into a fresh segment must not keep the others waiting for ever.
    const done = Math.max(1, taken);
    const lost = done - written.length;
    commit();
    this.pending.splice(0, done);
    for (const { record } of written) {
      if (record.t === 'event') followEvent(this.#stored, record.event);
    }
    if (lost === 0) return;
    const message = `${lost} records were not stored: they are malformed or too big`;
    this.note(new ProbeError('ERR_LIMIT_EXCEEDED', message));
  }

  async #beginSegment(): Promise<SegmentWriter> {
    const { bytesMax } = this.#limits;
    while (this.#bytes() + bytesMax > this.#options.bytesMax && (await this.#dropOldest())) {}
    const number = this.#nextNumber++;
    const path = segmentPath(this.#directory, number);
    const segment = { number, path, bytes: 0, index: emptyIndex() };
    const writer = await SegmentWriter.create(segment, this.#limits, [...this.#stored.values()]);
    this.segments.push(segment);
    return writer;
  }

  async #endSegment(): Promise<void> {
    await this.#sync();
    const writer = this.#writer;
    this.#writer = null;
    await writer?.close().catch((error) => this.note(storeError(writer.segment.path, error)));
  }

  async #sync(): Promise<ProbeError | null> {
    try {
      await this.#writer?.sync();
      return null;
    } catch (error) {
      const failure = storeError(`${this.#writer?.segment.path} cannot be synced`, error);
      this.note(failure);
      return failure;
    }
  }

  /** False when there is none but the segment that is written. */
  async #dropOldest(): Promise<boolean> {
    const oldest = this.segments[0];
    if (oldest === undefined || oldest === this.#writer?.segment) return false;
    return this.#drop(oldest);
  }

  async #drop(segment: Segment): Promise<boolean> {
    try {
      await fs.rm(segment.path, { force: true });
    } catch (error) {
      this.note(storeError(`${segment.path} cannot be removed`, error));
      return false;
    }
    const at = this.segments.indexOf(segment);
    if (at >= 0) this.segments.splice(at, 1);
    return true;
  }

  #bytes(): number {
    return this.segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

function toLimits({ bytesMax, keepMs }: JournalOptions): SegmentLimits {
  const share = Math.floor(bytesMax / SEGMENTS_BY_BYTES);
  return {
    bytesMax: Math.max(SEGMENT_BYTES_MIN, Math.min(SEGMENT_BYTES_MAX, share)),
    spanMs: keepMs / SEGMENTS_BY_TIME,
  };
}

function isFull({ errno }: ProbeError): boolean {
  return errno === 'ENOSPC' || errno === 'EDQUOT';
}
