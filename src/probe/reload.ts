// The configuration in force, and how a changed one takes its place while measuring goes on,
// whether the machine's owner wrote it or the control. What sockets, listener and store were made
// with holds until the next start.
const os = process.getBuiltinModule('node:os');

import type { ProbeConfig } from '../core/config.ts';
import { ProbeError } from '../core/error.ts';
import type { Log } from '../host/log.ts';
import { isReadable, watchConfig } from './config-file.ts';
import { type Settings, settle } from './settings.ts';
import type { ProbeFacts } from './snapshot.ts';
import { type DaemonConfig, followControl, readLocal, type Sources } from './sources.ts';

export interface ReloadOptions {
  config: DaemonConfig;
  sources: Sources;
  facts: ProbeFacts;
  log: Log;
  /** Who reads the file from now on. */
  reader: string;
  /** Measures by this from now on. */
  configure: (settings: Settings) => void;
  /** Told what is wrong with a configuration that was refused. */
  onRefused: (reason: string) => void;
  /** Something of the control's was applied or refused. */
  onControl: () => void;
}

export interface Reloader {
  /** Reads the file again; a bad one changes nothing. */
  reload(): void;
  /** Takes what the control sent meanwhile; call about once a second. */
  look(): void;
  close(): void;
}

/** Watches the file, where there is one and this user can read it. */
export function openReloader(options: ReloadOptions): Reloader {
  const { sources, facts } = options;
  const { file } = sources;
  const reload = (): void => reloadFile(options);
  // The run directory is looked at, not watched: it and the agent's part of it may come later, go
  // and come again, and a look once a second is one call of the kernel.
  const look = (): void => lookAtControl(options);
  facts.isConfigReadable = file === null || isUsable(options, file);
  const watcher = file === null ? null : watch(options, file, reload);
  return { reload, look, close: () => watcher?.close() };
}

function watch(options: ReloadOptions, file: string, reload: () => void) {
  const { facts, log, reader } = options;
  if (!facts.isConfigReadable) {
    log.warn(`${file} cannot be read by ${reader}: a change of it takes effect at the next start`);
    return null;
  }
  return watchConfig(file, reload, (why) =>
    log.warn(`${file} is not watched (${why}): send SIGHUP after a change`),
  );
}

/** One that may be absent is no fault while it is. */
function isUsable({ config }: ReloadOptions, file: string): boolean {
  if (isReadable(file)) return true;
  const isOptional = 'file' in config && config.isOptional === true;
  return isOptional && !process.getBuiltinModule('node:fs').existsSync(file);
}

function reloadFile(options: ReloadOptions): void {
  const { config, sources, facts, log, onRefused } = options;
  try {
    sources.local = readLocal(config);
    const { file } = sources;
    facts.applied = { ...facts.applied, file, atMs: Date.now(), error: null };
    apply(options, file ?? 'configuration');
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
    facts.applied.error = error.message;
    log.error(`configuration refused, the one before goes on: ${error.message}`);
    onRefused(error.message);
  }
  facts.isConfigReadable = sources.file === null || isUsable(options, sources.file);
}

function lookAtControl(options: ReloadOptions): void {
  const { sources, facts, log, onRefused, onControl } = options;
  const read = followControl(sources);
  const { control } = facts;
  if (read === null || control === null) return;
  if (read.state === 'refused') {
    control.error = read.error;
    log.error(`configuration refused, the one before goes on: ${read.error}`);
    onRefused(read.error);
  } else {
    takeControl(facts, sources);
    if (read.state === 'none') log.warn("the control's configuration is gone: the local one holds");
    apply(options, "the control's configuration");
    tellWaiting(facts);
  }
  onControl();
}

/** Notes which document of the control is in force. */
export function takeControl(facts: ProbeFacts, { control }: Sources): void {
  const appliedMs = control === null ? null : Date.now();
  const { etag, unsupported } = control ?? { etag: null, unsupported: [] };
  facts.control = { etag, appliedMs, error: null, unsupported };
}

// Else the control would show as measured so what is not.
function tellWaiting({ control, rules, startedWith, applied }: ProbeFacts): void {
  if (control === null || !rules.ruled.has('smokeping')) return;
  const waiting = START_ONLY.filter(([key, read]) => {
    return key.startsWith('measurements.') && read(applied.config) !== read(startedWith);
  }).map(([key]) => `${key} (until the probe starts again)`);
  control.unsupported = [...waiting, ...control.unsupported].slice(0, UNSUPPORTED_MAX);
}

function apply({ sources, facts, log, configure }: ReloadOptions, origin: string): void {
  const before = facts.applied;
  const settings = settle(sources);
  const { config, etag, ruled, capped } = settings;
  const isSame = etag === before.etag && sameKinds(ruled, facts.rules.ruled);
  facts.rules = { policy: sources.policy, ruled, capped };
  if (isSame) return;
  facts.applied = { ...before, config, etag };
  facts.hostname = config.hostname ?? os.hostname();
  for (const key of waitingChanges(facts.startedWith, before.config, config)) {
    log.warn(`${origin}: the change of ${key} takes effect at the next start`);
  }
  configure(settings);
  log.info('configuration applied', { etag });
  for (const sentence of capped) log.warn(`policy: ${sentence}`);
}

function sameKinds(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((kind) => other.has(kind));
}

/** What differs from the start, of what is read only then, and was changed now. */
function waitingChanges(started: ProbeConfig, before: ProbeConfig, now: ProbeConfig): string[] {
  return START_ONLY.filter(([, read]) => {
    const text = JSON.stringify(read(now));
    return text !== JSON.stringify(read(started)) && text !== JSON.stringify(read(before));
  }).map(([key]) => key);
}

/** As many as a report has room for. */
const UNSUPPORTED_MAX = 65;

const START_ONLY: readonly [string, (config: ProbeConfig) => unknown][] = [
  ['listen', (config) => config.listen],
  ['store', (config) => config.store],
  ['measurements.smokeping.round', (config) => config.measurements.smokeping.roundMs],
  ['measurements.smokeping.timeout', (config) => config.measurements.smokeping.timeoutMs],
];
