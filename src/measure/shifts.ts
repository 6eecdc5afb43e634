// Whether the median of a target has moved to another level, round by round (core/change-point.ts).
import { type ChangePoint, watchMedian } from '../core/change-point.ts';
import type { ProbeEvent, Round } from '../core/round.ts';

export interface Shifts {
  /** Takes a closed round, in order; the event of a shift that it makes certain, or null. */
  take(round: Round): ProbeEvent | null;
}

/** Targets that were removed are forgotten when there are more than this. */
const SERIES_MAX = 8192;

export function watchShifts(bootId: string): Shifts {
  const series = new Map<string, ChangePoint>();
  let events = 0;
  return {
    take(round) {
      const { target, family, host, ip, rttNs, received, untilMs } = round;
      if (rttNs === null) return null;
      // Another address is another line, not a shift of this one.
      const key = `${family} ${target} ${host} ${ip}`;
      const watched = series.get(key) ?? watchMedian();
      series.delete(key);
      series.set(key, watched);
      if (series.size > SERIES_MAX) forgetOldest(series);
      const shift = watched.add({ atMs: untilMs, medianNs: rttNs.median, received });
      if (shift === null) return null;
      const { beforeNs, afterNs, score, threshold } = shift;
      return {
        id: `${bootId}-s${events++}`,
        kind: 'shift',
        target,
        family,
        fromMs: Math.min(shift.fromMs, untilMs),
        untilMs,
        scope: 'target',
        detail: { beforeNs, afterNs, score, threshold },
      };
    },
  };
}

function forgetOldest(series: Map<string, ChangePoint>): void {
  const oldest = series.keys().next();
  if (oldest.done !== true) series.delete(oldest.value);
}
