// How many echoes a second one thread can ask, have answered and time (README.md, rate).
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Namespace, requireLab } from '../test/lab/net.ts';
import type { FloodOptions, FloodResult } from './flood-child.ts';
import { missingOf, openChild, openPair } from './inside.ts';
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
const WARM_UP_MS = 500;
const BASELINE = fileURLToPath(new URL('../build/lab/baseline', import.meta.url));

const PLAN: Record<Length, { rounds: number; milliseconds: number; sustainedMs: number }> = {
  quick: { rounds: 4, milliseconds: 100, sustainedMs: 1000 },
  normal: { rounds: 40, milliseconds: 150, sustainedMs: 10_000 },
  long: { rounds: 120, milliseconds: 300, sustainedMs: 60_000 },
};
/** fping's burst takes five times as long: it joins every fourth round. */
const FPING_EVERY = 4;
const FPING_MS = 600;
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

interface Contestant {
  key: string;
  /** Rounds from one turn of it to the next. */
  every: number;
  ask: () => Promise<Speed>;
}

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
  const few = { packetsPerSecond: FEW_PACKETS_PER_SECOND };
  const one = await openFlood(near, { ...few, targets: 1 });
  const many = await openFlood(near, { ...few, targets: MANY });
  const contestants = [
    { key: 'c 1', every: 1, ask: () => baseline(near, 1, milliseconds) },
    { key: 'flint 1', every: 1, ask: () => one.ask(milliseconds) },
    { key: 'c many', every: 1, ask: () => baseline(near, MANY, milliseconds) },
    { key: 'flint many', every: 1, ask: () => many.ask(milliseconds) },
    ...peers(near, milliseconds),
  ];
  const speeds = await takeTurns(contestants, rounds, say);
  await one.close();
  await many.close();
  say(`rate: ${sustainedMs / 1000} s over ${MANY} targets`);
  const large = await openFlood(near, { targets: MANY, packetsPerSecond: SUSTAINED_MIN });
  const sustained = await large.ask(sustainedMs);
  await large.close();
  return toRows(speeds, sustained);
}

/** What each gave in each round; NaN where it had no turn. */
async function takeTurns(
  contestants: readonly Contestant[],
  rounds: number,
  say: (text: string) => void,
): Promise<Map<string, Speed[]>> {
  const speeds = new Map<string, Speed[]>(contestants.map(({ key }) => [key, []]));
  for (let round = 0; round < rounds; round++) {
    if (round % 10 === 0) say(`rate: round ${round + 1} of ${rounds}`);
    // There and back, so that a machine that slows down favours nobody.
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    for (const { key, every, ask } of order) {
      speeds.get(key)?.push(round % every === 0 ? await ask() : NO_TURN);
    }
  }
  return speeds;
}

const NO_TURN: Speed = { repliesPerSecond: Number.NaN, cpuSecondsPerMillion: Number.NaN };

function peers(near: Namespace, milliseconds: number): Contestant[] {
  const contestants: Contestant[] = [];
  if (missingOf('ping', 'bash').length === 0) {
    const ask = (): Promise<Speed> => floodPing(near, FIRST, milliseconds);
    contestants.push({ key: 'ping', every: 1, ask });
  }
  if (missingOf('fping', 'bash').length === 0) {
    const burst = { first: FIRST, targets: MANY, milliseconds: FPING_MS };
    const ask = (): Promise<Speed> => floodFping(near, burst);
    contestants.push({ key: 'fping', every: FPING_EVERY, ask });
  }
  return contestants;
}

async function baseline(near: Namespace, targets: number, milliseconds: number): Promise<Speed> {
  const words = [`targets=${targets}`, `milliseconds=${milliseconds}`];
  const sizes = [`batch=${BATCH}`, `window=${WINDOW}`];
  const text = await near.run(BASELINE, [FIRST, ...words, ...sizes], { timeoutMs: 20_000 });
  return JSON.parse(text) as Speed;
}

interface Flood {
  ask(milliseconds: number): Promise<FloodResult>;
  close(): Promise<void>;
}

async function openFlood(
  near: Namespace,
  options: Pick<FloodOptions, 'targets' | 'packetsPerSecond'>,
): Promise<Flood> {
  const all: FloodOptions = { first: FIRST, window: WINDOW, warmUpMs: WARM_UP_MS, ...options };
  const child = await openChild<FloodResult>(near, 'flood-child.ts', all);
  return {
    async ask(milliseconds) {
      const result = await child.ask(String(milliseconds), milliseconds + 10_000);
      if (result.stamped < result.received) {
        throw new Error(`${result.received - result.stamped} samples had no kernel stamps`);
      }
      return result;
    },
    close: child.close,
  };
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
  const floor = pairedRatio(cpuOf(speeds, 'c many'), theirs);
  return {
    what,
    goal: text,
    flint: `${figure(median(ours))} µs, × ${figure(ratio)}`,
    peers: `fping ${figure(median(theirs))} µs; C baseline × ${figure(floor)}`,
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
