// When vmagent is best started again. It scrapes at moments of the wall clock that we gave it, and
// one that passes while it does not run is lost: so it is told in the longest pause between two,
// which is some seconds, while a restart takes a fraction of one.

/** Scrapes happen at `offsetMs` within each interval of Unix time. */
export interface Moment {
  offsetMs: number;
  intervalMs: number;
}

/** What a scrape may take until its samples are in the queue. */
const SETTLE_MS = 500;
/** A pause of this length will do: nobody waits for a longer one. */
const ENOUGH_MS = 3_000;
/** The longest wait. */
const AHEAD_MS = 20_000;

/** Waits until then, or until the end of `signal`. */
export async function awaitQuiet(
  moments: readonly Moment[],
  signal: AbortSignal,
  nowMs = Date.now,
): Promise<void> {
  const waitMs = untilQuietMs(moments, nowMs());
  if (waitMs === 0 || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, waitMs);
    signal.addEventListener('abort', end);
  });
}

/** How long to wait from `nowMs`, Unix milliseconds; 0 where nothing is scraped. */
export function untilQuietMs(moments: readonly Moment[], nowMs: number): number {
  const times = momentsAround(moments, nowMs);
  const starts = [nowMs, ...times.map((time) => time + SETTLE_MS)]
    .filter((start) => start >= nowMs && start <= nowMs + AHEAD_MS)
    // A scrape that is just under way is no pause.
    .filter((start) => !times.some((time) => time <= start && start < time + SETTLE_MS))
    .sort((a, b) => a - b);
  const pauses = starts.map((start) => ({
    start,
    lengthMs: Math.min(...times.filter((time) => time > start)) - start,
  }));
  const enough = pauses.find(({ lengthMs }) => lengthMs >= ENOUGH_MS);
  const [longest] = [...pauses].sort((a, b) => b.lengthMs - a.lengthMs);
  return ((enough ?? longest)?.start ?? nowMs) - nowMs;
}

function momentsAround(moments: readonly Moment[], nowMs: number): number[] {
  const endMs = nowMs + 2 * AHEAD_MS;
  return moments.flatMap(({ offsetMs, intervalMs }) => {
    const times: number[] = [];
    const first = Math.floor((nowMs - SETTLE_MS - offsetMs) / intervalMs) * intervalMs + offsetMs;
    for (let time = first; time <= endMs; time += intervalMs) times.push(time);
    return times;
  });
}
