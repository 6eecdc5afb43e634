import type { BoardState } from '../core/board-state.ts';
import type { Agent } from './agent-state.ts';

// What the agent fails at, for the board's own page. Each failure goes to the control with the next
// report and is forgotten then; here it stays until every step succeeds again.

export type Trouble = NonNullable<BoardState['agentTrouble']>;

/** Call after each step; `isWell`: whether the last try of each step succeeded. */
export function noteTrouble(agent: Agent, isWell: boolean, board: BoardState): void {
  board.agentTrouble = troubleOf(agent, isWell, board.agentTrouble ?? null);
}

export function troubleOf(
  { state, clock }: Pick<Agent, 'state' | 'clock'>,
  isWell: boolean,
  before: Trouble | null,
): Trouble | null {
  const { lastError, controlAway, refusedEtag } = state;
  // A control that does not answer is told of by itself.
  if (lastError !== null && controlAway === null) {
    return { sinceMs: before?.sinceMs ?? Math.max(0, clock.nowMs()), reason: lastError };
  }
  return isWell && refusedEtag === null ? null : before;
}
