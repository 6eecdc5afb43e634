// What the daemon tells the agent, in a file of the run directory: rewritten every 15 seconds, and
// at once after a configuration of the control was applied or refused, or the clock was set. It is
// told again as long as it is new, so a file that a power cut takes is no loss: it is put in place
// whole, but not synced, and nothing here waits for a disk.
const { promises: fs } = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { REPORT_EVENTS_MAX, REPORT_ROUNDS_MAX } from '../core/report.ts';
import type { ProbeEvent, Round } from '../core/round.ts';
import type { Log } from '../host/log.ts';
import { buildReport } from './report-build.ts';
import type { DaemonSnapshot } from './snapshot.ts';

export interface ReportFileOptions {
  /** The probe's part of the run directory; it is there. */
  directory: string;
  snapshot: () => Promise<DaemonSnapshot>;
  /** Those of the last day, oldest first; asked for once. */
  events: () => Promise<readonly ProbeEvent[]>;
  /** Those of the last minutes before this start, oldest first; asked for once. */
  rounds: () => Promise<readonly Round[]>;
  log: Log;
  nowMs: () => number;
  monoMs: () => number;
}

export interface ReportFile {
  takeRound(round: Round): void;
  takeEvent(event: ProbeEvent): void;
  /** Writes when it is time; call about once a second. */
  look(): void;
  /** Writes at the next look. */
  soon(): void;
  /** Writes that failed, since the start. */
  errors(): number;
  /** Resolves when nothing is being written. */
  close(): Promise<void>;
}

const WRITE_MS = 15_000;
/** A clock that is set by more makes what was written look old, or of a time to come. */
const STEP_MS = 60_000;
const ROUNDS_MS = 300_000;
const EVENTS_MS = 86_400_000;

export function openReportFile(options: ReportFileOptions): ReportFile {
  const { directory, log, nowMs, monoMs } = options;
  const file = path.join(directory, 'report.json');
  const kept = keepRecent(nowMs);
  let dueMs = Number.NEGATIVE_INFINITY;
  /** Of the wall clock before the other one, when the report was written. */
  let aheadMs = 0;
  let writing: Promise<void> | null = null;
  let hasOld = false;
  let hasRounds = false;
  let errors = 0;
  let isFailing = false;

  async function readOld(): Promise<void> {
    if (hasOld) return;
    const [events, rounds] = await Promise.all([options.events(), options.rounds()]);
    hasOld = true;
    for (const event of events) kept.old(event);
    kept.oldRounds(rounds);
  }

  async function write(): Promise<void> {
    try {
      await readOld();
      const snapshot = await options.snapshot();
      const text = await buildReport({
        ...{ snapshot, nodeVersion: process.versions.node },
        ...kept.recent(snapshot.openEvents),
      });
      await replace(file, text);
      if (isFailing) log.info(`${file} is written again`);
      isFailing = false;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!isFailing) log.warn(`${file} cannot be written, measuring goes on: ${why}`);
      isFailing = true;
      errors++;
    }
  }

  return {
    takeRound(round) {
      kept.takeRound(round);
      // Whoever waits for the first figures of a new board waits for nothing else.
      if (!hasRounds) dueMs = Number.NEGATIVE_INFINITY;
      hasRounds = true;
    },
    takeEvent: (event) => kept.takeEvent(event),
    look() {
      const isSet = Math.abs(nowMs() - monoMs() - aheadMs) > STEP_MS;
      if (writing !== null || (monoMs() < dueMs && !isSet)) return;
      dueMs = monoMs() + WRITE_MS;
      aheadMs = nowMs() - monoMs();
      writing = write().finally(() => {
        writing = null;
      });
    },
    soon() {
      dueMs = Number.NEGATIVE_INFINITY;
    },
    errors: () => errors,
    async close() {
      await writing;
    },
  };
}

interface Recent {
  rounds: readonly Round[];
  roundsGone: number;
  events: readonly ProbeEvent[];
}

/** Rounds and events as they come, no more of them than a report can carry. */
function keepRecent(nowMs: () => number) {
  let rounds: Round[] = [];
  /** By the time at which they were closed, those that are kept no more. */
  let gone: { atMs: number; count: number }[] = [];
  const events = new Map<string, ProbeEvent>();

  function put(event: ProbeEvent): void {
    // A Map keeps the order of insertion: what changed last is the newest.
    events.delete(event.id);
    events.set(event.id, event);
    const oldest = events.keys().next();
    if (events.size > REPORT_EVENTS_MAX && oldest.done !== true) events.delete(oldest.value);
  }

  function forget(sinceMs: number): void {
    rounds = rounds.filter(({ untilMs }) => untilMs >= sinceMs);
    gone = gone.filter(({ atMs }) => atMs >= sinceMs);
  }

  return {
    takeRound(round: Round): void {
      rounds.push(round);
      if (rounds.length <= 2 * REPORT_ROUNDS_MAX) return;
      const count = rounds.length - REPORT_ROUNDS_MAX;
      rounds = rounds.slice(count);
      gone.push({ atMs: nowMs(), count });
    },
    takeEvent: put,
    /** One of a time before; what has been told since is newer. */
    old(event: ProbeEvent): void {
      if (!events.has(event.id)) put(event);
    },
    /** The agent knows which of them it has sent already. */
    oldRounds(before: readonly Round[]): void {
      rounds = [...before, ...rounds];
    },
    recent(open: readonly ProbeEvent[]): Recent {
      forget(nowMs() - ROUNDS_MS);
      const sinceMs = nowMs() - EVENTS_MS;
      const closed = [...events.values()].filter(
        (event) => event.untilMs !== null && event.untilMs >= sinceMs,
      );
      const isOpen = new Set(open.map(({ id }) => id));
      const ended = closed.filter(({ id }) => !isOpen.has(id));
      const newestFirst = [...open, ...ended].sort((a, b) => b.fromMs - a.fromMs);
      const roundsGone = gone.reduce((sum, { count }) => sum + count, 0);
      return { rounds, roundsGone, events: newestFirst };
    },
  };
}

/** Readable by the agent, which may be another user. */
async function replace(file: string, text: string): Promise<void> {
  const draft = path.join(path.dirname(file), `.${path.basename(file)}.new`);
  await fs.writeFile(draft, text, { mode: 0o644 });
  // The umask may have taken bits away.
  await fs.chmod(draft, 0o644);
  await fs.rename(draft, file);
}
