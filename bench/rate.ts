// How many echoes a second one thread can ask, have answered and time (README.md, rate).
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Namespace, requireLab } from '../test/lab/net.ts';
import type { FloodOptions, FloodResult } from './flood-child.ts';
import { missingOf, openPair, runChild } from './inside.ts';
import { floodFping, floodPing } from './rate-peers.ts';
import { absent, judge, type Length, type Row, type RunOptions } from './row.ts';
import { median, pairedRatio } from './statistics.ts';
import { figure, percent } from './table.ts';

export const name = 'rate';
export const goal = 'as many echoes a second as plain C, with kernel stamps both ways';

const FIRST = '10.78.0.1';
const MANY = 4096;
const WINDOW = 256;
const BATCH = 64;
const WARM_UP_MS = 400;
const BASELINE = fileURLToPath(new URL('../build/lab/baseline', import.meta.url));

const PLAN: Record<Length, { rounds: number; milliseconds: number; sustainedMs: number }> = {
  quick: { rounds: 2, milliseconds: 200, sustainedMs: 1000 },
  normal: { rounds: 7, milliseconds: 600, sustainedMs: 10_000 },
  long: { rounds: 15, milliseconds: 1500, sustainedMs: 60_000 },
};
const OF_BASELINE_MIN = 0.95;
const OF_PING_MIN = 0.8;
const OF_FPING_CPU_MAX = 0.7;
const SUSTAINED_MIN = 100_000;

/** As many slots as the C baseline has; sustained, as many as that rate takes. */
const FEW_PACKETS_PER_SECOND = 2000;

export interface Speed {
  repliesPerSecond: number;
  cpuSecondsPerMillion: number;
}

type Contestant = { key: string; ask: () => Promise<Speed> };

export async function run(options: RunOptions): Promise<Row[]> {
  const missing = requireLab() ?? (existsSync(BASELINE) ? null : 'build/lab/baseline is not built');
  if (missing !== null) return [absent('echo rate', goal, missing)];
  const pair = await openPair();
  try {
    return await compare(pair.near, options);
  } finally {
    await pair.close();
  }
}

async function compare(near: Namespace, { length, say }: RunOptions): Promise<Row[]> {
  const { rounds, milliseconds, sustainedMs } = PLAN[length];
  const contestants = line(near, milliseconds);
  const speeds = new Map<string, Speed[]>();
  for (let round = 0; round < rounds; round++) {
    say(`rate: round ${round + 1} of ${rounds}`);
    // There and back, so that a machine that slows down favours nobody.
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    for (const { key, ask } of order) {
      speeds.set(key, [...(speeds.get(key) ?? []), await ask()]);
    }
  }
  say(`rate: ${sustainedMs / 1000} s over ${MANY} targets`);
  const sustained = await flood(near, {
    targets: MANY,
    milliseconds: sustainedMs,
    packetsPerSecond: SUSTAINED_MIN,
  });
  return toRows(speeds, sustained);
}

function line(near: Namespace, milliseconds: number): Contestant[] {
  const plain = { milliseconds, packetsPerSecond: FEW_PACKETS_PER_SECOND };
  const contestants: Contestant[] = [
    { key: 'c 1', ask: () => baseline(near, 1, milliseconds) },
    { key: 'flint 1', ask: () => flood(near, { ...plain, targets: 1 }) },
    { key: 'c many', ask: () => baseline(near, MANY, milliseconds) },
    { key: 'flint many', ask: () => flood(near, { ...plain, targets: MANY }) },
  ];
  if (missingOf('ping', 'bash').length === 0) {
    contestants.push({ key: 'ping', ask: () => floodPing(near, FIRST, milliseconds) });
  }
  if (missingOf('fping', 'bash').length === 0) {
    const many = { first: FIRST, targets: MANY, milliseconds };
    contestants.push({ key: 'fping', ask: () => floodFping(near, many) });
  }
  return contestants;
}

async function baseline(near: Namespace, targets: number, milliseconds: number): Promise<Speed> {
  const words = [`targets=${targets}`, `milliseconds=${milliseconds}`];
  const sizes = [`batch=${BATCH}`, `window=${WINDOW}`];
  const text = await near.run(BASELINE, [FIRST, ...words, ...sizes], { timeoutMs: 20_000 });
  return JSON.parse(text) as Speed;
}

async function flood(
  near: Namespace,
  options: Pick<FloodOptions, 'targets' | 'milliseconds' | 'packetsPerSecond'>,
): Promise<FloodResult> {
  const all: FloodOptions = { first: FIRST, window: WINDOW, warmUpMs: WARM_UP_MS, ...options };
  const timeoutMs = options.milliseconds + 30_000;
  const result = await runChild<FloodResult>(near, 'flood-child.ts', all, { timeoutMs });
  if (result.stamped < result.received) {
    throw new Error(`${result.received - result.stamped} samples had no kernel stamps`);
  }
  return result;
}

type Speeds = ReadonlyMap<string, readonly Speed[]>;

function toRows(speeds: Speeds, sustained: FloodResult): Row[] {
  return [
    againstBaseline(speeds, '1'),
    againstBaseline(speeds, 'many'),
    baselineItself(speeds),
    cpuPerReply(speeds),
    sustainedRow(speeds, sustained),
  ];
}

function againstBaseline(speeds: Speeds, targets: '1' | 'many'): Row {
  const ours = ratesOf(speeds, `flint ${targets}`);
  const theirs = ratesOf(speeds, `c ${targets}`);
  const share = pairedRatio(ours, theirs);
  const own = cpuOf(speeds, `flint ${targets}`);
  const base = cpuOf(speeds, `c ${targets}`);
  const ping = targets === '1' ? [`ping -f ${rateText(speeds, 'ping')}`] : [];
  return {
    what: `echo rate, one thread, ${targets === '1' ? '1 target' : `${figure(MANY)} targets`}`,
    goal: `≥ ${percent(OF_BASELINE_MIN)} of the C baseline`,
    flint: `${figure(median(ours))}/s, ${percent(share)}; CPU × ${figure(pairedRatio(own, base))}`,
    peers: [`C baseline ${figure(median(theirs))}/s`, ...ping].join('; '),
    verdict: judge(share >= OF_BASELINE_MIN),
    figures: Object.fromEntries(speeds),
  };
}

/** The yardstick must be worth something. */
function baselineItself(speeds: Speeds): Row {
  const what = 'the C baseline itself, 1 target';
  const text = `≥ ${percent(OF_PING_MIN)} of ping -f`;
  if (!speeds.has('ping')) return absent(what, text, 'ping or bash is not installed');
  const share = pairedRatio(ratesOf(speeds, 'c 1'), ratesOf(speeds, 'ping'));
  return {
    what,
    goal: text,
    flint: '–',
    peers: `C baseline ${percent(share)} of ping -f (${rateText(speeds, 'ping')})`,
    verdict: judge(share >= OF_PING_MIN),
  };
}

function cpuPerReply(speeds: Speeds): Row {
  const what = `CPU time for a reply, ${figure(MANY)} targets`;
  const text = `≤ ${OF_FPING_CPU_MAX} × fping’s`;
  if (!speeds.has('fping')) return absent(what, text, 'fping or bash is not installed');
  const ours = cpuOf(speeds, 'flint many');
  const theirs = cpuOf(speeds, 'fping');
  const ratio = pairedRatio(ours, theirs);
  return {
    what,
    goal: text,
    flint: `${figure(median(ours))} µs, × ${figure(ratio)}`,
    peers: `fping ${figure(median(theirs))} µs`,
    verdict: judge(ratio <= OF_FPING_CPU_MAX),
  };
}

function sustainedRow(speeds: Speeds, sustained: FloodResult): Row {
  const { repliesPerSecond, lost, seconds } = sustained;
  const ofPing = repliesPerSecond / median(ratesOf(speeds, 'ping'));
  const burst = rateText(speeds, 'fping');
  return {
    what: `sustained ${figure(seconds)} s, ${figure(MANY)} targets`,
    goal: `≥ ${figure(SUSTAINED_MIN)}/s, none lost`,
    flint: `${figure(repliesPerSecond)}/s, ${lost} lost, ${percent(ofPing)} of ping -f`,
    peers: `fping ${burst} in a burst of 65 535 echoes, 6 550/s beyond (its numbers run out)`,
    verdict: judge(repliesPerSecond >= SUSTAINED_MIN && lost === 0),
    figures: sustained,
  };
}

function ratesOf(speeds: Speeds, key: string): number[] {
  return (speeds.get(key) ?? []).map((speed) => speed.repliesPerSecond);
}

function cpuOf(speeds: Speeds, key: string): number[] {
  return (speeds.get(key) ?? []).map((speed) => speed.cpuSecondsPerMillion);
}

function rateText(speeds: Speeds, key: string): string {
  const rates = ratesOf(speeds, key);
  return rates.length === 0 ? 'not installed' : `${figure(median(rates))}/s`;
}
