import type { BoardState, ControlAway } from '../core/board-state.ts';
import type { Log } from '../host/log.ts';
import type { Backoff } from './backoff.ts';
import type { Board } from './board.ts';
import type { BoardClock } from './clock.ts';
import type { Failure } from './control-exchange.ts';
import type { Credentials } from './credentials.ts';
import type { Identity } from './identity.ts';
import type { KeptConfig } from './kept-config.ts';
import type { AgentPlaces } from './places.ts';
import type { Unacknowledged } from './probe-report.ts';
import type { Voice } from './voice.ts';

// What the steps of the agent share: what it is, what it knows, and how it tells of a failure.
// Each step can be cut off anywhere: what is on the disk is whole, and the next try begins at its
// beginning.

export interface AgentState {
  board: Board;
  credentials: Credentials | null;
  kept: KeptConfig | null;
  /** ETag of a document that was refused here: not fetched again at once. */
  refusedEtag: string | null;
  /** The control said that it does not know our API key. */
  isUnknown: boolean;
  /** The API key was used with success since it came. */
  hasWorked: boolean;
  /** Told with the next report. */
  lastError: string | null;
  /** Null while the control answers. */
  controlAway: ControlAway | null;
  /** What the daemon says, which can ask the kernel. */
  daemon: { isClockSynced: boolean };
}

export interface Agent {
  state: AgentState;
  identity: Identity;
  clock: BoardClock;
  places: AgentPlaces;
  acknowledged: Unacknowledged;
  enrollBackoff: Backoff;
  log: Log;
  voice: Voice;
  env: Readonly<Record<string, string | undefined>>;
  startedMonotonicMs: number;
  signal: AbortSignal;
  /** How mesh, lockdown and push stand; null while none is looked after. */
  boardState(): BoardState | null;
}

export type StepResult = { ok: true; isNews: boolean } | { ok: false; retryAfterMs: number | null };

export const DONE: StepResult = { ok: true, isNews: false };

/** Whether the next thing to do is to enrol. */
export function needsEnrolment({ board, credentials, isUnknown }: AgentState): boolean {
  return credentials === null || isUnknown || credentials.control !== board.settings.control;
}

/** The API key was used with success. */
export function worked({ state, enrollBackoff, voice }: Agent, matter: string): void {
  state.hasWorked = true;
  state.controlAway = null;
  enrollBackoff.reset();
  voice.well(matter, `${state.board.settings.control} answers again (${matter})`);
}

/** Tells of it; a key that is not known is a reason to enrol again. */
export function unanswered(agent: Agent, matter: string, failure: Failure): StepResult {
  const { control } = agent.state.board.settings;
  missControl(agent, failure);
  if (failure.kind === 'unauthorized') {
    agent.state.isUnknown = true;
    return failed(
      agent,
      'key',
      `${control} does not know the API key of this board (any more): enrolling again, and ` +
        'measuring goes on',
      failure,
    );
  }
  return failed(agent, matter, `no ${matter} with ${control}: ${failure.message}`, failure);
}

function missControl({ state, clock, signal }: Agent, { message }: Failure): void {
  if (signal.aborted) return;
  const sinceMs = state.controlAway?.sinceMs ?? Math.max(0, clock.nowMs());
  state.controlAway = { sinceMs, reason: plain(message) };
}

/** Tells of it in the log and in the next report. */
export function failed(
  { state, voice, signal }: Agent,
  matter: string,
  message: string,
  failure: Failure | null = null,
): StepResult {
  // What we cut off ourselves is no trouble.
  if (!signal.aborted) {
    voice.trouble(matter, message);
    state.lastError = plain(message);
  }
  return { ok: false, retryAfterMs: failure?.retryAfterMs ?? null };
}

function plain(message: string): string {
  return message.replace(/[^ -~]/g, '?').slice(0, 500);
}
