// Everything that metrics, page and status API show. The series are gathered in slices, so that
// thousands of them do not hold up the tick: those of one snapshot are some milliseconds apart.
const os = process.getBuiltinModule('node:os');

import { randomBytes } from 'node:crypto';
import type { ProbeConfig } from '../core/config.ts';
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
import type { StoreStats } from './store.ts';
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
}

export function gatherFacts(
  engine: Engine,
  version: string,
  loaded: LoadedConfig & { file: string | null },
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
    applied: { ...loaded, atMs: startedMs, error: null },
    isConfigReadable: true,
  };
}

export interface Measurements {
  series: SeriesSnapshot[];
  paths: PathSnapshot[];
  store: StoreStats;
  openEvents: ProbeEvent[];
}

export function buildSnapshot(facts: ProbeFacts, measured: Measurements): ProbeSnapshot {
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
