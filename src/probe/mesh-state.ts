// How the board's own parts stand, as its agent left it in the run directory. The agent is
// believed, by the owner of its file, and only for as long as it keeps saying so: what an agent
// said that has died since is no longer known.
const path = process.getBuiltinModule('node:path');

import * as v from 'valibot';
import { BOARD_STATE, BOARD_STATE_BYTES_MAX, type BoardState } from '../core/board-state.ts';
import { readWhole } from '../host/file.ts';
import { versionOf } from '../measure/names-file.ts';
import { printable } from './printable.ts';

export type BoardRead =
  /** No agent says anything: a machine that has none. */
  | { kind: 'none' }
  /** One did, and it is not known how the board stands now. */
  | { kind: 'unknown'; reason: string }
  | { kind: 'known'; state: BoardState };

export interface BoardReader {
  /** Reads the file where it is another than before; call about once a second. Never throws. */
  look(): BoardRead;
}

export interface BoardReaderOptions {
  file: string;
  /** Whose file is believed. */
  owners: readonly number[];
  nowMs: () => number;
  /** A clock that never goes back, ms. */
  monoMs: () => number;
}

/** The agent writes at least once a minute. */
export const STALE_MS = 180_000;
const REASON_LENGTH_MAX = 500;

export function boardFile(runDirectory: string): string {
  return path.join(runDirectory, 'agent', 'board.json');
}

export function openBoardReader(options: BoardReaderOptions): BoardReader {
  const { file, owners, nowMs, monoMs } = options;
  const seen = { version: '', atMs: monoMs(), read: { kind: 'none' } as BoardRead };
  return {
    look() {
      const version = fileVersion(file);
      if (version !== seen.version) {
        Object.assign(seen, { version, atMs: monoMs(), read: readBoard(file, owners) });
      }
      // Both clocks: the one may be set, and the other does not know how old a file was at the
      // start.
      return staleness(seen.read, { nowMs: nowMs(), sinceMs: monoMs() - seen.atMs });
    },
  };
}

function staleness(read: BoardRead, { nowMs, sinceMs }: { nowMs: number; sinceMs: number }) {
  if (read.kind !== 'known') return read;
  const ageMs = Math.max(Math.abs(nowMs - read.state.writtenMs), sinceMs);
  if (ageMs <= STALE_MS) return read;
  const reason =
    'the agent of this board has said nothing for more than three minutes: it may not be running';
  return { kind: 'unknown', reason } satisfies BoardRead;
}

function fileVersion(file: string): string {
  try {
    return versionOf(file) ?? '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}

function readBoard(file: string, owners: readonly number[]): BoardRead {
  try {
    const text = readWhole(file, { bytesMax: BOARD_STATE_BYTES_MAX, owners });
    return text === null ? { kind: 'none' } : judgeBoard(JSON.parse(text));
  } catch (error) {
    return unknown(error instanceof Error ? error.message : String(error));
  }
}

function judgeBoard(document: unknown): BoardRead {
  const parsed = v.safeParse(BOARD_STATE, document, { abortEarly: true });
  if (parsed.success) return { kind: 'known', state: parsed.output };
  const [issue] = parsed.issues;
  const at = v.getDotPath(issue);
  return unknown(at === null ? issue.message : `${at}: ${issue.message}`);
}

function unknown(why: string): BoardRead {
  const reason = `what the agent says of this board cannot be read: ${why}`;
  return { kind: 'unknown', reason: printable(reason, REASON_LENGTH_MAX) };
}
