// How the daemon meets the agent: the facts about what the control sent when it starts, and its own
// part of the run directory. A machine without one, or where it cannot be made, is measured like
// any other: only nobody is told.
import { ProbeError } from '../core/error.ts';
import type { Identity } from '../engine/privileges.ts';
import type { Log } from '../host/log.ts';
import { prepareRun } from './places.ts';
import { takeControl } from './reload.ts';
import { openReportFile, type ReportFile } from './report-file.ts';
import { type DaemonSnapshot, gatherFacts, type ProbeFacts } from './snapshot.ts';
import type { FirstSources } from './sources.ts';
import type { RoundStore } from './store/store.ts';

export function firstFacts(
  engine: ProbeFacts['engine'],
  version: string,
  { sources, settings, controlError }: FirstSources,
): ProbeFacts {
  const { ruled, capped } = settings;
  const facts = gatherFacts(engine, version, { ...settings, file: sources.file });
  facts.rules = { policy: sources.policy, ruled, capped };
  if (sources.controlFile === null) return facts;
  takeControl(facts, sources);
  if (facts.control !== null) facts.control.error = controlError;
  return facts;
}

/** While root is not given up; null when there is none. */
export function openRun(
  directory: string | null,
  identity: Identity | null,
  log: Log,
): string | null {
  if (directory === null) return null;
  try {
    return prepareRun(directory, identity);
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
    log.warn(`${error.message}; no report is written`);
    return null;
  }
}

export interface ReportParts {
  store: Pick<RoundStore, 'events' | 'rounds'>;
  snapshot: () => Promise<DaemonSnapshot>;
  log: Log;
}

const DAY_MS = 86_400_000;
const ROUNDS_MS = 300_000;

/** Null where there is no directory to write to. */
export function openDaemonReport(directory: string | null, parts: ReportParts): ReportFile | null {
  if (directory === null) return null;
  const { store, snapshot, log } = parts;
  const startedMs = Date.now();
  return openReportFile({
    ...{ directory, snapshot, log },
    events: () => store.events({ sinceMs: Date.now() - DAY_MS }),
    // Of this run none: they are told as they are closed.
    rounds: () => store.rounds({ sinceMs: startedMs - ROUNDS_MS, untilMs: startedMs }),
    nowMs: Date.now,
    monoMs: () => performance.now(),
  });
}
