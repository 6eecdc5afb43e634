// A process of its own that measures as the daemon does: the real engine, transport and pump. Takes
// its options as JSON in the first argument, prints one line of JSON at the end.
import { Engine } from '../src/engine/engine.ts';
import { openBest } from '../src/engine/open.ts';
import { startPump } from '../src/engine/pump.ts';
import { echoSpec } from './targets.ts';

export interface ProbeOptions {
  targets: readonly string[];
  intervalMs: number;
  milliseconds: number;
  isPaced: boolean;
  /** The event loop is held up for so long in every 100 ms. */
  blockMs: number;
}

export interface ProbeResult {
  transport: string;
  /** For each target what its first, second … echo gave: ns, null where lost or not timed. */
  rttNs: (number | null)[][];
  skipped: number;
  quality: Record<string, number>;
  cpuSeconds: number;
}

const TIMEOUT_MS = 1000;
const BLOCK_EVERY_MS = 100;
/** For what is on its way at the end. */
const REST_MS = 300;

async function main(options: ProbeOptions): Promise<ProbeResult> {
  const { targets, intervalMs } = options;
  const packetsPerSecond = (targets.length * 1000) / intervalMs;
  const engine = new Engine({
    openTransport: openBest,
    roundMs: 30_000,
    timeoutMs: TIMEOUT_MS,
    jitter: 0,
    packetsPerSecond,
  });
  engine.hot.call.setLogging(1);
  const series = targets.map((target, i) =>
    engine.addSeries({
      ...echoSpec(target),
      intervalMs,
      phaseMs: (i / targets.length) * intervalMs,
    }),
  );
  const rttNs: (number | null)[][] = targets.map(() => []);
  const pump = startPump(engine, {
    packetsPerSecond,
    intervalMsMin: intervalMs,
    isPaced: options.isPaced,
    freshMs: null,
    afterTick: () => {
      for (const line of engine.takeLog(8192)) {
        const one = rttNs[line.series];
        if (one !== undefined && line.kind === 'reply') one[line.attempt] = line.rttNs;
      }
    },
    onError: (error) => {
      throw error;
    },
  });
  const cpu = process.cpuUsage();
  const blocker = options.blockMs > 0 ? setInterval(hold, BLOCK_EVERY_MS, options.blockMs) : null;
  await sleep(options.milliseconds);
  for (const one of series) engine.stopSeries(one);
  await sleep(REST_MS);
  pump.wake();
  await sleep(REST_MS);
  pump.stop();
  if (blocker !== null) clearInterval(blocker);
  const { user, system } = process.cpuUsage(cpu);
  const result = { transport: engine.transport.name, rttNs: rttNs.map(whole) };
  const states = series.map((one) => engine.state(one));
  const quality: Record<string, number> = {};
  for (const [name, n] of states.flatMap((state) => Object.entries(state.quality))) {
    quality[name] = (quality[name] ?? 0) + n;
  }
  engine.close();
  const skipped = states.reduce((sum, state) => sum + state.skipped, 0);
  return { ...result, skipped, quality, cpuSeconds: (user + system) / 1e6 };
}

/** Without holes, which JSON does not know. */
function whole(values: (number | null)[]): (number | null)[] {
  return Array.from(values, (value) => value ?? null);
}

function hold(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

const result = await main(JSON.parse(process.argv[2] ?? '{}') as ProbeOptions);
process.stdout.write(`${JSON.stringify(result)}\n`);
