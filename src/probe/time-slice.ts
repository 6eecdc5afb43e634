// Long work on the one thread gives way to the event loop every few milliseconds, so that sends
// stay on time: `if (slice.isOver()) await slice.next()`. All long work shares one slice for each
// turn of the loop: a scrape, a page and a flush at a time hold it no longer than one of them.

export interface TimeSlice {
  /** Whether the loop should have its turn. Also true for work that did not wait for one yet. */
  isOver(): boolean;
  /** Resolves after timers and I/O had their turn, and all who asked before had theirs. */
  next(): Promise<void>;
}

// The pump sends at most 4 packets in a turn: with slices of 4 ms it would not keep up with 1 000 a
// second.
const SLICE_MS = 1;

/** When the slice of this turn is over: in the past when nobody has begun one. */
let overAtMs = 0;
const waiting: (() => void)[] = [];
let isTurning = false;

/** `steps`: the clock is read once in so many calls, for work whose steps cost less than that. */
export function startSlice(steps = 1): TimeSlice {
  let calls = 0;
  return {
    isOver: () => ++calls % steps === 0 && performance.now() >= overAtMs,
    next: nextSlice,
  };
}

function nextSlice(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (isTurning) return;
    isTurning = true;
    // Of one that is set while I/O is served the turn comes before the timers', hence two.
    setImmediate(() => setImmediate(turn));
  });
}

// An immediate that is set by an immediate runs in the next turn of the loop, after its timers.
function turn(): void {
  const begin = waiting.shift();
  isTurning = begin !== undefined;
  if (begin === undefined) return;
  overAtMs = performance.now() + SLICE_MS;
  begin();
  setImmediate(turn);
}
