// What the daemon measures: echoes and paths, under one policy and with the same names. What comes
// of it is handed on; nothing is kept here.
import type { ProbeConfig } from '../core/config.ts';
import type { ProbeEvent, Round } from '../core/round.ts';
import type { PathSnapshot, SeriesSnapshot } from '../core/snapshot.ts';
import type { Log } from '../host/log.ts';
import { openNames } from '../measure/names.ts';
import { Smokeping } from '../measure/smokeping.ts';
import { openDaemonPaths } from './daemon-paths.ts';
import { openDaemonPolicy } from './daemon-policy.ts';
import type { ProbeFacts, Restraint } from './snapshot.ts';

export interface MeasuringOptions {
  facts: Pick<ProbeFacts, 'engine' | 'bootId' | 'startedWith' | 'rules'>;
  /** Of the probe's state. */
  directory: string;
  /** Outages that were open when the probe last stopped. */
  openEvents: readonly ProbeEvent[];
  log: Log;
  onRound: (round: Round) => void;
  onEvent: (event: ProbeEvent) => void;
  /** The load changed: packets a second, and the shortest interval in ms. */
  onPlan: (packetsPerSecond: number, intervalMsMin: number) => void;
  /** There is something to send. */
  onWork: () => void;
}

export interface Measuring {
  /** The guard comes first: what begins now is judged by the rules of now. */
  configure(config: ProbeConfig): void;
  /** Reads what a tick brought; false when more waits that does not come by a timer. */
  afterTick(): boolean;
  /** Call about once a second. */
  look(): void;
  /** Tells something as if it had been measured. */
  emit(event: Omit<ProbeEvent, 'id'>): void;
  series(): Iterable<SeriesSnapshot>;
  paths(): Iterable<PathSnapshot>;
  openEvents(): ProbeEvent[];
  restraint(): Restraint;
  /** Reads what the engine closed; returns how much it was. */
  collect(): number;
  /** No name is asked any more, and what is to outlive the daemon is written. */
  close(): Promise<void>;
}

export function openMeasuring(options: MeasuringOptions): Measuring {
  const { facts, directory, openEvents, log, onRound, onPlan, onWork } = options;
  const { engine, bootId } = facts;
  const monoMs = (): number => performance.now();
  const names = openNames();
  const policy = openDaemonPolicy({ log, monoMs, recheck });
  const { guard } = policy;
  const paths = openDaemonPaths({ facts, names, guard, directory, log, onEvent: take, onWork });
  const smokeping = new Smokeping({
    ...{ engine, names, guard, bootId, nowMs: Date.now, monoMs, openEvents },
    onRound(round) {
      onRound(round);
      paths.takeRound(round);
    },
    onEvent: take,
    onPlan(packetsPerSecond, intervalMsMin) {
      // As the engine was made: what a reload changes of it waits for the next start.
      engine.planFor(packetsPerSecond, facts.startedWith.measurements.smokeping.timeoutMs);
      onPlan(packetsPerSecond, intervalMsMin);
    },
  });

  function take(event: ProbeEvent): void {
    options.onEvent(event);
    paths.takeEvent(event, smokeping.addressOf(event));
  }

  function recheck(): void {
    smokeping.recheck();
    paths.recheck();
  }

  return {
    configure({ measurements }) {
      policy.configure(facts.rules);
      smokeping.configure(measurements.smokeping);
      paths.configure(measurements.path);
    },
    afterTick() {
      const isMore = smokeping.collect() > 0;
      paths.afterTick();
      return smokeping.maintain() && !isMore;
    },
    look() {
      policy.look();
      paths.maintain();
    },
    emit: (event) => smokeping.emit(event),
    series: () => smokeping.snapshots(),
    paths: () => paths.snapshots(),
    openEvents: () => smokeping.openOutages(),
    restraint: () => policy.restraint(),
    collect: () => smokeping.collect(),
    async close() {
      names.close();
      await paths.close();
    },
  };
}
