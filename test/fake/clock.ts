// A clock that tests move by hand: raw time only goes forward, real time can be stepped or slewed.
// It remembers its past, so that a stamp can be taken for a moment that lies behind.

interface Segment {
  fromMono: bigint;
  realAtFrom: bigint;
  /** Real nanoseconds for each raw one, in parts per million beyond 1. */
  slewPpm: bigint;
}

export class FakeClock {
  monoNs: bigint;
  private readonly segments: Segment[];

  constructor(monoNs = 1_000_000_000_000n, realNs = 1_795_305_600_000_000_000n) {
    this.monoNs = monoNs;
    this.segments = [{ fromMono: monoNs, realAtFrom: realNs, slewPpm: 0n }];
  }

  advance(ns: bigint | number): void {
    this.monoNs += BigInt(ns);
  }

  advanceMs(ms: number): void {
    this.advance(BigInt(Math.round(ms * 1e6)));
  }

  /** Real time jumps, now. */
  step(ns: bigint | number): void {
    const real = this.realAt(this.monoNs) + BigInt(ns);
    this.segments.push({ fromMono: this.monoNs, realAtFrom: real, slewPpm: this.last().slewPpm });
  }

  /** From now on real time runs faster or slower than raw time. */
  slew(ppm: number): void {
    const real = this.realAt(this.monoNs);
    this.segments.push({ fromMono: this.monoNs, realAtFrom: real, slewPpm: BigInt(ppm) });
  }

  realNow(): bigint {
    return this.realAt(this.monoNs);
  }

  realAt(mono: bigint): bigint {
    let found = this.segments[0] as Segment;
    for (const segment of this.segments) if (segment.fromMono <= mono) found = segment;
    const since = mono - found.fromMono;
    return found.realAtFrom + since + (since * found.slewPpm) / 1_000_000n;
  }

  private last(): Segment {
    return this.segments[this.segments.length - 1] as Segment;
  }
}
