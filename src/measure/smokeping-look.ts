// The look at everything that is measured, about once a second, in steps between which the engine
// ticks: a thousand targets that begin at once, or lose their interface, must not hold it up.
import type { Engine } from '../engine/engine.ts';
import { lookAtSends } from './series.ts';
import type { Entry, Owner } from './smokeping-entry.ts';
import type { RetiredSeries } from './smokeping-retired.ts';

export interface LookOptions {
  engine: Engine;
  /** Never goes back, ms. */
  monoMs: () => number;
  entries: () => Iterable<Entry>;
  owners: Map<number, Owner>;
  retired: RetiredSeries;
  /** Reads some of what the engine closed; returns how much it was. */
  collect: () => number;
  /** The interface of an entry may be another now, or its series could not be made. */
  onDevice: (entry: Entry) => void;
  /** Counts what it sent; returns whether the policy stopped it. */
  obey: (entry: Entry) => boolean;
  /** Its name is to be looked up. */
  onResolve: (entry: Entry) => void;
}

export interface Look {
  /** Goes on, or begins when it is time. Returns false when there is more to do soon. */
  step(): boolean;
  /** Begins anew, now: there are other entries. */
  restart(): void;
}

const LOOK_MS = 1000;
/** What is done in one step, of the order of half a millisecond. */
const EFFORT_MAX = 256;
/** Of a look-up, a new series or a freed one; 1 of a mere look. */
const CHANGE_EFFORT = 16;

export function startLook(options: LookOptions): Look {
  let steps: Generator<void> | null = null;
  let dueMs = Number.NEGATIVE_INFINITY;

  function step(): boolean {
    const nowMs = options.monoMs();
    if (steps === null && nowMs < dueMs) return true;
    if (steps === null) dueMs = nowMs + LOOK_MS;
    steps ??= lookAround(options);
    const isOver = steps.next().done === true;
    if (isOver) steps = null;
    return isOver;
  }

  return {
    step,
    restart() {
      steps = null;
      dueMs = Number.NEGATIVE_INFINITY;
      step();
    },
  };
}

function* lookAround(options: LookOptions): Generator<void> {
  const { entries, owners, retired, collect } = options;
  let effort = 0;
  for (const entry of entries()) {
    effort += lookAt(entry, options);
    if (effort < EFFORT_MAX) continue;
    effort = 0;
    yield;
  }
  for (const series of retired.draining()) {
    while (collect() > 0) yield;
    if (retired.free(series)) owners.delete(series);
    effort += CHANGE_EFFORT;
    if (effort < EFFORT_MAX) continue;
    effort = 0;
    yield;
  }
  retired.forget();
}

function lookAt(entry: Entry, options: LookOptions): number {
  const { engine, monoMs, onDevice, onResolve, obey } = options;
  const nowMs = monoMs();
  const isStopped = obey(entry);
  const isDeviceDue = lookAtSends(entry.measured, engine) || nowMs >= entry.retryAtMs;
  if (isDeviceDue) onDevice(entry);
  const isResolveDue = nowMs >= entry.resolveAtMs;
  if (isResolveDue) onResolve(entry);
  return isStopped || isDeviceDue || isResolveDue ? CHANGE_EFFORT : 1;
}
