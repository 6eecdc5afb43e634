// What the smokeping measurement keeps of each (target, family), and whose an engine series is.
import type { TargetConfig } from '../core/config.ts';
import { ProbeError } from '../core/error.ts';
import type { Family } from '../core/round.ts';
import type { Engine, SeriesSpec } from '../engine/engine.ts';
import { type Measured, newMeasured } from './series.ts';

export interface Entry {
  measured: Measured;
  /** When the name is looked up again (`monoMs`); infinite while a look-up is under way. */
  resolveAtMs: number;
  /** When a series that could not be made is tried again; infinite while there is none such. */
  retryAtMs: number;
  /** Echoes of its series that were counted against the policy. */
  charged: number;
  /** When it may begin at an address that many share; null while it does not wait for that. */
  turn: { ip: string; atMs: number } | null;
  /** The configuration has it no more. */
  isGone: boolean;
}

/** `measured` is the entry's own, or a copy once the series was replaced. */
export interface Owner {
  entry: Entry;
  measured: Measured;
  beganMs: number;
}

export function newEntry(target: TargetConfig, family: Family): Entry {
  const retryAtMs = Number.POSITIVE_INFINITY;
  const measured = newMeasured(target, family);
  return { measured, resolveAtMs: 0, retryAtMs, charged: 0, turn: null, isGone: false };
}

export function keyOf(target: string, family: Family): string {
  return `${family} ${target}`;
}

export type Added = { ok: true; series: number } | { ok: false; reason: string };

/** All series may be in use for as long as replaced ones drain: that must end no program. */
export function addSeries(engine: Engine, spec: SeriesSpec): Added {
  try {
    return { ok: true, series: engine.addSeries(spec) };
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
    return { ok: false, reason: error.message };
  }
}

/** What the entries send: packets a second, and the shortest interval in ms. */
export function loadOf(entries: Iterable<Entry>) {
  let packetsPerSecond = 0;
  let intervalMsMin = 3_600_000;
  for (const { measured } of entries) {
    const { intervalMs } = measured.target;
    packetsPerSecond += 1000 / intervalMs;
    intervalMsMin = Math.min(intervalMsMin, intervalMs);
  }
  return { packetsPerSecond, intervalMsMin };
}
