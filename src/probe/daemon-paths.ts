// Paths in the daemon: what traces them, what makes them be traced out of turn, and the file in
// which they outlive a restart.
import type { PathConfig } from '../core/config.ts';
import type { ProbeEvent, Round } from '../core/round.ts';
import type { PathSnapshot } from '../core/snapshot.ts';
import type { Log } from '../host/log.ts';
import type { Guard } from '../measure/guard.ts';
import { Paths } from '../measure/paths.ts';
import type { Names } from '../measure/resolution.ts';
import { watchShifts } from '../measure/shifts.ts';
import { Tracer } from '../measure/tracer.ts';
import { readKeptPaths } from './path-memory.ts';
import { openPathSaver } from './path-saver.ts';
import type { ProbeFacts } from './snapshot.ts';

export interface DaemonPathsOptions {
  facts: Pick<ProbeFacts, 'engine' | 'bootId' | 'startedWith'>;
  names: Names;
  guard: Guard;
  /** Of the probe's state. */
  directory: string;
  log: Log;
  onEvent: (event: ProbeEvent) => void;
  /** There is something to send. */
  onWork: () => void;
}

export interface DaemonPaths {
  configure(config: PathConfig): void;
  /** Judges all addresses anew. */
  recheck(): void;
  /** Reads outcomes; call after every tick. */
  afterTick(): void;
  /** Call about once a second. */
  maintain(): void;
  /** A round of smokeping closed: its median may have moved. */
  takeRound(round: Round): void;
  /** Something was told of a target: an outage that begins is a reason to look at its path. */
  takeEvent(event: ProbeEvent, ip: string | null): void;
  snapshots(): Iterable<PathSnapshot>;
  /** Writes what is to outlive the daemon. */
  close(): Promise<void>;
}

export function openDaemonPaths(options: DaemonPathsOptions): DaemonPaths {
  const { facts, names, guard, directory, log, onEvent, onWork } = options;
  const { engine, bootId } = facts;
  const { packetsPerSecond, answersPerSecond } = facts.startedWith.measurements.path;
  const monoMs = (): number => performance.now();
  const tracer = new Tracer(engine, { packetsPerSecond, answersPerSecond, monoMs, guard });
  const shifts = watchShifts(bootId);
  let isBehind = false;
  const paths = new Paths({
    engine,
    tracer,
    names,
    guard,
    bootId,
    nowMs: Date.now,
    monoMs,
    kept: readKeptPaths(directory, (reason) => log.warn(reason)),
    onEvent: (event) => {
      log.info(`path to ${event.target} (${event.family}) changed`, logged(event));
      saver.changed();
      onEvent(event);
    },
    onWork,
  });
  const saver = openPathSaver({ directory, log, monoMs, paths: () => paths.keptPaths() });

  /** Once for each configuration: it is a matter of arithmetic. */
  function lookBehind(): void {
    const skipped = paths.skipped();
    if (isBehind || skipped === 0) return;
    isBehind = true;
    log.warn(
      'traces take longer than their interval: turns are left out (flint_path_skipped_total); ' +
        'a longer measurements.path.interval, fewer targets or more packetsPerSecond help',
    );
  }

  return {
    configure(config) {
      isBehind = false;
      tracer.setPace(config);
      paths.configure(config);
    },
    recheck: () => paths.recheck(),
    afterTick: () => void tracer.collect(),
    maintain() {
      paths.maintain();
      lookBehind();
      void saver.look();
    },
    takeRound(round) {
      const event = shifts.take(round);
      if (event === null) return;
      onEvent(event);
      paths.trigger(round.ip);
    },
    takeEvent({ kind, untilMs, scope }, ip) {
      if (kind !== 'outage' || untilMs !== null) return;
      paths.trigger(scope === 'uplink' ? null : ip);
    },
    snapshots: () => paths.snapshots(),
    close: () => saver.close(),
  };
}

function logged({ detail }: ProbeEvent): Record<string, string> {
  return { from: String(detail['before'] ?? ''), to: String(detail['after'] ?? '') };
}
