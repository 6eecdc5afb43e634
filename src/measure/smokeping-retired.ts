// Series that were replaced: they send no more, but what is in flight still counts, their last
// round still closes, and they are exported for an hour, so that no scrape misses anything.
import type { SeriesSnapshot } from '../core/snapshot.ts';
import type { Engine } from '../engine/engine.ts';
import { type Measured, newLooked, toSnapshot } from './series.ts';

export interface RetiredSeries {
  /** Ends the series of a measurement. What still comes of it belongs to the copy returned. */
  retire(measured: Measured, series: number): Measured;
  isDraining(): boolean;
  /**
   * Frees engine series that are drained and forgets what was shown for an hour. Everything that
   * the engine closed must have been read before: a freed series may be given out again. Returns
   * the freed ones.
   */
  maintain(): number[];
  /** The newest last. */
  snapshots(): SeriesSnapshot[];
}

interface Retired {
  measured: Measured;
  series: number | null;
  snapshot: SeriesSnapshot;
  untilMs: number;
}

const SHOWN_MS = 3_600_000;

/** `monoMs` never goes back. */
export function keepRetired(engine: Engine, monoMs: () => number): RetiredSeries {
  let all: Retired[] = [];

  function drain(one: Retired): number[] {
    if (one.series === null) return [];
    const { series } = one;
    one.snapshot = toSnapshot(one.measured, engine.state(series), false);
    if (!engine.freeSeries(series)) return [];
    one.series = null;
    return [series];
  }

  return {
    retire(measured, series) {
      engine.stopSeries(series);
      const copy = { ...measured };
      measured.series = null;
      measured.lastRound = null;
      measured.looked = newLooked();
      const snapshot = toSnapshot(copy, engine.state(series), false);
      // An address that comes and goes leaves one series, not one for each time.
      all = all.filter((one) => one.series !== null || !isSameRow(one.snapshot, snapshot));
      all.push({ measured: copy, series, snapshot, untilMs: monoMs() + SHOWN_MS });
      return copy;
    },
    isDraining: () => all.some((one) => one.series !== null),
    maintain() {
      const freed = all.flatMap(drain);
      const nowMs = monoMs();
      all = all.filter((one) => one.series !== null || nowMs < one.untilMs);
      return freed;
    },
    snapshots: () => all.map(({ snapshot }) => snapshot),
  };
}

function isSameRow(a: SeriesSnapshot, b: SeriesSnapshot): boolean {
  return (
    a.target === b.target &&
    a.family === b.family &&
    a.host === b.host &&
    a.ip === b.ip &&
    a.source === b.source &&
    a.tos === b.tos
  );
}
