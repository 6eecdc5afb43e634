// A process of its own that traces many paths at once with the daemon's engine and tracer, without
// a budget. Options as JSON in the first argument; says `ready`, then each line of standard input
// is answered by a trace of all of them, one line of JSON.
import { createInterface } from 'node:readline';
import { parseAddress } from '../src/core/address.ts';
import { Engine } from '../src/engine/engine.ts';
import { openBest } from '../src/engine/open.ts';
import { startPump } from '../src/engine/pump.ts';
import { openPath } from '../src/measure/trace-open.ts';
import { type FinishedTrace, startRun } from '../src/measure/trace-run.ts';
import { Tracer } from '../src/measure/tracer.ts';

export interface PathsOptions {
  targets: readonly string[];
  probes: number;
}

export interface PathsResult {
  milliseconds: number;
  cpuSeconds: number;
  packets: number;
  /** Who answered, for each target by TTL - 1; null where nobody did. */
  paths: (string | null)[][];
}

const MAX_TTL = 30;
const SILENT_MAX = 6;
const PAYLOAD_BYTES = 32;
/** As fast as the pump goes. */
const PACKETS_PER_SECOND = 100_000;

async function main({ targets, probes }: PathsOptions): Promise<void> {
  const engine = new Engine({
    openTransport: openBest,
    roundMs: 3_600_000,
    timeoutMs: 1000,
    jitter: 0,
    packetsPerSecond: 1,
    probeTimeoutMs: 1000,
  });
  const monoMs = (): number => performance.now();
  const tracer = new Tracer(engine, { packetsPerSecond: null, answersPerSecond: null, monoMs });
  const paths = targets.map((target) => {
    const address = parseAddress(target);
    if (address === null) throw new Error(`${target} is no address`);
    const how = { protocol: 'icmp', port: null, tos: 0, source: null, device: null } as const;
    const opened = openPath(engine, tracer, { address, ...how });
    if (!opened.ok) throw new Error(opened.reason);
    return opened.path;
  });
  const pump = startPump(engine, {
    packetsPerSecond: PACKETS_PER_SECOND,
    intervalMsMin: 1000,
    isPaced: false,
    freshMs: 1,
    afterTick: () => tracer.collect(),
    onError: (error) => {
      throw error;
    },
  });
  process.stdout.write('ready\n');
  for await (const _ of createInterface({ input: process.stdin })) {
    const cpu = process.cpuUsage();
    const startMs = performance.now();
    let packets = 0;
    const traces = paths.map(
      (path) =>
        new Promise<FinishedTrace>((resolve) => {
          startRun({
            tracer,
            ...path,
            target: path.ip,
            flow: 0,
            firstTtl: 1,
            maxTtl: MAX_TTL,
            probes,
            payloadBytes: PAYLOAD_BYTES,
            silentMax: SILENT_MAX,
            known: [],
            onAnswer: () => packets++,
            onEnd: resolve,
          });
        }),
    );
    pump.wake();
    const ended = await Promise.all(traces);
    const milliseconds = performance.now() - startMs;
    const { user, system } = process.cpuUsage(cpu);
    const result: PathsResult = {
      milliseconds,
      cpuSeconds: (user + system) / 1e6,
      packets,
      paths: ended.map(({ hops }) => hops.map(({ answers }) => answers[0]?.ip ?? null)),
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  pump.stop();
  engine.close();
}

await main(JSON.parse(process.argv[2] ?? '{}') as PathsOptions);
