// Where the engine and its twin must agree, and how closely.
import * as assert from 'uvu/assert';
import { SPARKY_BUCKETS } from '../../src/core/snapshot.ts';
import type { Engine, EngineFigures } from '../../src/engine/engine.ts';
import type { ClosedRound, EngineEvent } from '../../src/engine/readers.ts';
import type { Twin } from './twin.ts';
import type { TwinRound, TwinSeries } from './twin-record.ts';
import { bySend, nearestRank, outagesOf } from './twin-round.ts';

/** Without slews times agree to the nanosecond; with them as far as a change of rate can hide. */
export type Precision = 'exact' | 'slewed';

const SAMPLES_MAX = 512;

export function compareRound(round: ClosedRound, twin: TwinRound, precision: Precision): void {
  const { figures, jitterNs, jitterRfc3550Ns, localQueueNs, isExact, isLoaded, ...counts } = round;
  const where = `series ${twin.series}, round ${twin.sequence}`;
  assert.is(round.sent, round.received + round.lost + round.discarded, `${where}: the sum`);
  const { quality, figures: expected, rttNs, jitterNs: jitter, ...rest } = twin;
  const { jitterRfc3550Ns: rfc, localQueueNs: queue, ...expectedCounts } = rest;
  same(counts, { ...expectedCounts, quality: { ...quality, hardware: 0 } }, where);
  assert.not(isLoaded);
  assert.is(isExact, rttNs.length <= SAMPLES_MAX, where);
  compareFigures(figures, twin, precision);
  const off = tolerance(precision, rttNs[rttNs.length - 1] ?? 0);
  near(jitterNs, jitter, off, `${where}: jitter`);
  near(jitterRfc3550Ns, rfc, off, `${where}: RFC 3550 jitter`);
  near(localQueueNs, queue, off, `${where}: local queue`);
}

/** Names the fields that differ, which an assertion with a message of its own would not. */
export function same(value: object, expected: object, where: string): void {
  const ours = value as Record<string, unknown>;
  const theirs = expected as Record<string, unknown>;
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const [a, b] = [inOrder(ours[key]), inOrder(theirs[key])];
    assert.ok(a === b, `${where}: ${key} is ${a}, expected ${b}`);
  }
}

function inOrder(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function tolerance(precision: Precision, largest: number): number {
  return precision === 'exact' ? 1e-3 + largest * 1e-9 : 1000 + largest * 1e-3;
}

function near(value: number | null, expected: number | null, off: number, what: string): void {
  if (value === null || expected === null) {
    assert.is(value, expected, what);
    return;
  }
  assert.ok(Math.abs(value - expected) <= off, `${what}: ${value}, expected ${expected}`);
}

function compareFigures(
  figures: readonly number[] | null,
  { figures: expected, rttNs, series, sequence }: TwinRound,
  precision: Precision,
): void {
  if (figures === null || expected === null) {
    assert.is(figures, expected);
    return;
  }
  const off = tolerance(precision, rttNs[rttNs.length - 1] ?? 0);
  const isKept = rttNs.length <= SAMPLES_MAX;
  figures.forEach((value, i) => {
    const what = `series ${series}, round ${sequence}: figure ${i} of ${rttNs.length}`;
    const isRank = i >= 1 && i <= 5;
    const isOrder = i <= 6;
    if (isRank && !isKept) rankNear(value, rttNs, i, what);
    else near(value, expected[i] ?? 0, isOrder && precision === 'exact' ? 0 : off, what);
  });
}

/** A quantile of 512 samples drawn from more: five standard errors of its rank. */
function rankNear(value: number, rttNs: readonly number[], place: number, what: string): void {
  const percent = [0, 10, 25, 50, 75, 90][place] ?? 0;
  const low = nearestRank(rttNs, Math.max(0, percent - 12));
  const high = nearestRank(rttNs, Math.min(100, percent + 12));
  assert.ok(value >= low * 0.999 - 1000 && value <= high * 1.001 + 1000, what);
}

/** Counters, outage state, buckets and histogram of a series. */
export function compareState(engine: Engine, series: TwinSeries, precision: Precision): void {
  const state = engine.state(series.number);
  const { errors, ...counters } = series.counters;
  for (const [name, value] of Object.entries(counters)) {
    assert.is(state[name as keyof typeof counters], value, `series ${series.number}: ${name}`);
  }
  const refused = Object.entries(state.sendErrors).filter(([, n]) => n > 0);
  assert.equal(Object.fromEntries(refused), errors);
  assert.is(state.ttl, series.ttl);
  const sum = series.rttNs.reduce((total, rtt) => total + rtt, 0) / 1e9;
  near(state.rttSumSeconds, sum, precision === 'exact' ? 1e-6 : 1e-3 * sum + 1e-4, 'sum of RTTs');
  const outages = outagesOf(bySend(series));
  assert.is(state.outages.total, outages.length, 'outages');
  assert.is(
    state.outages.open,
    outages.some((outage) => outage.untilMs === null),
  );
  const seconds = outages.reduce((total, outage) => total + outage.seconds, 0);
  near(state.outages.seconds, seconds, 1e-6, 'seconds of outages');
  if (precision === 'slewed') return;
  assert.equal(state.buckets, bucketsOf(series.rttNs), 'buckets of SPARKY');
  compareHistogram(engine, series);
}

function bucketsOf(rttNs: readonly number[]): number[] {
  const bounds = SPARKY_BUCKETS.map((text) => Math.round(Number(text) * 1e9));
  const counts = new Array<number>(bounds.length + 1).fill(0);
  for (const rtt of rttNs) {
    const bucket = bounds.findIndex((bound) => rtt <= bound);
    const place = bucket < 0 ? bounds.length : bucket;
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}

function compareHistogram(engine: Engine, series: TwinSeries): void {
  const percents = [0, 10, 50, 90, 99, 100];
  const values = engine.quantiles(
    series.number,
    percents.map((percent) => percent / 100),
  );
  if (series.rttNs.length === 0) {
    assert.is(values, null);
    return;
  }
  const sorted = [...series.rttNs].sort((a, b) => a - b);
  percents.forEach((percent, i) => {
    const exact = nearestRank(sorted, percent);
    near(values?.[i] ?? -1, exact, exact / 64, `histogram at ${percent} %`);
  });
}

/** Events, packets that were nobody's, tables that must not have been full. */
export function compareEnd(end: {
  figures: EngineFigures;
  events: EngineEvent[];
  twin: Twin;
  series: TwinSeries[];
}): void {
  const { figures, events, twin, series } = end;
  const aliens = Object.values(figures.alien).reduce((sum, n) => sum + n, 0);
  assert.is(aliens, twin.alien, 'alien packets');
  assert.ok(
    Object.values(figures.drops).every((n) => n === 0),
    'nothing dropped',
  );
  assert.is(figures.clockSteps, twin.steps.length, 'clock steps');
  const steps = twin.steps.map(({ atMs, stepNs }) => ({ kind: 'clock-step', atMs, stepNs }));
  assert.equal(
    events.filter(({ kind }) => kind === 'clock-step'),
    steps,
  );
  for (const number of new Set(series.map((each) => each.number))) {
    const owners = series.filter((each) => each.number === number);
    const expected = owners.flatMap((each) => outageEvents(each));
    const ours = events.filter((event) => event.kind !== 'clock-step' && event.series === number);
    assert.equal(ours, expected, `outages of series ${number}`);
  }
}

function outageEvents(series: TwinSeries): EngineEvent[] {
  const { number } = series;
  return outagesOf(series.probes).flatMap(({ fromMs, untilMs, lostWhenOpened, lost }) => {
    const open: EngineEvent = { kind: 'outage-open', series: number, fromMs, lost: lostWhenOpened };
    if (untilMs === null) return [open];
    return [open, { kind: 'outage-closed', series: number, fromMs, untilMs, lost }];
  });
}
