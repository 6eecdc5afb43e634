// Series that were replaced: they send no more, but what is in flight still counts, their last
// round still closes, and they are exported for an hour, so that no scrape misses anything.
import type { SeriesSnapshot } from '../core/snapshot.ts';
import type { Engine } from '../engine/engine.ts';
import { type Measured, newLooked, toSnapshot } from './series.ts';

export interface RetiredSeries {
  /** Ends the series of a measurement. What still comes of it belongs to the copy returned. */
  retire(measured: Measured, series: number): Measured;
  /** The engine series that may have something in flight. */
  draining(): number[];
  /**
   * Frees one of these, if it is drained. Everything that the engine closed must have been read
   * before: a freed series may be given out again. Returns whether it did.
   */
  free(series: number): boolean;
  /** Forgets what was shown for an hour. */
  forget(): void;
  /** All but some, the newest last; a step reads one. What is retired meanwhile is not among it. */
  snapshots(except: ReadonlySet<Measured>): Generator<SeriesSnapshot>;
}

interface Retired {
  measured: Measured;
  /** Null once it is drained: then `last` is what is shown. */
  series: number | null;
  last: SeriesSnapshot | null;
  untilMs: number;
}

const SHOWN_MS = 3_600_000;

/** `monoMs` never goes back. */
export function keepRetired(engine: Engine, monoMs: () => number): RetiredSeries {
  const all = new Set<Retired>();
  /** By the engine's series. */
  const draining = new Map<number, Retired>();
  /** By what tells them apart for a reader: one that comes and goes leaves one, not many. */
  const drained = new Map<string, Retired>();

  function remove(one: Retired): void {
    all.delete(one);
    const row = rowOf(one.measured);
    if (drained.get(row) === one) drained.delete(row);
  }

  return {
    retire(measured, series) {
      engine.stopSeries(series);
      const copy = { ...measured };
      measured.series = null;
      measured.lastRound = null;
      measured.looked = newLooked();
      const old = drained.get(rowOf(copy));
      if (old !== undefined) remove(old);
      const one = { measured: copy, series, last: null, untilMs: monoMs() + SHOWN_MS };
      all.add(one);
      draining.set(series, one);
      return copy;
    },
    draining: () => [...draining.keys()],
    free(series) {
      const one = draining.get(series);
      if (one === undefined) return false;
      const last = toSnapshot(one.measured, engine.state(series), false);
      if (!engine.freeSeries(series)) return false;
      draining.delete(series);
      one.series = null;
      one.last = last;
      const row = rowOf(one.measured);
      const old = drained.get(row);
      if (old !== undefined) all.delete(old);
      drained.set(row, one);
      return true;
    },
    forget() {
      const nowMs = monoMs();
      for (const one of all) if (one.series === null && nowMs >= one.untilMs) remove(one);
    },
    *snapshots(except) {
      for (const one of [...all]) {
        if (except.has(one.measured)) continue;
        const { measured, series, last } = one;
        yield last ?? toSnapshot(measured, series === null ? null : engine.state(series), false);
      }
    },
  };
}

function rowOf({ target, family, ip }: Measured): string {
  const { id, host, source, tos } = target;
  return JSON.stringify([id, family, host, ip, source, tos]);
}
