// Reports: what a probe says of itself, once a minute. It is believed of this probe alone, and what
// it may fill is bounded. Reports of a moment share one transaction; the answer tells that it is on
// disk.

import { ProbeError } from '../core/error.ts';
import type { Report } from '../core/report.ts';
import { judgeReport } from '../core/report-judge.ts';
import type { ControlContext } from './context.ts';
import { type GroupCommit, groupCommit } from './group-commit.ts';
import { historyOf } from './history.ts';
import { type ReportRow, type ReportStore, reportStore } from './report-store.ts';

/** Who reports, by the key that it showed, and from where. */
export interface Reporter {
  id: number;
  keySha256: string;
  from: string;
}

const GROUP = { waitMs: 40, jobsMax: 200 };

/** Keeps the report. Throws ERR_UNAUTHORIZED when the key ended meanwhile. */
export async function acceptReport(
  context: ControlContext,
  reporter: Reporter,
  report: Report,
): Promise<void> {
  const { store, group } = partsOf(context);
  const row = rowOf(reporter, report, context.nowMs());
  await group.run(() => {
    if (!store.isLive(reporter.keySha256, reporter.id)) {
      throw new ProbeError('ERR_UNAUTHORIZED', 'the credential is not valid (any more)');
    }
    store.keepState(row);
    store.keepEvents(reporter.id, report.probe?.events ?? [], row.seenMs);
  });
  historyOf(context)?.appendRounds(reporter.id, report.probe?.rounds ?? []);
}

interface Parts {
  store: ReportStore;
  group: GroupCommit;
}

const PARTS = new WeakMap<ControlContext, Parts>();

function partsOf(context: ControlContext): Parts {
  const known = PARTS.get(context);
  if (known !== undefined) return known;
  const parts = {
    store: reportStore(context.store.raw),
    group: groupCommit(context.store, GROUP),
  };
  PARTS.set(context, parts);
  return parts;
}

function rowOf({ id, from }: Reporter, report: Report, seenMs: number): ReportRow {
  const { agent, probe } = report;
  const kept: Report = { ...report, probe: probe === null ? null : { ...probe, rounds: [] } };
  return {
    probeId: id,
    seenMs,
    seenFrom: from,
    version: agent.version,
    bootId: agent.bootId,
    badness: judgeReport(report).badness,
    report: JSON.stringify(kept),
  };
}
