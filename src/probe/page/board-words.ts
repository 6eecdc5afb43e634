import type { BoardState, ControlAway, MeshState, PushState } from '../../core/board-state.ts';
import {
  agentWords,
  type BoardWords,
  lockdownWords,
  meshVersionWords,
  meshWords,
  pushWords,
} from '../../core/board-words.ts';
import { formatBytes, formatDuration } from '../../graph/format.ts';
import { sentence } from '../../graph/text.ts';
import type { Tone } from '../../graph/tone.ts';
import type { BoardSnapshot } from '../mesh-watch.ts';

// How mesh, lockdown and push stand, in plain sentences: what is, why, and what to do about it. The
// words of core, and what only the board itself can add: who hears it there, and since when.

export interface PartWords {
  part: 'mesh' | 'lockdown' | 'push' | 'control' | 'agent';
  tone: Tone;
  /** For the row about the probe itself. */
  short: string;
  says: string;
  /** Why, as the agent tells it; empty when all is well. */
  why: string;
  /** Empty when there is nothing to do. */
  todo: string;
}

type AgentTrouble = NonNullable<BoardState['agentTrouble']>;

/** The control then calls the probe silent. */
const CONTROL_SILENT_MS = 180_000;

/** Of the parts that the board has; none while it is not known how they stand. */
export function partsOf({ state, listener }: BoardSnapshot, nowMs: number): PartWords[] {
  if (state === null) return [];
  const { mesh, lockdown, push, controlAway = null, agentTrouble = null } = state;
  return [
    ...(mesh === null ? [] : [meshPart(mesh, listener.reason)]),
    ...(lockdown === null ? [] : [partOf('lockdown', lockdownWords(lockdown))]),
    ...(push === null ? [] : [pushPart(push, nowMs)]),
    ...(controlAway === null ? [] : [controlPart(controlAway, nowMs)]),
    ...(agentTrouble === null ? [] : [agentPart(agentTrouble, nowMs)]),
  ];
}

function meshPart(mesh: MeshState, unheard: string | null): PartWords {
  const words = partOf('mesh', meshWords(mesh));
  if (mesh.state !== 'joined') return words;
  const old = meshVersionWords(mesh);
  if (old !== null) {
    const part = partOf('mesh', old);
    return { ...part, why: `${part.why} ${words.why}`.trim() };
  }
  if (unheard === null || mesh.readers.length === 0) return words;
  const todo = 'It is tried again by itself every second.';
  return { ...words, tone: 'warn', why: sentence(`not served there: ${unheard}`), todo };
}

function pushPart(push: PushState, nowMs: number): PartWords {
  const { state, reason, acceptedMs, queueBytes } = push;
  const words = partOf('push', pushWords(push));
  if (state === 'pushing' && reason === null) return words;
  const since =
    acceptedMs === null
      ? 'The server has taken nothing yet.'
      : `The server took something last ${formatDuration(Math.max(0, nowMs - acceptedMs))} ago.`;
  const kept = queueBytes > 0 ? ` ${formatBytes(queueBytes)} wait on the board.` : '';
  return { ...words, says: `${words.says} ${since}${kept}` };
}

function controlPart({ sinceMs, reason }: ControlAway, nowMs: number): PartWords {
  const awayMs = Math.max(0, nowMs - sinceMs);
  return {
    part: 'control',
    tone: awayMs < CONTROL_SILENT_MS ? 'info' : 'warn',
    short: 'does not answer',
    says: `The control has not answered for ${formatDuration(awayMs)}.`,
    why: sentence(reason),
    todo: 'Nothing here: measuring goes on as it was told last, and reports go on by themselves.',
  };
}

function agentPart({ sinceMs, reason }: AgentTrouble, nowMs: number): PartWords {
  const words = partOf('agent', agentWords({ message: reason, sinceMs, isBehind: false }));
  const since = `It has not succeeded for ${formatDuration(Math.max(0, nowMs - sinceMs))}.`;
  const todo =
    'Mend what the reason names. Meanwhile the board measures by the configuration that it has.';
  return { ...words, says: `${words.says} ${since}`, todo };
}

function partOf(part: PartWords['part'], { tone, short, says, why, todo }: BoardWords): PartWords {
  return { ...{ part, tone, short, todo }, says: sentence(says), why: because(why) };
}

function because(why: string | null): string {
  return why === null ? '' : sentence(why);
}
