import * as v from 'valibot';
import { wholeNumber } from '../../core/config-value.ts';
import { TIME_MS } from '../../core/wire.ts';
import { readWhole, removeWhole, writeWhole } from '../../host/file.ts';
import { MARKS_MAX, type QueueMarks } from './queue-age.ts';

const fs = process.getBuiltinModule('node:fs');

// The marks of the queue, kept over a restart of ours: a queue of days does not become young by it.

const COUNT = wholeNumber(0, Number.MAX_SAFE_INTEGER);
const KEPT = v.object({
  schema: v.literal(1),
  startedS: v.pipe(v.number(), v.finite()),
  writtenBytes: COUNT,
  accepted: COUNT,
  totalBytes: COUNT,
  marks: v.pipe(
    v.array(v.object({ totalBytes: v.pipe(v.number(), v.integer()), timeMs: TIME_MS })),
    v.minLength(1),
    v.maxLength(MARKS_MAX + 1),
  ),
});
const FILE_BYTES_MAX = 65_536;

/** Null when there are none, or none that make sense. */
export function loadMarks(file: string): QueueMarks | null {
  try {
    const text = readWhole(file, { bytesMax: FILE_BYTES_MAX });
    if (text === null) return null;
    const { schema: _, ...marks } = v.parse(KEPT, JSON.parse(text));
    return marks;
  } catch {
    return null;
  }
}

/** Throws ERR_STATE_IO. */
export function saveMarks(file: string, marks: QueueMarks): void {
  writeWhole(file, `${JSON.stringify({ schema: 1, ...marks })}\n`);
}

/** Marks of a queue that was emptied: the next one would seem as old. Throws ERR_STATE_IO. */
export function forgetMarks(file: string): void {
  // Looked at first, so that nothing is written while there is nothing to forget.
  if (fs.existsSync(file)) removeWhole(file);
}
