import { execFile } from 'node:child_process';

const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { ProbeError } from '../core/error.ts';

// The clock of this machine: who says that it is synchronised, and how it is set.

/** systemd-timesyncd makes this file at its first answer of a boot. */
const SYNCHRONIZED = '/run/systemd/timesync/synchronized';
const SET_MS_MAX = 5_000;

/** Whether systemd's NTP client says so; others are known through the daemon's report. */
export function isTimesyncDone(file: string = SYNCHRONIZED): boolean {
  return fs.existsSync(file);
}

/**
 * How this process may set the clock: the command it would run for a time in Unix milliseconds.
 * Throws ERR_USAGE when it is not root or there is no such command.
 */
export function clockCommand(env: Readonly<Record<string, string | undefined>>): string[] {
  if (process.getuid?.() !== 0) {
    throw new ProbeError('ERR_USAGE', 'only root may set the clock: leave --set-clock out');
  }
  const directories = (env['PATH'] ?? '').split(':').filter((one) => one.startsWith('/'));
  const found = directories.map((one) => path.join(one, 'date')).find(isExecutable);
  if (found !== undefined) return [found, '-u', '-s'];
  throw new ProbeError(
    'ERR_USAGE',
    'the clock cannot be set: there is no "date" in any directory of PATH',
  );
}

/** Runs the command. Rejects when it fails or does not end. */
export function clockSetter(command: readonly string[]): (ms: number) => Promise<void> {
  const [file = '', ...words] = command;
  return (ms) =>
    new Promise((resolve, reject) => {
      const args = [...words, `@${Math.round(ms / 1000)}`];
      execFile(file, args, { timeout: SET_MS_MAX, env: {} }, (error) =>
        error === null ? resolve() : reject(error),
      );
    });
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
