// What the smokeping measurement shows. A thousand series take some 20 ms to read, so a reader may
// let other work pass between two steps: each series is read in one step, so that its own figures
// fit together, and two series some milliseconds apart.
import type { SeriesSnapshot } from '../core/snapshot.ts';
import type { Engine } from '../engine/engine.ts';
import { type Measured, toSnapshot } from './series.ts';
import type { Entry, Owner } from './smokeping-entry.ts';
import type { RetiredSeries } from './smokeping-retired.ts';

export interface SnapshotContext {
  engine: Engine;
  /** Those of the configuration in force: another map once there is another. */
  entries: () => ReadonlyMap<string, Entry>;
  owners: ReadonlyMap<number, Owner>;
  retired: RetiredSeries;
}

/**
 * Current series first, then replaced ones, the newest last. What is replaced between two steps is
 * shown once: as it was when it was read, or else by what took its place and among the replaced.
 */
export function* readSeries(context: SnapshotContext): Generator<SeriesSnapshot> {
  const read = new Set<string>();
  const shown = new Set<Owner>();
  let entries: ReadonlyMap<string, Entry> | null = null;
  while (entries !== context.entries()) {
    entries = context.entries();
    for (const [key, entry] of entries) {
      if (entry.isGone || read.has(key)) continue;
      read.add(key);
      yield readCurrent(context, entry, shown);
    }
  }
  const replaced = new Set<Measured>();
  for (const { measured } of shown) replaced.add(measured);
  yield* context.retired.snapshots(replaced);
}

function readCurrent(
  { engine, owners }: SnapshotContext,
  { measured }: Entry,
  shown: Set<Owner>,
): SeriesSnapshot {
  const { series } = measured;
  if (series === null) return toSnapshot(measured, null, true);
  // It knows the copy that a series belongs to once it is replaced.
  const owner = owners.get(series);
  if (owner !== undefined) shown.add(owner);
  return toSnapshot(measured, engine.state(series), true);
}
