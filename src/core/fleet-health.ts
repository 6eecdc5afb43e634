// How a probe is, and why, from what it said last. `badness` was judged when its report came in;
// the rest is a matter of the time that has passed since.
import type { KeptReport } from './agent-trouble.ts';
import { type ProbeHealth, SILENT_MS } from './fleet.ts';
import { judgeReport, TROUBLE } from './report-judge.ts';

export interface HealthFacts {
  nowMs: number;
  disabledMs: number | null;
  /** Boards that ask to be this probe. */
  candidates: number;
  isBound: boolean;
  /** What it said last, without rounds; null when it never did. */
  state: { seenMs: number; badness: number; report: KeptReport | null } | null;
  /** The maintenance window that it is in. */
  window: { untilMs: number; reason: string } | null;
}

export interface Judgement {
  health: ProbeHealth;
  reason: string;
}

/** By how much each health hurts, the worst first: the order of "worst first". */
export const HEALTHS_WORST_FIRST = [
  'silent',
  'trouble',
  'waiting',
  'well',
  'maintenance',
  'disabled',
] as const satisfies readonly ProbeHealth[];

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export function judge(facts: HealthFacts): Judgement {
  if (facts.disabledMs !== null) {
    return { health: 'disabled', reason: `disabled ${ago(facts.nowMs - facts.disabledMs)}` };
  }
  const plain = judgePlain(facts);
  if (facts.window === null || plain.health === 'waiting') return plain;
  const { untilMs, reason } = facts.window;
  const why = reason === '' ? '' : ` (${reason})`;
  const rest = spanText(untilMs - facts.nowMs);
  return { health: 'maintenance', reason: `maintenance for ${rest} more${why}; ${plain.reason}` };
}

/** "40 s", "23 min", "5 h", "3 days": the largest unit that is full. */
export function spanText(ms: number): string {
  const span = Math.max(0, ms);
  if (span < MINUTE_MS) return `${Math.floor(span / 1000)} s`;
  if (span < HOUR_MS) return `${Math.floor(span / MINUTE_MS)} min`;
  if (span < 2 * DAY_MS) return `${Math.floor(span / HOUR_MS)} h`;
  return `${Math.floor(span / DAY_MS)} days`;
}

function judgePlain({ nowMs, candidates, isBound, state }: HealthFacts): Judgement {
  if (state === null) return { health: 'waiting', reason: waitingFor(candidates, isBound) };
  const silence = nowMs - state.seenMs;
  if (silence >= SILENT_MS) {
    return { health: 'silent', reason: `silent for ${spanText(silence)}` };
  }
  const reason = state.report === null ? 'reports' : judgeReport(state.report).reason;
  return { health: state.badness < TROUBLE ? 'well' : 'trouble', reason };
}

function waitingFor(candidates: number, isBound: boolean): string {
  if (isBound) return 'enrolled; its first report is due';
  if (candidates === 0) return 'no board has asked to be it yet';
  return candidates === 1
    ? 'a board waits for approval'
    : `${candidates} boards wait for approval; one of them at most is it`;
}

function ago(ms: number): string {
  return `${spanText(ms)} ago`;
}
