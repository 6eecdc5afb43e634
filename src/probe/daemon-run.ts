// The daemon's part of the run directory. A machine without one, or where it cannot be made, is
// measured like any other: only nobody is told.
import { ProbeError } from '../core/error.ts';
import type { Identity } from '../engine/privileges.ts';
import type { Log } from '../host/log.ts';
import { prepareRun } from './places.ts';

/** While root is not given up; null when there is none. */
export function openRun(
  directory: string | null,
  identity: Identity | null,
  log: Log,
): string | null {
  if (directory === null) return null;
  try {
    return prepareRun(directory, identity);
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
    log.warn(`${error.message}; no report is written`);
    return null;
  }
}
