// A board of its own directories, for one test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentPlaces, agentPlaces } from '../../src/board/places.ts';
import { type Log, openLog } from '../../src/host/log.ts';

export interface BoardPlace {
  directory: string;
  state: string;
  run: string;
  places: AgentPlaces;
  log: Log;
  /** What the log said. */
  lines: string[];
}

export async function inPlace(use: (place: BoardPlace) => void | Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-board-'));
  const state = join(directory, 'state');
  const run = join(directory, 'run');
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(text) };
  const log = openLog({ stream, nowMs: Date.now, journal: false });
  try {
    await use({ directory, state, run, places: agentPlaces(state, run), log, lines });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
