// Runs the built program, as a user would, in a namespace.
import { existsSync, readFileSync } from 'node:fs';
import { scratchFile } from '../lab/namespace.ts';
import {
  type LabProcess,
  type Namespace,
  type Result,
  type RunOptions,
  sleep,
} from '../lab/net.ts';
import { ROOT } from '../native/copy.ts';

export const MAIN = `${ROOT}dist/main.js`;

/** Words before the program take root's way to raw sockets, and leave it all files. */
export const WITHOUT_RAW = ['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw'];

const OPENS_MS_MAX = 15_000;
const POLL_MS = 10;

export interface FlintOptions extends RunOptions {
  before?: readonly string[];
}

/** `flint` with words as one would type them, to its end. */
export function flint(
  place: Namespace,
  words: string,
  options: FlintOptions = {},
): Promise<Result> {
  const [command = '', ...args] = commandOf(words, options);
  return place.exec(command, args, optionsOf(options));
}

export function startFlint(
  place: Namespace,
  words: string,
  options: FlintOptions = {},
): LabProcess {
  const [command = '', ...args] = commandOf(words, options);
  return place.spawn(command, args, optionsOf(options));
}

/** Waits until it opens its transport: by then it minds signals. Fails at its end or after 15 s. */
export async function untilOpens({ pid, output }: LabProcess): Promise<void> {
  const deadlineMs = Date.now() + OPENS_MS_MAX;
  while (Date.now() < deadlineMs && existsSync(`/proc/${pid}`)) {
    if (readFileSync(`/proc/${pid}/maps`, 'utf8').includes('/flint.node')) return;
    await sleep(POLL_MS);
  }
  throw new Error(`no transport was opened: ${output().stderr}`);
}

function commandOf(words: string, { before = [] }: FlintOptions): string[] {
  return [...before, process.execPath, MAIN, ...words.split(' ').filter((word) => word !== '')];
}

function optionsOf({ before: _, env, ...options }: FlintOptions): RunOptions {
  // Nothing is left in that of the machine.
  const places = { RUNTIME_DIRECTORY: scratchFile('run') };
  return { timeoutMs: 20_000, ...options, env: { ...process.env, ...places, ...env } };
}

export interface Line {
  type: string;
  host: string;
  ip: string | null;
  family: string | null;
  seq: number | null;
  rttNs: number | null;
  quality: string | null;
  ttl: number | null;
  timeMs: number | null;
  reason?: string;
  from?: string;
}

export interface Summary {
  type: 'summary';
  host: string;
  ip: string;
  family: string;
  sent: number;
  received: number;
  lost: number;
  duplicates: number;
  rttNs: Record<string, number> | null;
  jitterNs: number | null;
}

/** The lines that `flint ping --json` printed. */
export function parseLines(stdout: string): { lines: Line[]; summaries: Summary[] } {
  const all = stdout
    .split('\n')
    .filter(Boolean)
    .map((text) => JSON.parse(text) as Line | Summary);
  return {
    lines: all.filter((one): one is Line => one.type !== 'summary'),
    summaries: all.filter((one): one is Summary => one.type === 'summary'),
  };
}

export function countBy<T>(items: readonly T[], key: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
  return counts;
}
