import type { AgentTrouble } from './agent-trouble.ts';
import type { BoardState } from './board-state.ts';
import {
  agentWords,
  type BoardWords,
  lockdownWords,
  meshVersionWords,
  meshWords,
  pushWords,
} from './board-words.ts';

// What is wrong with mesh, lockdown, push and the agent: for the health of a probe, and for those
// who mend it.

export interface BoardFault {
  part: 'mesh' | 'lockdown' | 'push' | 'agent';
  /** As in the judgement of a report: 100 and more is trouble. */
  badness: number;
  /** A sentence without a capital and a full stop. */
  reason: string;
  /** What to do, in whole sentences. */
  advice: string;
}

/** Worst first; none of what a board does not have. */
export function boardFaults(board: BoardState | null): BoardFault[] {
  if (board === null) return [];
  const { mesh, lockdown, push } = board;
  return [
    ...faultOf('lockdown', lockdown === null ? null : lockdownWords(lockdown)),
    ...faultOf('push', push === null ? null : pushWords(push)),
    ...faultOf('mesh', mesh === null ? null : meshWords(mesh)),
    ...faultOf('mesh', mesh === null ? null : meshVersionWords(mesh)),
  ].sort((a, b) => b.badness - a.badness);
}

/** One or none. */
export function agentFaults(trouble: AgentTrouble | null): BoardFault[] {
  return faultOf('agent', trouble === null ? null : agentWords(trouble));
}

function faultOf(part: BoardFault['part'], words: BoardWords | null): BoardFault[] {
  if (words === null || words.badness === 0) return [];
  const { badness, says, why, todo } = words;
  return [{ part, badness, reason: why === null ? says : `${says}: ${why}`, advice: todo }];
}
