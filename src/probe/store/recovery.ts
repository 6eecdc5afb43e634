import { ProbeError } from '../../core/error.ts';
import type { ProbeEvent } from '../../core/round.ts';
import { HEADER_BYTES, SEGMENT_VERSION } from './segment.ts';
import type { SegmentReader } from './segment-reader.ts';
import { type SegmentScan, scanSegment } from './segment-scan.ts';
import type { OpenSegment, Segment } from './segment-writer.ts';

// What a new process makes of the files that an earlier one left. To go on measuring it needs the
// open events and the newest segment alone, since a segment begins with the events that were open
// then: the others are read when the start is over.

const fs = process.getBuiltinModule('node:fs').promises;

export interface Recovery {
  /** Oldest first. */
  segments: Segment[];
  /** Those among them without an index so far. */
  unread: Segment[];
  /** The newest, when it can be appended to. */
  newest: { segment: OpenSegment; scan: SegmentScan } | null;
  open: Map<string, ProbeEvent>;
  nextNumber: number;
  torn: number;
  faults: ProbeError[];
}

const NAME = /^([0-9]{8})\.seg$/;

export function segmentPath(directory: string, number: number): string {
  return `${directory}/${String(number).padStart(8, '0')}.seg`;
}

/** Makes the directory and closes it to others. */
export async function prepareDirectory(directory: string): Promise<void> {
  try {
    await fs.mkdir(directory, { recursive: true, mode: 0o700 });
    const { mode, uid } = await fs.stat(directory);
    if ((mode & 0o077) !== 0 && uid === process.geteuid?.()) await fs.chmod(directory, 0o700);
  } catch (cause) {
    throw storeError(`the directory ${directory} cannot be made`, cause);
  }
}

/** Lists the segments and reads the newest ones, back to one that holds every open event. */
export async function recover(directory: string, reader: SegmentReader): Promise<Recovery> {
  const recovery: Recovery = {
    segments: [],
    unread: [],
    newest: null,
    open: new Map(),
    nextNumber: 1,
    torn: 0,
    faults: [],
  };
  await listSegments(directory, recovery);
  recovery.unread = [...recovery.segments];
  const events: ProbeEvent[][] = [];
  for (let isKnown = false; !isKnown && recovery.unread.length > 0; ) {
    const segment = recovery.unread.at(-1) as Segment;
    const scan = await readIndex(segment, recovery, reader);
    if (scan === null) continue;
    events.unshift(scan.events);
    isKnown = scan.isMarked;
    const isNewest =
      segment === recovery.segments.at(-1) && segment.number + 1 === recovery.nextNumber;
    if (isNewest && scan.header.kind === 'whole' && scan.isMarked) {
      recovery.newest = { segment: Object.assign(segment, { index: scan.index }), scan };
    }
  }
  for (const event of events.flat()) followEvent(recovery.open, event);
  return recovery;
}

/**
 * Reads one of `unread` and takes it from there, and from `segments` when it is not ours to read:
 * then the answer is null.
 */
export async function readIndex(
  segment: Segment,
  recovery: Recovery,
  reader: SegmentReader,
): Promise<SegmentScan | null> {
  remove(recovery.unread, segment);
  const scan = await reader.use(segment, scanSegment);
  if (scan === null || scan.header.kind === 'newer' || scan.header.kind === 'short') {
    remove(recovery.segments, segment);
    if (scan !== null) await putAside(segment, scan, recovery);
    return null;
  }
  segment.index = scan.index;
  recovery.torn += scan.index.gaps;
  return scan;
}

/** Keeps `open` up to date: an event leaves it by its version with an end. */
export function followEvent(open: Map<string, ProbeEvent>, event: ProbeEvent): void {
  if (event.untilMs === null) open.set(event.id, event);
  else open.delete(event.id);
}

/** An error of the store, with what the kernel said. */
export function storeError(what: string, cause: unknown): ProbeError {
  if (cause instanceof ProbeError) return cause;
  const { code, syscall, message } = cause as NodeJS.ErrnoException;
  const detail = {
    ...(code === undefined ? {} : { errno: code }),
    ...(syscall === undefined ? {} : { syscall }),
  };
  return new ProbeError('ERR_STATE_IO', `${what} (${code ?? message})`, { cause, ...detail });
}

async function listSegments(directory: string, recovery: Recovery): Promise<void> {
  const names = (await fs.readdir(directory)).filter((name) => NAME.test(name)).sort();
  for (const name of names) {
    const path = `${directory}/${name}`;
    const number = Number(NAME.exec(name)?.[1]);
    const { size } = await fs.stat(path);
    recovery.segments.push({ number, path, bytes: size, index: null });
    recovery.nextNumber = number + 1;
  }
}

// A file that is shorter than its header was being made when its process died; one of a newer
// format belongs to a newer flint, which may come back.
async function putAside(segment: Segment, scan: SegmentScan, recovery: Recovery): Promise<void> {
  if (scan.header.kind === 'newer') {
    const what = `${segment.path} has format ${scan.header.version}`;
    const message = `${what}: this flint reads up to ${SEGMENT_VERSION} and leaves it alone`;
    recovery.faults.push(new ProbeError('ERR_STATE_IO', message));
    return;
  }
  if (segment.bytes > 0) recovery.torn++;
  if (segment.bytes < HEADER_BYTES) await fs.rm(segment.path, { force: true });
}

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
}
