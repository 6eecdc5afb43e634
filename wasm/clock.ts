// Two clocks. Kernel stamps are CLOCK_REALTIME, which NTP slews and steps; schedules and RTTs are
// CLOCK_MONOTONIC_RAW. Every drain reads both (the anchor). Between two anchors real time is mapped
// by interpolation; when the offset moves by more than NTP could slew it, that is a step, and every
// sample whose life holds it is discarded.
import { ANCHOR_MONO, ANCHOR_REAL, ANCHOR_WIDTH } from './layout';

/** A jump of less than this is taken for noise of the reading (DESIGN: 100 µs). */
const STEP_NS: i64 = 100_000;
/**
 * A reading wider than this was interrupted: it may be wrong by as much, so the offset before it
 * goes on, unless that has grown too old.
 */
const WIDTH_NS_MAX: i64 = 5_000;
const OFFSET_AGE_NS_MAX: u64 = 10_000_000_000;
/** Twice the fastest slew of adjtimex (500 ppm), so that a slew over a long sleep is no step. */
const SLEW_PPM: i64 = 1000;

/** The anchor that holds now: MONOTONIC_RAW and what to add to it for REALTIME, both ns. */
export let monoNow: u64 = 0;
export let realNow: u64 = 0;
export let offsetNow: i64 = 0;
/** When the last step was seen (MONOTONIC_RAW, ns), 0 for never; and how many were. */
export let stepMono: u64 = 0;
export let stepCount: u32 = 0;
export let stepNs: i64 = 0;
let hasAnchor: bool = false;
/** When the offset was read. */
let offsetMono: u64 = 0;

/** Takes the anchor that the transport has just written. Returns true when it shows a step. */
export function takeAnchor(): bool {
  const mono = load<u64>(ANCHOR_MONO);
  const real = load<u64>(ANCHOR_REAL);
  const width = <i64>load<u64>(ANCHOR_WIDTH);
  const offset = <i64>(real - mono);
  if (!hasAnchor) {
    hasAnchor = true;
    setAnchor(mono, real, offset);
    return false;
  }
  // The raw clock never runs backwards; a transport that says so is broken.
  assert(mono >= monoNow);
  const moved = offset - offsetNow;
  const allowed = STEP_NS + width + (<i64>(mono - offsetMono) * SLEW_PPM) / 1_000_000;
  const isStep = moved > allowed || moved < -allowed;
  if (isStep) {
    stepMono = mono;
    stepNs = moved;
    stepCount++;
  } else if (width > WIDTH_NS_MAX && mono - offsetMono < OFFSET_AGE_NS_MAX) {
    monoNow = mono;
    realNow = mono + <u64>offsetNow;
    return false;
  }
  setAnchor(mono, real, offset);
  return isStep;
}

function setAnchor(mono: u64, real: u64, offset: i64): void {
  monoNow = mono;
  realNow = real;
  offsetNow = offset;
  offsetMono = mono;
}

/**
 * Nanoseconds of raw time between two REALTIME stamps: the stamps' distance less the part of the
 * offset's movement since the send that falls between them.
 */
export function elapsed(txReal: u64, rxReal: u64, sentMono: u64, sentOffset: i64): i64 {
  const apart = <i64>(rxReal - txReal);
  const moved = offsetNow - sentOffset;
  if (moved == 0) return apart;
  const life = <i64>(monoNow - sentMono);
  if (life <= 0) return apart;
  return apart - <i64>((<f64>moved * <f64>apart) / <f64>life);
}

export function resetClock(): void {
  hasAnchor = false;
  monoNow = 0;
  realNow = 0;
  offsetNow = 0;
  stepMono = 0;
  stepCount = 0;
  stepNs = 0;
}
