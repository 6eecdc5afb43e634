// When the file of known paths is written: soon after a change, so that a crash does not tell it a
// second time, else now and then, and never twice at once.

import type { Log } from '../host/log.ts';
import type { KeptPath } from '../measure/paths-entry.ts';
import { writeKeptPaths } from './path-memory.ts';

export interface PathSaverOptions {
  directory: string;
  log: Log;
  /** Never goes back. */
  monoMs: () => number;
  paths: () => Iterable<KeptPath>;
}

export interface PathSaver {
  /** A path has changed, or was seen for the first time. */
  changed(): void;
  /** Call about once a second. Resolves when what is under way is written; never rejects. */
  look(): Promise<void>;
  /** Writes once more. */
  close(): Promise<void>;
}

/** A card is worn by writing. */
const CHANGED_MS_MIN = 10_000;
const SAVE_MS = 300_000;
/** A new probe may be switched off soon. */
const FIRST_MS = 60_000;

export function openPathSaver({ directory, log, monoMs, paths }: PathSaverOptions): PathSaver {
  let savedMs = monoMs();
  let dueMs = savedMs + FIRST_MS;
  let saving: Promise<void> | null = null;
  let trouble = '';

  async function save(): Promise<void> {
    // Where nothing is known there is nothing to be replaced by it.
    const isEmpty = paths()[Symbol.iterator]().next().done === true;
    if (isEmpty) return;
    try {
      const { leftOut } = await writeKeptPaths(directory, paths());
      tell(leftOut === 0 ? '' : `${leftOut} paths are too many for its file`);
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
  }

  function tell(now: string): void {
    if (now !== '' && now !== trouble)
      log.warn(`not all paths are kept for the next start: ${now}`);
    trouble = now;
  }

  function start(): void {
    savedMs = monoMs();
    dueMs = savedMs + SAVE_MS;
    saving = save().finally(() => {
      saving = null;
    });
  }

  return {
    changed() {
      dueMs = Math.min(dueMs, Math.max(monoMs(), savedMs + CHANGED_MS_MIN));
    },
    async look() {
      if (saving === null && monoMs() >= dueMs) start();
      await saving;
    },
    async close() {
      await saving;
      start();
      await saving;
    },
  };
}
