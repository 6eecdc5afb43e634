// What the path measurement keeps of each (target, family).
import type { Address } from '../core/address.ts';
import type { PathTargetConfig } from '../core/config.ts';
import type { MdaReport } from '../core/mda.ts';
import type { PathMemory } from '../core/path-identity.ts';
import type { Family } from '../core/round.ts';
import type { PathSnapshot } from '../core/snapshot.ts';
import { newPathHistory, type PathHistory } from './path-history.ts';
import type { PathSchedule } from './path-schedule.ts';
import { newTelling, type PathTelling } from './path-telling.ts';
import type { OpenPath } from './trace-open.ts';

export interface PathEntry {
  target: PathTargetConfig;
  family: Family;
  address: Address | null;
  /** The address as text; null while there is none. */
  ip: string | null;
  /** Why it is not traced, in words. */
  reason: string | null;
  /** `monoMs`; infinite while a look-up is under way. */
  resolveAtMs: number;
  schedule: PathSchedule;
  /** Open while a trace is under way. */
  running: OpenPath | null;
  search: PathSearch | null;
  /** The turn from which on all paths are looked for again. */
  searchTurn: number;
  telling: PathTelling;
  /** Rounds of this run, of whichever address. */
  rounds: number;
  /** The configuration has it no more. */
  isGone: boolean;
  history: PathHistory;
}

/** All paths of a target are being looked for; it ends at `monoMs` at the latest. */
export interface PathSearch {
  report: () => MdaReport;
  endMs: number;
}

/** What outlives a restart, so that a path that changed in between is told. JSON. */
export interface KeptPath {
  /** Target, family, and how it was traced: any other is another path. */
  key: string;
  ip: string;
  sinceMs: number | null;
  memory: PathMemory;
}

export function newPathEntry(
  target: PathTargetConfig,
  family: Family,
  schedule: PathSchedule,
): PathEntry {
  return {
    target,
    family,
    address: null,
    ip: null,
    reason: 'its name is being resolved',
    resolveAtMs: 0,
    schedule,
    running: null,
    search: null,
    searchTurn: 1,
    telling: newTelling(),
    rounds: 0,
    isGone: false,
    history: newPathHistory(),
  };
}

/** What makes another path of it: anything else about a target may change while it is traced. */
export function pathKey({ host, protocol, port, tos, source, device }: PathTargetConfig): string {
  return JSON.stringify([host, protocol, port, tos, source, device]);
}

export function keptKey({ target, family }: PathEntry): string {
  return JSON.stringify([target.id, family, pathKey(target)]);
}

/** Null while there is nothing to be kept. */
export function toKeptPath(entry: PathEntry): KeptPath | null {
  const { ip, history } = entry;
  const { sinceMs, tracker } = history;
  if (ip === null || tracker.path() === null) return null;
  return { key: keptKey(entry), ip, sinceMs, memory: tracker.memory() };
}

export function toPathSnapshot(entry: PathEntry): PathSnapshot {
  const { target, family, ip, reason, schedule, history } = entry;
  return {
    target: target.id,
    host: target.host,
    family,
    ip,
    protocol: target.protocol,
    intervalMs: target.intervalMs,
    labels: target.labels,
    state: ip === null ? 'unresolved' : reason === null ? 'tracing' : 'unavailable',
    reason,
    path: history.tracker.path(),
    sinceMs: history.sinceMs,
    end: history.end,
    lastRound: history.lastRound,
    changes: history.changes,
    recent: history.recent,
    traces: history.traces,
    skipped: schedule.skipped,
    probes: history.probes,
    changesTotal: history.changesTotal,
    multipath: history.multipath,
  };
}
