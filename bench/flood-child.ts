// A process of its own that asks as fast as it can, through the real engine and its memory: drain,
// fold, expire, build, send, settle, with a bounded number of echoes in flight. Takes its options
// as JSON in the first argument, warms up and says `ready`; then each line of standard input is a
// number of milliseconds, answered by one line of JSON in the words of baseline.c.
import { createInterface } from 'node:readline';
import { Engine } from '../src/engine/engine.ts';
import { OUTBOX_MAX } from '../src/engine/limits.ts';
import { openNative } from '../src/engine/native.ts';
import { consecutive, echoSpec } from './targets.ts';

export interface FloodOptions {
  /** The first of `targets` consecutive addresses. */
  first: string;
  targets: number;
  /** Echoes in flight at most. */
  window: number;
  /** What the flight table is sized for: it remembers that much for half a minute. */
  packetsPerSecond: number;
  /** Before the clock starts: V8 compiles what it finds hot. */
  warmUpMs: number;
}

export interface FloodResult {
  repliesPerSecond: number;
  cpuSecondsPerMillion: number;
  /** Of the first target. */
  rttUs: { p50: number; p99: number };
  sent: number;
  received: number;
  lost: number;
  seconds: number;
  /** Replies with kernel stamps on both sides. */
  stamped: number;
  alien: Record<string, number>;
  drops: Record<string, number>;
}

const TIMEOUT_MS = 1000;
/** Less than the inbox takes, so that one drain tells that nothing is left. */
const BATCH_MAX = OUTBOX_MAX - 4;
/** Batches between two looks at the clock. */
const CLOCK_EVERY = 8;

async function main(options: FloodOptions): Promise<void> {
  const engine = new Engine({
    openTransport: (request) => openNative(request, { sockets: 'raw' }),
    roundMs: 30_000,
    timeoutMs: TIMEOUT_MS,
    jitter: 0,
    packetsPerSecond: options.packetsPerSecond,
  });
  // The interval sizes each series' window, which must hold what is in flight to one target.
  const inWindow = Math.ceil((2 * options.window) / options.targets);
  const series = consecutive(options.first, options.targets).map((address) =>
    engine.addSeries({
      ...echoSpec(address),
      intervalMs: Math.max(1, TIMEOUT_MS / inWindow),
      phaseMs: 60_000,
    }),
  );
  flood(engine, options.window, options.warmUpMs);
  process.stdout.write('ready\n');
  for await (const line of createInterface({ input: process.stdin })) {
    const result = measure(engine, series, { ...options, milliseconds: Number(line) });
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  engine.close();
}

function measure(
  engine: Engine,
  series: readonly number[],
  { window, milliseconds }: { window: number; milliseconds: number },
): FloodResult {
  const before = count(engine, series);
  const cpu = process.cpuUsage();
  const seconds = flood(engine, window, milliseconds) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const after = count(engine, series);
  const received = after.received - before.received;
  const [p50 = 0, p99 = 0] = engine.quantiles(series[0] ?? 0, [0.5, 0.99]) ?? [];
  const { alien, drops } = engine.figures();
  return {
    repliesPerSecond: received / seconds,
    cpuSecondsPerMillion: (user + system) / received,
    rttUs: { p50: p50 / 1000, p99: p99 / 1000 },
    sent: after.sent - before.sent,
    received,
    lost: after.lost - before.lost,
    seconds,
    stamped: after.stamped - before.stamped,
    alien,
    drops,
  };
}

/** Returns the milliseconds that it took. */
function flood(engine: Engine, window: number, milliseconds: number): number {
  const { call } = engine.hot;
  const startMs = performance.now();
  let now = startMs;
  while (now < startMs + milliseconds) {
    for (let i = 0; i < CLOCK_EVERY; i++) {
      engine.drain();
      call.expire();
      const room = window - call.inflightCount();
      const built = room > 0 ? call.flood(Math.min(room, BATCH_MAX)) : 0;
      if (built > 0) engine.send(built);
    }
    now = performance.now();
  }
  engine.drain();
  return now - startMs;
}

interface Counts {
  sent: number;
  received: number;
  lost: number;
  stamped: number;
}

function count(engine: Engine, series: readonly number[]): Counts {
  const total: Counts = { sent: 0, received: 0, lost: 0, stamped: 0 };
  for (const one of series) {
    const { sent, received, lost, quality } = engine.state(one);
    total.sent += sent;
    total.received += received;
    total.lost += lost;
    total.stamped += quality.kernel;
  }
  return total;
}

await main(JSON.parse(process.argv[2] ?? '{}') as FloodOptions);
