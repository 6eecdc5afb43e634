// How old the oldest sample is that waits. vmagent does not say; but its queue is first in, first
// out, so it is enough to remember how many bytes had gone in at which time: what lies at the head
// now went in after the newest mark that is behind the head. The answer is an upper bound, as good
// as the marks are dense.

export interface QueueLook {
  nowMs: number;
  /** Unix seconds; the counter of `writtenBytes` begins with it. */
  startedS: number;
  pendingBytes: number;
  writtenBytes: number;
  /** Requests that the server took so far. */
  accepted: number;
}

/** Plain data, so that it can be kept over a restart of ours. */
export interface QueueMarks {
  startedS: number;
  writtenBytes: number;
  accepted: number;
  /** Bytes that ever went in, as far as we saw. */
  totalBytes: number;
  /** Oldest first; never empty. */
  marks: readonly Mark[];
}

export interface Mark {
  totalBytes: number;
  timeMs: number;
}

export const MARKS_MAX = 64;

/** Folds one look; `before` is null at the very first. */
export function foldLook(before: QueueMarks | null, look: QueueLook): QueueMarks {
  const totalBytes = (before?.totalBytes ?? 0) + wentIn(before, look);
  const kept = { startedS: look.startedS, writtenBytes: look.writtenBytes, totalBytes };
  const { accepted } = look;
  if (before === null) {
    // Whatever waits is older than we are: nobody knows how old.
    const first = { totalBytes: totalBytes - look.pendingBytes, timeMs: look.nowMs };
    return { ...kept, accepted, marks: [first] };
  }
  const now: Mark = { totalBytes, timeMs: look.nowMs };
  if (look.pendingBytes > 0) {
    const headBytes = totalBytes - look.pendingBytes;
    return { ...kept, accepted, marks: thin(dropPassed([...before.marks, now], headBytes)) };
  }
  // Nothing on disk: but one block may be under way, and tried again and again.
  const isTaken = look.startedS !== before.startedS || accepted > before.accepted;
  return { ...kept, accepted, marks: isTaken ? [now] : before.marks };
}

/** Milliseconds; 0 when nothing has waited for longer than `normalMs`. */
export function ageOf({ marks }: QueueMarks, nowMs: number, normalMs: number): number {
  const oldest = marks[0]?.timeMs ?? nowMs;
  const ageMs = Math.max(0, nowMs - oldest);
  return ageMs <= normalMs ? 0 : ageMs;
}

function wentIn(before: QueueMarks | null, look: QueueLook): number {
  if (before === null) return look.pendingBytes;
  const isSame = before.startedS === look.startedS && look.writtenBytes >= before.writtenBytes;
  return isSame ? look.writtenBytes - before.writtenBytes : look.writtenBytes;
}

// The newest mark behind the head stays: it is the bound.
function dropPassed(marks: readonly Mark[], headBytes: number): Mark[] {
  let first = 0;
  for (const [index, mark] of marks.entries()) if (mark.totalBytes <= headBytes) first = index;
  return marks.slice(first);
}

// Every second one, but for the ends: days are then told apart by hours.
function thin(marks: readonly Mark[]): Mark[] {
  if (marks.length <= MARKS_MAX) return [...marks];
  return marks.filter((_, index) => index % 2 === 0 || index === marks.length - 1);
}
