import * as v from 'valibot';
import { BOARD_STATE, BOARD_STATE_BYTES_MAX, type BoardState } from '../core/board-state.ts';
import { readWhole, writeWhole } from '../host/file.ts';
import type { Agent } from './agent-state.ts';
import type { ControlWord, PartContext } from './part.ts';
import { openHandover, reasonOf } from './places.ts';

// What the parts of a board are given of the agent, and what the daemon is told of them.

export function boardContext(agent: Agent, board: () => BoardState): PartContext {
  const { log, voice, env, signal, clock } = agent;
  return {
    ...{ log, voice, env, signal, board },
    nowMs: () => clock.nowMs(),
    isClockSynced: () => ['synced', 'adopted'].includes(clock.state()),
    probeName: () => agent.state.credentials?.probe ?? null,
    askControl: (path, body) => askControl(agent, path, body),
  };
}

/** False when it could not be written: then the daemon knows no better than before. */
export function writeBoardState(agent: Agent, board: BoardState): boolean {
  const { places, voice } = agent;
  try {
    const whole = v.parse(BOARD_STATE, board);
    openHandover(places);
    writeWhole(places.boardState, `${JSON.stringify(whole)}\n`, {
      mode: 0o644,
      isDirectoryGiven: true,
    });
    voice.well('board', 'the daemon hears of the board again');
    return true;
  } catch (error) {
    voice.trouble('board', `the daemon does not hear how the board stands: ${reasonOf(error)}`);
    return false;
  }
}

/** How long a daemon would take it for known. */
const REMEMBERED_MS = 180_000;

/**
 * What this agent's forerunner said in this boot. Until the parts were stepped nobody knows better,
 * and to say nothing would close the daemon's listener on the mesh at each restart.
 */
export function lastBoardState({ places, clock }: Agent): BoardState | null {
  const owners = [process.getuid?.() ?? 0];
  try {
    const text = readWhole(places.boardState, { bytesMax: BOARD_STATE_BYTES_MAX, owners });
    if (text === null) return null;
    const board = v.parse(BOARD_STATE, JSON.parse(text));
    return Math.abs(clock.nowMs() - board.writtenMs) <= REMEMBERED_MS ? board : null;
  } catch {
    return null;
  }
}

async function askControl(agent: Agent, path: string, body: unknown): Promise<ControlWord> {
  const { state, signal } = agent;
  const { credentials, board } = state;
  if (credentials === null) {
    return { ok: false, reason: 'this board is not enrolled yet', retryAfterMs: null };
  }
  const answer = await board.client.post({
    path,
    body: JSON.stringify(body),
    schema: v.unknown(),
    apiKey: credentials.apiKey,
    signal,
  });
  if (answer.ok) return { ok: true, value: answer.value };
  // An older control, or one that has no part in this.
  if (answer.kind === 'missing') return { ok: true, value: null };
  return { ok: false, reason: answer.message, retryAfterMs: answer.retryAfterMs };
}
