import type { PushState } from '../../core/board-state.ts';
import type { Verdict } from './check.ts';
import type { DiskFault } from './disk.ts';
import type { VmagentFigures } from './figures.ts';

// From what was seen to what is told: one state and one reason.

export interface Seen {
  /** What must come before anything starts; null when nothing does. */
  waitsFor: string | null;
  /** Why vmagent or the relay does not run, as a sentence. */
  fault: string | null;
  /** What the disk of the queue says to that. */
  disk: DiskFault | null;
  figures: VmagentFigures | null;
  verdict: Verdict | null;
  /** Null while unknown. */
  ageMs: number | null;
  ageMsMax: number;
}

export type StateAndReason = Pick<PushState, 'state' | 'reason'>;

const REASON_LENGTH_MAX = 500;
const LOST = 'cannot keep its queue, and nothing is collected';
const DISK_WORDS: Readonly<Record<DiskFault, string>> = {
  full: `the disk is full: vmagent ${LOST}`,
  'no inodes': `the disk has no inode left: vmagent ${LOST}`,
  'read-only': 'the disk is read-only: vmagent cannot open its queue, and nothing is collected',
};

export function decideState(seen: Seen): StateAndReason {
  const { waitsFor, fault, disk, figures, verdict, ageMs, ageMsMax } = seen;
  if (waitsFor !== null) return tell('waiting', waitsFor);
  if (fault !== null) return tell('down', explainFault(fault, disk));
  if (figures === null) return tell('down', 'vmagent does not answer (yet)');
  const isRefused = verdict?.kind === 'unauthorized' || verdict?.kind === 'rejected';
  const why = verdict === null || verdict.kind === 'taken' ? null : verdict.reason;
  if (isRefused) return tell('refused', why);
  if (ageMs !== null && ageMs > ageMsMax) {
    const old = `the oldest sample has waited for ${minutes(ageMs)} min`;
    return tell('stalled', why === null ? old : `${old}: ${why}`);
  }
  return tell('pushing', why);
}

/** Of a board on which nothing pushes. */
export function noPush(state: PushState['state'], reason: string): PushState {
  return {
    ...tell(state, reason),
    ...{ server: null, version: null, queueBytes: 0, queueBytesMax: 0, queueAgeMs: null },
    ...{ sentBytes: 0, droppedBlocks: 0, acceptedMs: null, restarts: 0 },
  };
}

/** Counters of a process that may be started again, as one that only grows. */
export interface Totals {
  startedS: number;
  last: Pick<VmagentFigures, 'sentBytes' | 'droppedBlocks' | 'accepted' | 'rejected'>;
  sentBytes: number;
  droppedBlocks: number;
  accepted: number;
  rejected: number;
}

const NOTHING = { sentBytes: 0, droppedBlocks: 0, accepted: 0, rejected: 0 };

export const NO_TOTALS: Totals = { startedS: 0, last: NOTHING, ...NOTHING };

export function foldTotals(before: Totals, figures: VmagentFigures): Totals {
  const { startedS, sentBytes, droppedBlocks, accepted, rejected } = figures;
  const last = { sentBytes, droppedBlocks, accepted, rejected };
  const base = before.startedS === startedS ? before.last : NOTHING;
  return {
    startedS,
    last,
    sentBytes: before.sentBytes + Math.max(0, sentBytes - base.sentBytes),
    droppedBlocks: before.droppedBlocks + Math.max(0, droppedBlocks - base.droppedBlocks),
    accepted: before.accepted + Math.max(0, accepted - base.accepted),
    rejected: before.rejected + Math.max(0, rejected - base.rejected),
  };
}

/** Of another process these counters began when it did, perhaps long before us. */
export function firstTotals(figures: VmagentFigures): Totals {
  return { ...foldTotals(NO_TOTALS, figures), ...NOTHING };
}

function explainFault(fault: string, disk: DiskFault | null): string {
  const kind = disk ?? namedFault(fault);
  return kind === null ? fault : DISK_WORDS[kind];
}

// As vmagent's last words have it.
function namedFault(fault: string): DiskFault | null {
  if (/no space left|disk quota/i.test(fault)) return 'full';
  return /read-only file system/i.test(fault) ? 'read-only' : null;
}

function tell(state: PushState['state'], reason: string | null): StateAndReason {
  const clean = reason?.replace(/[^ -~]/g, '?').slice(0, REASON_LENGTH_MAX) ?? null;
  return { state, reason: clean };
}

function minutes(ms: number): number {
  return Math.round(ms / 60_000);
}
