// The configuration in force, and how a changed file takes its place while measuring goes on. What
// sockets, listener and store were made with holds until the next start.
import type { ProbeConfig } from '../core/config.ts';
import { ProbeError } from '../core/error.ts';
import type { Log } from '../host/log.ts';
import { isReadable, type LoadedConfig, loadConfig, watchConfig } from './config-file.ts';
import type { ProbeFacts } from './snapshot.ts';

export interface ReloadOptions {
  file: string;
  facts: ProbeFacts;
  log: Log;
  /** Who reads the file from now on. */
  reader: string;
  /** Measures by this from now on. */
  configure: (config: ProbeConfig['measurements']) => void;
  /** Told what is wrong with a file that was refused. */
  onRefused: (reason: string) => void;
}

export interface Reloader {
  /** Reads the file again; a bad one changes nothing. */
  reload(): void;
  close(): void;
}

/** Watches the file, where this user can read it. */
export function openReloader(options: ReloadOptions): Reloader {
  const { file, facts, log, reader } = options;
  const reload = (): void => reloadFile(options);
  facts.isConfigReadable = isReadable(file);
  if (!facts.isConfigReadable) {
    log.warn(`${file} cannot be read by ${reader}: a change of it takes effect at the next start`);
    return { reload, close: () => undefined };
  }
  const watcher = watchConfig(file, reload, (why) =>
    log.warn(`${file} is not watched (${why}): send SIGHUP after a change`),
  );
  return { reload, close: () => watcher.close() };
}

function reloadFile(options: ReloadOptions): void {
  const { file, facts, log, onRefused } = options;
  try {
    apply(options, loadConfig(file));
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
    facts.applied.error = error.message;
    log.error(`configuration refused, the one before goes on: ${error.message}`);
    onRefused(error.message);
  }
  facts.isConfigReadable = isReadable(file);
}

function apply({ file, facts, log, configure }: ReloadOptions, loaded: LoadedConfig): void {
  const before = facts.applied;
  facts.applied = { ...loaded, file, atMs: Date.now(), error: null };
  if (loaded.etag === before.etag) return;
  for (const key of waitingChanges(facts.startedWith, before.config, loaded.config)) {
    log.warn(`${file}: the change of ${key} takes effect at the next start`);
  }
  configure(loaded.config.measurements);
  log.info('configuration applied', { etag: loaded.etag });
}

/** What differs from the start, of what is read only then, and was changed now. */
function waitingChanges(started: ProbeConfig, before: ProbeConfig, now: ProbeConfig): string[] {
  return START_ONLY.filter(([, read]) => {
    const text = JSON.stringify(read(now));
    return text !== JSON.stringify(read(started)) && text !== JSON.stringify(read(before));
  }).map(([key]) => key);
}

const START_ONLY: readonly [string, (config: ProbeConfig) => unknown][] = [
  ['hostname', (config) => config.hostname],
  ['listen', (config) => config.listen],
  ['store', (config) => config.store],
  ['measurements.smokeping.round', (config) => config.measurements.smokeping.roundMs],
  ['measurements.smokeping.timeout', (config) => config.measurements.smokeping.timeoutMs],
  ['measurements.path.packetsPerSecond', (config) => config.measurements.path.packetsPerSecond],
  ['measurements.path.answersPerSecond', (config) => config.measurements.path.answersPerSecond],
];
