// Raw and real time for a process without clock_gettime: Date.now has milliseconds only, so real
// time runs with the monotonic clock until Date.now says that it was stepped.

export interface Clock {
  /** Both in ns; real since the Unix epoch. */
  read(): { mono: bigint; real: bigint };
}

const STEP_NS = 5_000_000n;

export function openClock(): Clock {
  let offset = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  return {
    read() {
      const mono = process.hrtime.bigint();
      const wall = BigInt(Date.now()) * 1_000_000n;
      const moved = wall - (mono + offset);
      if (moved > STEP_NS || moved < -STEP_NS) offset = wall - mono;
      return { mono, real: mono + offset };
    },
  };
}
