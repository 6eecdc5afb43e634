import { configStep } from './agent-configure.ts';
import { enrollStep } from './agent-enroll.ts';
import { reportStep } from './agent-report.ts';
import { type Agent, needsEnrolment, type StepResult } from './agent-state.ts';
import { type Backoff, openBackoff } from './backoff.ts';
import { reasonOf } from './places.ts';

// What the agent does next, and when, in time that never goes back.

export interface Timing {
  reportMs: number;
  /** Instead of it, while the control has no figures of a young agent. */
  firstReportMs: number;
  youngMs: number;
  configMs: number;
  /** For the daemon, to apply a new configuration. */
  applyMs: number;
  /** Between two writes of a state that does not change: the daemon calls three minutes unknown. */
  boardMs: number;
  enrollFirstMs: number;
  retryFirstMs: number;
  retryMostMs: number;
  random(): number;
}

export const TIMING: Timing = {
  reportMs: 60_000,
  firstReportMs: 8_000,
  youngMs: 300_000,
  configMs: 900_000,
  applyMs: 3_000,
  boardMs: 60_000,
  enrollFirstMs: 2_000,
  retryFirstMs: 5_000,
  retryMostMs: 300_000,
  random: Math.random,
};
/** Of the interval of reports: the fleet must not speak at once. */
const SPREAD = 0.2;

export interface Pace {
  /** What comes next, and when (monotonic). */
  next(): { step: () => Promise<void>; atMs: number };
  /** Whether the last try of each step succeeded. */
  isWell(): boolean;
  /** Everything is due. */
  restart(): void;
}

type StepName = 'enroll' | 'config' | 'report';

/** Begins with everything due. */
export function openPace(agent: Agent, timing: Timing): Pace {
  const due: Record<StepName, number> = { enroll: 0, config: 0, report: 0 };
  const failed = new Set<StepName>();
  const retries = {
    enroll: agent.enrollBackoff,
    config: openRetry(timing, timing.retryFirstMs),
    report: openRetry(timing, timing.retryFirstMs),
  };
  const steps = { enroll: enrollStep, config: configStep, report: reportStep };

  async function take(name: StepName): Promise<void> {
    const wasUnknown = agent.state.isUnknown;
    const hadWorked = agent.state.hasWorked;
    const result = await takeSafely(agent, steps[name]);
    const nowMs = performance.now();
    if (result.ok) failed.delete(name);
    else failed.add(name);
    if (!result.ok) due[name] = nowMs + retries[name].nextMs(result.retryAfterMs);
    else if (name !== 'enroll') retries[name].reset();
    if (result.ok) plan(name, result.isNews, nowMs);
    if (agent.state.isUnknown && !wasUnknown) {
      // At once when the key has worked before; a control that forgets at once is left in peace.
      due.enroll = hadWorked ? nowMs : nowMs + retries.enroll.nextMs(null);
    }
  }

  function plan(name: StepName, isNews: boolean, nowMs: number): void {
    if (name === 'enroll') {
      due.config = nowMs;
      due.report = nowMs;
    } else if (name === 'config') {
      due.config = nowMs + timing.configMs;
      // The operator waits for the word that it was applied.
      if (isNews) due.report = Math.min(due.report, nowMs + timing.applyMs);
    } else {
      due.report = nowMs + everyMs(nowMs) * (1 - SPREAD + 2 * SPREAD * timing.random());
      if (isNews && !failed.has('config')) due.config = nowMs;
    }
  }

  /** Whoever has just plugged a board in waits for its first graph. */
  function everyMs(nowMs: number): number {
    const isYoung = nowMs - agent.startedMonotonicMs < timing.youngMs;
    return isYoung && !agent.acknowledged.hasRounds() ? timing.firstReportMs : timing.reportMs;
  }

  return {
    next() {
      const names: StepName[] = needsEnrolment(agent.state) ? ['enroll'] : ['config', 'report'];
      const [name = 'report'] = names.sort((a, b) => due[a] - due[b]);
      return { step: () => take(name), atMs: due[name] };
    },
    isWell: () => failed.size === 0 && !needsEnrolment(agent.state),
    restart() {
      for (const name of ['enroll', 'config', 'report'] as const) {
        due[name] = 0;
        retries[name].reset();
      }
    },
  };
}

export function openRetry({ retryMostMs: mostMs, random }: Timing, firstMs: number): Backoff {
  return openBackoff({ firstMs, mostMs, random });
}

// A mistake of ours must not end the agent of a board that nobody can reach.
async function takeSafely(
  agent: Agent,
  step: (agent: Agent) => Promise<StepResult>,
): Promise<StepResult> {
  try {
    return await step(agent);
  } catch (error) {
    agent.log.error(`a step of the agent failed: ${reasonOf(error)}`);
    return { ok: false, retryAfterMs: null };
  }
}
