// Long work on the one thread gives way to the event loop every few milliseconds, so that sends
// stay on time: `if (slice.isOver()) await slice.next()`.

export interface TimeSlice {
  isOver(): boolean;
  /** Resolves after timers and I/O had their turn. */
  next(): Promise<void>;
}

const SLICE_MS = 4;

/** `steps`: the clock is read once in so many calls, for work whose steps cost less than that. */
export function startSlice(steps = 1): TimeSlice {
  let untilMs = performance.now() + SLICE_MS;
  let calls = 0;
  return {
    isOver: () => ++calls % steps === 0 && performance.now() >= untilMs,
    async next() {
      await new Promise<void>((resolve) => setImmediate(resolve));
      untilMs = performance.now() + SLICE_MS;
    },
  };
}
