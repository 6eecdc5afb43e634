import type { Log } from '../host/log.ts';

// What an agent that fails for days says of it: each trouble once, again when it is another one,
// again after a while, and that it is over. The log folds what is repeated within a minute only.

export interface Voice {
  /** Says it unless the same was said of this matter lately. */
  trouble(matter: string, message: string): void;
  /** The same for what is no trouble but waits for a person: more often. */
  remind(matter: string, message: string): void;
  /** The matter is well again. */
  well(matter: string, message: string): void;
  /** As `well`, but somebody else says so. */
  forget(matter: string): void;
}

export interface VoiceOptions {
  log: Log;
  monotonicMs(): number;
}

const TROUBLE_MS = 900_000;
const REMIND_MS = 240_000;

export function openVoice({ log, monotonicMs }: VoiceOptions): Voice {
  const said = new Map<string, { message: string; atMs: number }>();

  function isDue(matter: string, message: string, intervalMs: number): boolean {
    const last = said.get(matter);
    const nowMs = monotonicMs();
    if (last !== undefined && last.message === message && nowMs - last.atMs < intervalMs) {
      return false;
    }
    said.set(matter, { message, atMs: nowMs });
    return true;
  }

  return {
    trouble(matter, message) {
      if (isDue(matter, message, TROUBLE_MS)) log.warn(message);
    },
    remind(matter, message) {
      if (isDue(matter, message, REMIND_MS)) log.info(message);
    },
    well(matter, message) {
      if (said.delete(matter)) log.info(message);
    },
    forget: (matter) => said.delete(matter),
  };
}
