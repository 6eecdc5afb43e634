// The last rounds of every probe, for graphs where no metrics server is. They have a file of their
// own, bounded by age and by bytes; losing it is no harm.

import type { ReportedRound } from '../../core/report.ts';
import type { Family } from '../../core/round.ts';
import type { ControlContext } from '../request/context.ts';
import { controlFile } from './db.ts';
import { decodeRounds, encodeRounds } from './history-codec.ts';
import { type HistoryDb, type HistoryFileOptions, openHistoryFile } from './history-file.ts';

export interface RoundsQuery {
  sinceMs: number;
  untilMs: number;
  targets?: ReadonlySet<string>;
  family?: Family;
  /** So many of the newest at most, and never more than ROUNDS_MAX. */
  limit?: number;
}

export interface HistoryState {
  /** Of rows; the file may be larger, what is free in it is used again. */
  bytes: number;
  /** Reports whose rounds could not be kept, for a full disk above all. */
  dropped: number;
  /** How often the file was damaged and begun anew. */
  remade: number;
}

export interface History {
  /** Keeps the rounds of one report. What the disk refuses is counted, and no error. */
  appendRounds(probeId: number, rounds: readonly ReportedRound[]): void;
  /** By target, family and time, each once. Those that touch the span, both ends included. */
  roundsOf(probeId: number, query: RoundsQuery): ReportedRound[];
  removeProbe(probeId: number): void;
  /** Of probes with ids beyond this one. */
  removeAbove(probeId: number): void;
  state(): HistoryState;
  close(): void;
}

export interface HistoryOptions extends HistoryFileOptions {
  keepMs: number;
}

/** Rows are looked after each time so many were added. */
const PRUNE_INTERVAL = 64;
const PRUNED_MAX = 512;
const FUTURE_MS = 86_400_000;
/** A week of one probe. */
const REPORTS_MAX = 10_080;
/**
 * Looked at for one question, newest first: some 100 series for a day. To look takes a
 * millisecond a thousand, and others wait meanwhile.
 */
const ROUNDS_SEEN_MAX = 300_000;
/** And answered with. */
const ROUNDS_MAX = 150_000;

const HISTORIES = new WeakMap<ControlContext, History>();

/** Opens `history.db` for this control; `historyOf` finds it from then on. */
export function startHistory(context: ControlContext, stateDirectory: string): History {
  const { config, store, log, nowMs } = context;
  const file = controlFile(stateDirectory, 'history.db');
  const history = openHistory({ file, ...config.history, log, nowMs });
  // After a backup was put back, ids that came after it will be given again.
  const lastId = store.raw.prepare("select seq from sqlite_sequence where name = 'probes'").pluck();
  history.removeAbove(Number(lastId.get() ?? 0));
  HISTORIES.set(context, history);
  return history;
}

/** Null where none was started. */
export function historyOf(context: ControlContext): History | null {
  return HISTORIES.get(context) ?? null;
}

/** Throws ERR_DATABASE_MISSING alone. */
export function openHistory(options: HistoryOptions): History {
  const { nowMs } = options;
  const file = openHistoryFile(options);
  let appended = 0;
  let dropped = 0;

  function appendRounds(probeId: number, rounds: readonly ReportedRound[]): void {
    if (rounds.length === 0) return;
    const isKept = file.use((db) => append(db, probeId, rounds), false);
    if (!isKept) dropped++;
    appended++;
    // After a refusal at once: the file may be at its bound.
    if (!isKept || appended % PRUNE_INTERVAL === 0) file.use((db) => prune(db, options), undefined);
  }

  function append(db: HistoryDb, probeId: number, rounds: readonly ReportedRound[]): boolean {
    let fromMs = Number.POSITIVE_INFINITY;
    let untilMs = 0;
    for (const round of rounds) {
      fromMs = Math.min(fromMs, round.fromMs);
      untilMs = Math.max(untilMs, round.untilMs, round.fromMs);
    }
    db.append.run(probeId, nowMs(), fromMs, untilMs, encodeRounds(rounds));
    return true;
  }

  return {
    appendRounds,
    roundsOf: (probeId, query) => file.use((db) => roundsOf(db, probeId, query), []),
    removeProbe: (probeId) => file.use((db) => void db.removeProbe.run(probeId), undefined),
    removeAbove: (probeId) => file.use((db) => void db.removeAbove.run(probeId), undefined),
    state: () => ({
      bytes: file.use(usedBytes, 0),
      dropped,
      remade: file.counts.remade,
    }),
    close: file.close,
  };
}

function roundsOf(db: HistoryDb, probeId: number, query: RoundsQuery): ReportedRound[] {
  const { sinceMs, untilMs, family, limit = ROUNDS_MAX } = query;
  const rows = db.select.iterate(probeId, sinceMs, untilMs, REPORTS_MAX);
  const byKey = new Map<string, ReportedRound>();
  let seen = 0;
  for (const { body } of rows as Iterable<{ body: Buffer }>) {
    const decoded = decodeRounds(body, query);
    for (const round of decoded?.rounds ?? []) {
      if (family !== undefined && round.family !== family) continue;
      // Rows come newest first: the first that was heard of stays, a closed round never changes.
      byKey.set(`${round.fromMs} ${round.family} ${round.target}`, round);
    }
    seen += decoded?.seen ?? 0;
    if (seen >= ROUNDS_SEEN_MAX || byKey.size >= Math.min(limit, ROUNDS_MAX)) break;
  }
  return [...byKey.values()].sort(
    (a, b) => compare(a.target, b.target) || compare(a.family, b.family) || a.fromMs - b.fromMs,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function prune(db: HistoryDb, { keepMs, bytesMax, nowMs }: HistoryOptions): void {
  const now = nowMs();
  const bounds = { limit: PRUNED_MAX, oldMs: now - keepMs, futureMs: now + FUTURE_MS };
  db.removeOld.run(bounds);
  if (usedBytes(db) > bytesMax) db.removeOldest.run(PRUNED_MAX);
}

function usedBytes({ raw }: HistoryDb): number {
  const numberOf = (name: string): number => Number(raw.pragma(name, { simple: true }));
  return (numberOf('page_count') - numberOf('freelist_count')) * numberOf('page_size');
}
