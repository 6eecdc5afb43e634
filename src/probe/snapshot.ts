// Everything that metrics, page and status API show. The series are gathered in slices, so that
// thousands of them do not hold up the tick: those of one snapshot are some milliseconds apart.
const os = process.getBuiltinModule('node:os');

import { randomBytes } from 'node:crypto';
import { formatRange } from '../core/address-range.ts';
import type { ProbeConfig } from '../core/config.ts';
import type { MeasuredKind } from '../core/policy-caps.ts';
import type { ProbeEvent } from '../core/round.ts';
import type {
  EngineCounters,
  PathSnapshot,
  ProbeSnapshot,
  SeriesSnapshot,
} from '../core/snapshot.ts';
import type { Engine } from '../engine/engine.ts';
import { hardwareModel } from '../host/places.ts';
import type { LoadedConfig } from './config-file.ts';
import type { BoardSnapshot } from './mesh-watch.ts';
import { type LoadedPolicy, NO_POLICY } from './policy-file.ts';
import type { StoreStats } from './store/store.ts';
import { startSlice } from './time-slice.ts';

/** What does not change by measuring. */
export interface ProbeFacts {
  engine: Engine;
  hostname: string;
  version: string;
  hardware: string | null;
  /** Names this run: rounds are numbered from 0 in each. */
  bootId: string;
  startedMs: number;
  /** What sockets, listener and store were made with. */
  startedWith: ProbeConfig;
  applied: LoadedConfig & { file: string | null; atMs: number; error: string | null };
  isConfigReadable: boolean;
  /** Null without a run directory: no control can be heard. */
  control: ControlFacts | null;
  rules: { policy: LoadedPolicy; ruled: ReadonlySet<MeasuredKind>; capped: readonly string[] };
  /** What the policy held back or slowed down while measuring. */
  restraint: () => Restraint;
  /** Reports that could not be written. */
  reportErrors: () => number;
  /** Mesh, lockdown and push; null on a machine without an agent. */
  board: () => BoardSnapshot | null;
}

/** Of the control's document. */
export interface ControlFacts {
  /** Of the one in force; null while none is. */
  etag: string | null;
  appliedMs: number | null;
  /** Why the newest one was refused; the one before goes on. */
  error: string | null;
  unsupported: readonly string[];
}

export interface Restraint {
  /** Packets that were not sent, by kind. */
  heldBack: Readonly<Record<MeasuredKind, number>>;
  /** Addresses that more series share than it allows at their pace, a sentence each. */
  slowed: readonly string[];
}

/** The snapshot as the daemon knows it; others may leave out what the policy does. */
export interface DaemonSnapshot extends ProbeSnapshot {
  control?: ControlFacts | null;
  policy?: PolicySnapshot;
  reportErrors?: number;
  /** Null on a machine without an agent. */
  board?: BoardSnapshot | null;
}

export interface PolicySnapshot {
  /** Null for the built-in one, which rules the control's document alone. */
  file: string | null;
  /** Kinds that it rules now. */
  ruled: readonly MeasuredKind[];
  privateRanges: readonly string[];
  packetsPerSecond: number;
  packetsPerSecondPerDestination: number;
  bytesPerDay: number;
  kinds: readonly string[];
  capped: readonly string[];
  heldBack: Readonly<Record<MeasuredKind, number>>;
}

export function gatherFacts(
  engine: Engine,
  version: string,
  loaded: LoadedConfig & { file: string | null },
  given: Partial<Pick<ProbeFacts, 'control' | 'rules' | 'restraint'>> = {},
): ProbeFacts {
  const startedMs = Date.now();
  return {
    engine,
    hostname: loaded.config.hostname ?? os.hostname(),
    version,
    hardware: hardwareModel(),
    bootId: randomBytes(6).toString('hex'),
    startedMs,
    startedWith: loaded.config,
    applied: {
      config: loaded.config,
      etag: loaded.etag,
      file: loaded.file,
      atMs: startedMs,
      error: null,
    },
    isConfigReadable: true,
    control: given.control ?? null,
    rules: given.rules ?? { policy: NO_POLICY, ruled: new Set(), capped: [] },
    restraint: given.restraint ?? (() => ({ heldBack: { smokeping: 0, path: 0 }, slowed: [] })),
    reportErrors: () => 0,
    board: () => null,
  };
}

export interface Measurements {
  series: SeriesSnapshot[];
  paths: PathSnapshot[];
  store: StoreStats;
  openEvents: ProbeEvent[];
}

export function buildSnapshot(facts: ProbeFacts, measured: Measurements): DaemonSnapshot {
  const { engine, applied } = facts;
  const { store } = measured;
  return {
    hostname: facts.hostname,
    version: facts.version,
    hardware: facts.hardware,
    bootId: facts.bootId,
    startedMs: facts.startedMs,
    nowMs: Date.now(),
    // How far the clock is off is known to the NTP daemon, not to us.
    clock: { state: engine.isClockSynced() ? 'synced' : 'unsynced', offsetNs: null },
    addon: engine.transport.name,
    series: measured.series,
    paths: measured.paths,
    engine: engineCounters(engine),
    config: {
      etag: applied.etag,
      file: applied.file,
      appliedMs: applied.atMs,
      error: applied.error,
      readable: facts.isConfigReadable,
    },
    store: {
      bytes: store.bytes,
      oldestMs: store.oldestMs,
      errors: store.errors,
      lastError: store.lastError,
    },
    openEvents: measured.openEvents,
    control: facts.control,
    policy: policySnapshot(facts),
    reportErrors: facts.reportErrors(),
    board: facts.board(),
  };
}

function policySnapshot({ rules, restraint }: ProbeFacts): PolicySnapshot {
  const { policy, file } = rules.policy;
  const { heldBack, slowed } = restraint();
  return {
    file,
    ruled: [...rules.ruled],
    privateRanges: policy.privateRanges.map(formatRange),
    packetsPerSecond: policy.packetsPerSecond,
    packetsPerSecondPerDestination: policy.packetsPerSecondPerDestination,
    bytesPerDay: policy.bytesPerDay,
    kinds: policy.kinds,
    capped: [...rules.capped, ...slowed],
    heldBack,
  };
}

/** Takes each step of a reader when there is time for it. */
export async function gather<One>(steps: Iterable<One>): Promise<One[]> {
  const slice = startSlice();
  const all: One[] = [];
  for (const one of steps) {
    all.push(one);
    if (slice.isOver()) await slice.next();
  }
  return all;
}

function engineCounters(engine: Engine): EngineCounters {
  const figures = engine.figures();
  const { bounds, counts, sumSeconds } = figures.lateness;
  return {
    transport: engine.transport.name,
    stamps: engine.transport.stamps,
    ticks: figures.ticks,
    tickLate: { bounds, counts, sumSeconds },
    alien: figures.alien,
    drops: figures.drops,
    overflows: figures.overflows,
    clockSteps: figures.clockSteps,
    inflight: figures.inflight,
  };
}
