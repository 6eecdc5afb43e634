// Reports: what a probe says of itself, once a minute. It is believed of this probe alone, and what
// it may fill is bounded. Reports of a moment share one transaction; the answer tells that it is on
// disk.

import { hearAgent, type KeptReport, NOTHING_HEARD } from '../../core/agent-trouble.ts';
import { ProbeError } from '../../core/error.ts';
import { REPORT_ROUNDS_MAX, type Report, type ReportedRound } from '../../core/report.ts';
import { judgeReport } from '../../core/report-judge.ts';
import { documentOf } from '../fleet/compose.ts';
import type { ControlContext } from '../request/context.ts';
import { type Buckets, createBuckets } from '../request/rate-limit.ts';
import { type GroupCommit, groupCommit } from '../store/group-commit.ts';
import { historyOf } from '../store/history.ts';
import { type ReportRow, type ReportStore, reportStore } from './report-store.ts';
import { matchesTag } from './routes-probe-etag.ts';

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
  const nowMs = context.nowMs();
  const isBehind = await isBehindOf(context, reporter, report);
  const kept = group.run(() => {
    if (!store.isLive(reporter.keySha256, reporter.id)) {
      throw new ProbeError('ERR_UNAUTHORIZED', 'the credential is not valid (any more)');
    }
    const said = { lastError: report.agent.lastError, isBehind, nowMs };
    const heard = isQuiet(said) ? NOTHING_HEARD : hearAgent(store.heardOf(reporter.id), said);
    store.keepState(rowOf(reporter, { ...report, heard }, nowMs));
    store.keepEvents(reporter.id, report.probe?.events ?? [], nowMs);
  });
  await kept.catch((error: unknown) => {
    store.forgetEvents(reporter.id);
    throw error;
  });
  const rounds = fairShare(context, reporter.id, report.probe?.rounds ?? []);
  historyOf(context)?.appendRounds(reporter.id, rounds);
}

/** Whether the agent has another configuration than it should. */
async function isBehindOf(
  context: ControlContext,
  { id }: Reporter,
  { agent }: Report,
): Promise<boolean> {
  // One that cannot be composed, and a probe that is gone meanwhile, are told by who asks for it.
  const wanted = await documentOf(context, id).catch(() => null);
  if (wanted === null) return false;
  return agent.configEtag === null || !matchesTag(agent.configEtag, wanted.etag);
}

function isQuiet({ lastError, isBehind }: { lastError: string | null; isBehind: boolean }) {
  return lastError === null && !isBehind;
}

// Rounds of one probe: what the largest set makes, a report a minute, and what waited for a while.
// More of it is another's history that would have to go.
const ROUNDS = { burst: 5 * REPORT_ROUNDS_MAX, refillMs: 60_000 / REPORT_ROUNDS_MAX } as const;
const PROBES_MAX = 50_000;
/** Nothing is measured for longer in one round. */
const ROUND_MS_MAX = 3_600_000;

function fairShare(
  context: ControlContext,
  probeId: number,
  rounds: readonly ReportedRound[],
): ReportedRound[] {
  const { buckets } = partsOf(context);
  const key = String(probeId);
  return rounds.filter(({ fromMs, untilMs }) => {
    if (untilMs - fromMs > ROUND_MS_MAX || buckets.waitMs(key) > 0) return false;
    buckets.take(key);
    return true;
  });
}

interface Parts {
  buckets: Buckets;
  store: ReportStore;
  group: GroupCommit;
}

const PARTS = new WeakMap<ControlContext, Parts>();

function partsOf(context: ControlContext): Parts {
  const known = PARTS.get(context);
  if (known !== undefined) return known;
  const parts: Parts = {
    buckets: createBuckets({ ...ROUNDS, entriesMax: PROBES_MAX, nowMs: context.nowMs }),
    store: reportStore(context.store.raw),
    group: groupCommit(context.store, GROUP),
  };
  PARTS.set(context, parts);
  return parts;
}

function rowOf({ id, from }: Reporter, report: KeptReport, seenMs: number): ReportRow {
  const { agent, probe } = report;
  const kept: KeptReport = { ...report, probe: probe === null ? null : { ...probe, rounds: [] } };
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
