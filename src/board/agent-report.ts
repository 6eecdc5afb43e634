import { type ProbeReport, REPORT_ANSWER, type Report } from '../core/report.ts';
import { handStep } from './agent-configure.ts';
import { type Agent, DONE, failed, type StepResult, unanswered, worked } from './agent-state.ts';
import type { Credentials } from './credentials.ts';
import { isSameEtag } from './kept-config.ts';
import { believedOwners, fitting, readProbeReport } from './probe-report.ts';

/** `isNews`: the control names another configuration than the one that is kept. */
export async function reportStep(agent: Agent): Promise<StepResult> {
  const { state, clock, acknowledged } = agent;
  const { credentials, kept } = state;
  if (credentials === null) return DONE;
  handStep(agent, false);
  const read = readDaemon(agent);
  const probe = read === null ? null : fit(agent, acknowledged.pick(read));
  let answer = await post(agent, credentials, probe);
  if (!answer.ok && answer.kind === 'rejected' && probe !== null) {
    // What the daemon said must not silence the agent.
    failed(agent, 'daemon', `the control refused what the daemon says: ${answer.message}`);
    answer = await post(agent, credentials, null);
  } else if (answer.ok && probe !== null) {
    acknowledged.acknowledge(probe);
  }
  if (!answer.ok) return unanswered(agent, 'report', answer);
  worked(agent, 'report');
  state.lastError = null;
  clock.hear(answer.value.nowMs, answer.roundTripMs);
  const { configEtag } = answer.value;
  const known = [kept?.etag, state.refusedEtag].filter((etag) => typeof etag === 'string');
  return { ok: true, isNews: !known.some((etag) => isSameEtag(etag, configEtag)) };
}

function post(agent: Agent, credentials: Credentials, probe: ProbeReport | null) {
  const call = {
    path: '/api/v1/report',
    body: JSON.stringify(reportOf(agent, probe)),
    schema: REPORT_ANSWER,
    apiKey: credentials.apiKey,
    signal: agent.signal,
  };
  return agent.state.board.client.post(call);
}

function fit(agent: Agent, probe: ProbeReport): ProbeReport {
  return fitting(probe, (part) => JSON.stringify(reportOf(agent, part)));
}

function reportOf(agent: Agent, probe: ProbeReport | null): Report {
  const { state, clock, startedMonotonicMs } = agent;
  const { version, bootId, model, hardware } = state.board.facts;
  const nowMs = Math.max(0, clock.nowMs());
  const runMs = performance.now() - startedMonotonicMs;
  return {
    schema: 1,
    sentMs: nowMs,
    agent: {
      version,
      startedMs: Math.max(0, Math.round(nowMs - runMs)),
      bootId,
      uptimeMs: Math.round(process.getBuiltinModule('node:os').uptime() * 1000),
      model,
      hardware,
      configEtag: state.kept?.etag ?? null,
      lastError: state.lastError,
      board: agent.boardState(),
    },
    probe,
  };
}

/** What the daemon says now; also whether the clock is synchronised. */
export function readDaemon(agent: Agent): ProbeReport | null {
  const { state, places, voice } = agent;
  const { settings } = state.board;
  const owners = believedOwners(settings.probeUser);
  const { report, fault } = readProbeReport(places.probeReport, owners, Date.now());
  state.daemon.isClockSynced = report?.clock.state === 'synced';
  if (fault !== null) failed(agent, 'daemon', fault);
  else if (report !== null) voice.well('daemon', 'the daemon reports again');
  return report;
}
