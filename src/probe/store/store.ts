import type { ProbeError } from '../../core/error.ts';
import type { ProbeEvent, Round } from '../../core/round.ts';
import { type DirectoryLock, lockIfWritable } from '../../host/lock.ts';
import { Journal, type JournalOptions } from './journal.ts';
import { type PageQuery, type RoundPage, readPage } from './page.ts';
import { readEvents, readWindows, type StoreQuery, type StoreView } from './query.ts';
import { prepareDirectory, type Recovery, readIndex, recover, storeError } from './recovery.ts';
import { openSegmentReader, type SegmentReader } from './segment-reader.ts';
import { inWholeNanoseconds } from './segment-record.ts';

// The rounds and events of the last hours or days, in a directory of segments (segment.ts has their
// bytes, segment-record.ts what is in them). Bounded by age and by bytes; the oldest segment goes
// first. What is appended is on disk a minute later, or when `flush` resolves, and can be queried
// at once. A crash costs what was not flushed, damage costs the records that it hits.

export type { PageQuery, RoundPage } from './page.ts';
export type { StoreQuery } from './query.ts';

export interface StoreOptions extends JournalOptions {
  /** Older segments are removed. */
  keepMs: number;
  /** What all segments may take on disk. */
  bytesMax: number;
  /** Unix milliseconds; when the clock is wrong, so is what is too old. */
  nowMs: () => number;
}

export interface RoundsQuery extends StoreQuery {
  /** The first so many; `ROUNDS_MAX` when not given. */
  limit?: number | undefined;
}

export interface StoreStats {
  bytes: number;
  /** Where the oldest round begins; null while there is none. */
  oldestMs: number | null;
  /** Failed writes, reads and refused records. */
  errors: number;
  lastError: string | null;
  /** Damaged places that were found when the store was opened, torn tails among them. */
  torn: number;
}

/** More rounds than this are read by `each` or by pages. */
export const ROUNDS_MAX = 100_000;

const LOCK_WORDS = { what: 'the store', advice: 'stop that one, or choose another directory' };
const FLUSH_MS = 60_000;

/**
 * Opens the store of a directory, which is made when it is missing. Rejects with ERR_STATE_IO when
 * another process has it open or the directory cannot be used; one that takes no writes can, and
 * its errors are counted.
 */
export async function openStore(directory: string, options: StoreOptions): Promise<RoundStore> {
  await prepareDirectory(directory);
  const faults: ProbeError[] = [];
  const lock = await lockIfWritable(directory, LOCK_WORDS, (error) => void faults.push(error));
  try {
    return await RoundStore.open(directory, options, { lock, faults });
  } catch (error) {
    await lock.release();
    throw storeError(`the store ${directory} cannot be opened`, error);
  }
}

export class RoundStore {
  readonly #journal: Journal;
  readonly #recovery: Recovery;
  readonly #reader: SegmentReader;
  readonly #lock: DirectoryLock;
  readonly #timer: NodeJS.Timeout;
  readonly #indexed: Promise<void>;
  #closed: Promise<void> | null = null;

  private constructor(
    journal: Journal,
    recovery: Recovery,
    reader: SegmentReader,
    lock: DirectoryLock,
  ) {
    this.#journal = journal;
    this.#recovery = recovery;
    this.#reader = reader;
    this.#lock = lock;
    this.#timer = setInterval(() => void journal.flush(), FLUSH_MS).unref();
    this.#indexed = this.#readIndexes();
  }

  static async open(
    directory: string,
    options: StoreOptions,
    { lock, faults: given }: { lock: DirectoryLock; faults: readonly unknown[] },
  ): Promise<RoundStore> {
    const faults: unknown[] = [...given];
    let onError = (error: unknown): void => void faults.push(error);
    const reader = openSegmentReader((error) => onError(error));
    const recovery = await recover(directory, reader);
    const journal = new Journal(directory, options, recovery);
    onError = (error) => journal.note(storeError('a segment cannot be read', error));
    faults.forEach(onError);
    await journal.resume(recovery);
    return new RoundStore(journal, recovery, reader, lock);
  }

  /** The round must not change afterwards. Its figures are kept to whole nanoseconds. */
  appendRound(round: Round): void {
    if (this.#closed !== null) return;
    this.#journal.append({ t: 'round', round: inWholeNanoseconds(round) });
  }

  /** A version of an event; the last one of an id holds. */
  appendEvent(event: ProbeEvent): void {
    if (this.#closed === null) this.#journal.append({ t: 'event', event });
  }

  /** The first rounds of the query, by time, then target, then family. */
  async rounds(query: RoundsQuery): Promise<Round[]> {
    const { limit = ROUNDS_MAX, ...rest } = query;
    return (await this.page({ ...rest, limit })).rounds;
  }

  /** Calls `visit` with every round of the query in order, keeping none of them. */
  async each(query: StoreQuery, visit: (round: Round) => void): Promise<void> {
    for await (const window of readWindows(await this.#view(), query)) window.forEach(visit);
  }

  /** Rejects with ERR_USAGE when the cursor is none of ours. */
  async page(query: PageQuery): Promise<RoundPage> {
    return readPage(await this.#view(), query);
  }

  /** The last versions of the events that overlap the query, by the time they began. */
  async events(query: StoreQuery): Promise<ProbeEvent[]> {
    return readEvents(await this.#view(), query);
  }

  /** Those that have not ended, also from before this process. */
  openEvents(): ProbeEvent[] {
    return [...this.#journal.open.values()];
  }

  stats(): StoreStats {
    const { segments, pending, errors, lastError } = this.#journal;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const { index } of segments) oldestMs = Math.min(oldestMs, index?.fromMs ?? oldestMs);
    for (const record of pending) {
      if (record.t === 'round') oldestMs = Math.min(oldestMs, record.round.fromMs);
    }
    return {
      bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
      oldestMs: Number.isFinite(oldestMs) ? oldestMs : null,
      errors,
      lastError,
      torn: this.#recovery.torn,
    };
  }

  /** Resolves when all that was appended before is on disk; rejects when it cannot be. */
  async flush(): Promise<void> {
    const failure = await this.#journal.flush();
    if (failure !== null) throw failure;
  }

  /** Flushes and gives the directory free. Never rejects: what could not be written is counted. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#indexed;
    await this.#journal.close();
    await this.#lock.release().catch(() => undefined);
  }

  // Behind the start, so that a full store does not hold up the first measurement.
  async #readIndexes(): Promise<void> {
    const { unread } = this.#recovery;
    for (let segment = unread.at(-1); segment && this.#closed === null; segment = unread.at(-1)) {
      await readIndex(segment, this.#recovery, this.#reader);
      for (const fault of this.#recovery.faults.splice(0)) this.#journal.note(fault);
    }
    if (this.#closed === null) await this.#journal.expire();
  }

  async #view(): Promise<StoreView> {
    await this.#indexed;
    const { segments, pending } = this.#journal;
    return {
      segments: segments.flatMap(({ path, bytes, index }) =>
        index ? [{ path, bytes, index }] : [],
      ),
      pending: [...pending],
      reader: this.#reader,
    };
  }
}
