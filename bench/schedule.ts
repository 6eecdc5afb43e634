// Whether echoes leave when they are due, under a full load of targets (README.md, schedule).
import { readFileSync } from 'node:fs';
import { requireLab, sleep } from '../test/lab/net.ts';
import { missingDaemon, startDaemon } from './daemon.ts';
import { missingOf, openPair, type Pair, runChild } from './inside.ts';
import type { ProbeOptions, ProbeResult } from './probe-child.ts';
import { absent, judge, type Length, type Row, type RunOptions } from './row.ts';
import { linesOf, sumOf } from './scrape.ts';
import { type Spread, spread } from './statistics.ts';
import { figure } from './table.ts';
import { consecutive } from './targets.ts';
import { watchWire } from './wire.ts';

export const name = 'schedule';
export const goal = '1 000 targets at 1/s on one core, sent within 20 ms of due at p99.9';

const TARGETS = consecutive('10.78.0.1', 1000);
const INTERVAL_MS = 1000;
const LATE_MS_MAX = 20;
const SHARE_MIN = 0.999;
const SCRAPE_MS = 15_000;
/** Names, first sends and V8's compiler are not what a daemon of months is judged by. */
const SETTLE_MS = 5000;
const WIRE_SETTLE_MS = 1000;

const PLAN: Record<Length, { daemonMs: number; wireMs: number }> = {
  quick: { daemonMs: 5000, wireMs: 3000 },
  normal: { daemonMs: 60_000, wireMs: 10_000 },
  long: { daemonMs: 600_000, wireMs: 60_000 },
};

/** Upper bounds (s) and counts, cumulative, of the lateness of sends; and what was not sent. */
interface Lateness {
  buckets: { bound: number; count: number }[];
  sent: number;
  skipped: number;
  lost: number;
  cpuSeconds: number;
  /** For how long its main thread was ready and something else had the core. */
  waitedSeconds: number;
}

export async function run(options: RunOptions): Promise<Row[]> {
  const missing = requireLab('tcpdump') ?? missingDaemon();
  if (missing !== null) return [absent('schedule', goal, missing)];
  const pair = await openPair();
  try {
    return [await byDaemon(pair, options), await byWire(pair, options)];
  } finally {
    await pair.close();
  }
}

async function byDaemon(pair: Pair, { length, say }: RunOptions): Promise<Row> {
  const { daemonMs } = PLAN[length];
  const isPinned = missingOf('taskset').length === 0;
  const prefix = isPinned ? ['taskset', '-c', '1'] : [];
  const daemon = startDaemon(pair.near, { targets: TARGETS, prefix });
  try {
    await daemon.process.waitFor('measuring', 10_000);
    await sleep(SETTLE_MS);
    const { pid } = daemon.process;
    const before = readLateness(await daemon.metrics(), pid);
    for (let spent = 0; spent < daemonMs; spent += SCRAPE_MS) {
      say(`schedule: ${Math.round((daemonMs - spent) / 1000)} s left`);
      await sleep(Math.min(SCRAPE_MS, daemonMs - spent));
      if (spent + SCRAPE_MS < daemonMs) await daemon.metrics();
    }
    const after = readLateness(await daemon.metrics(), pid);
    return toRow(difference(before, after), { daemonMs, isPinned });
  } finally {
    await daemon.close();
  }
}

function readLateness(metrics: string, pid: number): Lateness {
  const family = 'flint_engine_tick_late_seconds_bucket';
  const buckets = linesOf(metrics, family).map(({ labels, value }) => {
    const bound = /le="([^"]+)"/.exec(labels)?.[1] ?? '';
    return { bound: bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound), count: value };
  });
  return {
    buckets,
    sent: sumOf(metrics, 'flint_engine_tick_late_seconds_count'),
    skipped: sumOf(metrics, 'flint_skipped_total'),
    lost: sumOf(metrics, 'flint_engine_drops_total'),
    cpuSeconds: sumOf(metrics, 'flint_process_cpu_seconds_total'),
    waitedSeconds: Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e9,
  };
}

function difference(before: Lateness, after: Lateness): Lateness {
  return {
    buckets: after.buckets.map(({ bound, count }, i) => ({
      bound,
      count: count - (before.buckets[i]?.count ?? 0),
    })),
    sent: after.sent - before.sent,
    skipped: after.skipped - before.skipped,
    lost: after.lost - before.lost,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    waitedSeconds: after.waitedSeconds - before.waitedSeconds,
  };
}

/** The share of sends within `seconds`, which must be a bound of the histogram. */
function shareWithin({ buckets, sent }: Lateness, seconds: number): number {
  return (buckets.find(({ bound }) => bound === seconds)?.count ?? Number.NaN) / sent;
}

/** The least bound that so many sends kept. */
function boundOf({ buckets, sent }: Lateness, share: number): number {
  return buckets.find(({ count }) => count >= share * sent)?.bound ?? Number.POSITIVE_INFINITY;
}

function toRow(late: Lateness, how: { daemonMs: number; isPinned: boolean }): Row {
  const share = shareWithin(late, LATE_MS_MAX / 1000);
  const seconds = how.daemonMs / 1000;
  const core = how.isPinned ? 'one core' : 'all cores (no taskset)';
  const isMet = share >= SHARE_MIN && late.skipped === 0 && late.lost === 0;
  return {
    what: `${figure(TARGETS.length)} targets at 1/s, the daemon, ${core}, ${figure(seconds)} s`,
    goal: `p99.9 ≤ ${LATE_MS_MAX} ms after due, 0 skipped`,
    flint:
      `p99.9 ≤ ${figure(boundOf(late, SHARE_MIN) * 1000)} ms, ${(share * 100).toFixed(3)} % ` +
      `within ${LATE_MS_MAX} ms, ${late.skipped} skipped, ` +
      `${figure((late.cpuSeconds / seconds) * 100)} % of a core`,
    peers: `(others held its core ${figure((late.waitedSeconds / seconds) * 100)} % of the time)`,
    verdict: judge(isMet),
    figures: late,
  };
}

/** The same pace without jitter: how even the sends of each target are on the wire. */
async function byWire(pair: Pair, { length, say }: RunOptions): Promise<Row> {
  say('schedule: on the wire');
  const watched = await watchWire(pair.near, pair.device);
  const options: ProbeOptions = {
    targets: TARGETS,
    intervalMs: INTERVAL_MS,
    milliseconds: PLAN[length].wireMs,
    isPaced: true,
    blockMs: 0,
  };
  const limits = { timeoutMs: options.milliseconds + 20_000 };
  const { skipped } = await runChild<ProbeResult>(pair.near, 'probe-child.ts', options, limits);
  const trips = await watched.stop();
  const startNs = (trips[0]?.sentNs ?? 0n) + BigInt(WIRE_SETTLE_MS) * 1_000_000n;
  const late = spread(unevenness(trips.filter(({ sentNs }) => sentNs >= startNs)));
  return {
    what: 'the same pump without jitter, on the wire: behind the best send of its target',
    goal: `p99.9 ≤ ${LATE_MS_MAX} ms`,
    flint: `${formatSpread(late)} ms, ${skipped} skipped`,
    peers: '–',
    verdict: judge(late.p999 <= LATE_MS_MAX),
    figures: late,
  };
}

/** ms by which each send is behind the grid that the earliest send of its target lies on. */
function unevenness(trips: readonly { address: string; sentNs: bigint }[]): number[] {
  const sends = new Map<string, number[]>();
  const startNs = trips[0]?.sentNs ?? 0n;
  for (const { address, sentNs } of trips) {
    const one = sends.get(address) ?? [];
    sends.set(address, one);
    one.push(Number(sentNs - startNs) / 1e6);
  }
  return [...sends.values()].flatMap((times) => {
    const first = times[0] ?? 0;
    const offsets = times.map((ms) => ms - Math.round((ms - first) / INTERVAL_MS) * INTERVAL_MS);
    const best = Math.min(...offsets);
    return offsets.map((offset) => offset - best);
  });
}

function formatSpread({ p50, p99, p999, max }: Spread): string {
  return [p50, p99, p999, max].map(figure).join('/');
}
