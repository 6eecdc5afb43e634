import type { BoardState } from '../core/board-state.ts';
import type { Log } from '../host/log.ts';
import type { Voice } from './voice.ts';

// A part of the board that the agent looks after: mesh, lockdown, push. Each is stepped in a loop
// of its own, so that one that waits for a minute holds up neither the others nor the report.

export type PartName = 'mesh' | 'lockdown' | 'push';

export interface PartContext {
  log: Log;
  voice: Voice;
  env: Readonly<Record<string, string | undefined>>;
  /** The agent ends. */
  signal: AbortSignal;
  /** How all parts stand, as last told. */
  board(): BoardState;
  /** Unix milliseconds, as well as the board knows. */
  nowMs(): number;
  /** Whether somebody synchronised the clock in this boot. */
  isClockSynced(): boolean;
  /** Name that the control gave the board; null before it is enrolled. */
  probeName(): string | null;
  /**
   * Asks the control (POST) over the agent's authenticated connection: the answer as it was parsed
   * from JSON, to be judged by a schema; null when the control does not offer that (404), or a
   * reason why it cannot be asked now.
   */
  askControl(path: string, body: unknown): Promise<ControlWord>;
}

export type ControlWord =
  | { ok: true; value: unknown }
  | { ok: false; reason: string; retryAfterMs: number | null };

export interface PartStep<Name extends PartName> {
  state: BoardState[Name];
  /** When to step again. */
  nextMs: number;
  /** Other parts should look at once: an address came or went. */
  isNews: boolean;
}

export interface BoardPart<Name extends PartName> {
  readonly name: Name;
  /**
   * Brings the machine to where it should be, from wherever it is, and says how it stands. What is
   * right already is left alone; everything has a deadline. Does not throw for what a machine or a
   * network can do.
   */
  step(): Promise<PartStep<Name>>;
  /** Ends what it started; what is in force stays in force. */
  close(): Promise<void>;
}
