// Memory and processor time of the daemon at an edge probe's load (README.md, footprint).
import { type Namespace, requireLab, sleep } from '../test/lab/net.ts';
import { missingDaemon, NODE_FLAGS, startDaemon } from './daemon.ts';
import { missingOf, openPair, type Pair, runTimed } from './inside.ts';
import { absent, judge, type Length, type Row, type RunOptions } from './row.ts';
import { scrape } from './scrape.ts';
import { figure } from './table.ts';
import { cpuSeconds, type Memory, readMemory } from './usage.ts';

export const name = 'footprint';
export const goal = 'RSS ≤ 64 MiB, a quarter of smokeping_prober’s CPU time';

/** Three targets in both families, as addresses: names cost both sides the same. */
export const TARGETS: readonly string[] = [1, 2, 3].flatMap((i) => [`10.78.0.${i}`, `fd78::${i}`]);
const RSS_MIB_MAX = 64;
const CPU_SHARE_MAX = 1 / 4;
const SCRAPE_MS = 30_000;
/** Each path is traced so often, by either side. */
const PATH_MS = 30_000;
const MTR_MS_MAX = 60_000;
/** From exec on; what follows is the steady state. */
const START_MS = 5000;
const PROBER = 'prometheus-smokeping-prober';
const PROBER_LISTEN = '127.0.0.1:9374';

const STEADY_MS: Record<Length, number> = { quick: 5000, normal: 60_000, long: 137_000 };

export interface Footprint {
  memory: Memory;
  startCpuSeconds: number;
  /** In the steady state. */
  cpuSeconds: number;
}

interface Program {
  pid: number;
  metrics: () => Promise<string>;
  close: () => Promise<void>;
}

type Start = (near: Namespace) => Program;

export async function run(options: RunOptions): Promise<Row[]> {
  const missing = requireLab() ?? missingDaemon();
  if (missing !== null) return [absent('footprint', goal, missing)];
  const starts = new Map<string, Start>([
    ['plain', (near) => startFlint(near, [])],
    ['flags', (near) => startFlint(near, NODE_FLAGS)],
  ]);
  if (missingOf(PROBER).length === 0) starts.set('prober', startProber);
  // Each in a network of its own: a raw socket is handed the replies of all who ping beside it.
  const pairs: Pair[] = [];
  try {
    for (const _ of starts) pairs.push(await openPair());
    const results = await measureAll(starts, pairs, options);
    options.say('footprint: mtr, as telegraf runs it');
    const mtrSeconds = await cpuOfMtr(pairs[0]);
    return toRows(results, { steadyMs: STEADY_MS[options.length], mtrSeconds });
  } finally {
    for (const pair of pairs) await pair.close();
  }
}

async function measureAll(
  starts: ReadonlyMap<string, Start>,
  pairs: readonly Pair[],
  { length, say }: RunOptions,
): Promise<Map<string, Footprint>> {
  const programs = new Map<string, Program>();
  const results = new Map<string, Footprint>();
  try {
    for (const [key, start] of starts) {
      const pair = pairs[programs.size];
      if (pair !== undefined) programs.set(key, start(pair.near));
    }
    await sleep(START_MS);
    const atStart = new Map([...programs].map(([key, { pid }]) => [key, cpuSeconds(pid)]));
    const steadyMs = STEADY_MS[length];
    for (let spent = 0; spent < steadyMs; spent += SCRAPE_MS) {
      say(`footprint: ${Math.round((steadyMs - spent) / 1000)} s left`);
      await sleep(Math.min(SCRAPE_MS, steadyMs - spent));
      for (const program of programs.values()) await program.metrics();
    }
    for (const [key, { pid }] of programs) {
      const startCpuSeconds = atStart.get(key) ?? Number.NaN;
      const spent = cpuSeconds(pid) - startCpuSeconds;
      results.set(key, { memory: readMemory(pid), startCpuSeconds, cpuSeconds: spent });
    }
    return results;
  } finally {
    for (const program of programs.values()) await program.close();
  }
}

function startFlint(near: Namespace, nodeFlags: readonly string[]): Program {
  const daemon = startDaemon(near, { targets: TARGETS, nodeFlags, hasPaths: true });
  return { pid: daemon.process.pid, metrics: daemon.metrics, close: daemon.close };
}

function startProber(near: Namespace): Program {
  const words = ['--config.file=', '--privileged', `--web.listen-address=${PROBER_LISTEN}`];
  const prober = near.spawn(PROBER, [...words, ...TARGETS]);
  return {
    pid: prober.pid,
    metrics: () => scrape(near, `http://${PROBER_LISTEN}/metrics`),
    close: async () => {
      await prober.stop();
    },
  };
}

/** One run to each target, one after the other, as it is run every half minute; NaN without mtr. */
async function cpuOfMtr(pair: Pair | undefined): Promise<number> {
  if (pair === undefined || missingOf('mtr', 'bash').length > 0) return Number.NaN;
  const words = ['sh', '-c', 'for t; do mtr -C -n "$t" & done; wait', 'sh', ...TARGETS];
  return (await runTimed(pair.near, words, { timeoutMs: MTR_MS_MAX })).cpuSeconds;
}

interface Peers {
  steadyMs: number;
  /** Of mtr's runs in half a minute. */
  mtrSeconds: number;
}

function toRows(results: ReadonlyMap<string, Footprint>, peers: Peers): Row[] {
  const prober = results.get('prober');
  return [
    memoryRow('as started by hand', results.get('plain'), prober),
    memoryRow('with the flags of the service', results.get('flags'), prober),
    cpuRow(results, peers),
  ];
}

function memoryRow(how: string, own: Footprint | undefined, prober: Footprint | undefined): Row {
  return {
    what: `memory at 3 targets × 2 families, ${how}`,
    goal: `RSS ≤ ${RSS_MIB_MAX} MiB`,
    flint: formatMemory(own),
    peers:
      prober === undefined
        ? `${PROBER} is not installed`
        : `smokeping_prober ${formatMemory(prober)}`,
    verdict: judge(own !== undefined && own.memory.rss <= RSS_MIB_MAX),
    figures: { own, prober },
  };
}

function formatMemory(one: Footprint | undefined): string {
  if (one === undefined) return '–';
  const { rss, pss, private: own } = one.memory;
  return `RSS ${figure(rss)}, PSS ${figure(pss)}, private ${figure(own)} MiB`;
}

function cpuRow(results: ReadonlyMap<string, Footprint>, { steadyMs, mtrSeconds }: Peers): Row {
  const what = `CPU time in ${figure(steadyMs / 1000)} s, the same load`;
  const text = 'a quarter of smokeping_prober’s and mtr’s (without blackbox_exporter, so far)';
  const prober = results.get('prober');
  const plain = results.get('plain');
  const flags = results.get('flags');
  if (prober === undefined || plain === undefined || flags === undefined) {
    return absent(what, text, `${PROBER} is not installed`);
  }
  if (Number.isNaN(mtrSeconds)) return absent(what, text, 'mtr is not installed');
  const mtr = (mtrSeconds * steadyMs) / PATH_MS;
  if (steadyMs < PATH_MS) {
    return absent(what, text, `no path is traced in less than ${PATH_MS / 1000} s`);
  }
  const format = (one: Footprint): string =>
    `${one.cpuSeconds.toFixed(2)} s (and ${one.startCpuSeconds.toFixed(2)} s to start)`;
  return {
    what,
    goal: text,
    flint: `${format(plain)}; with flags ${format(flags)}`,
    peers: `smokeping_prober ${format(prober)}, mtr ${mtr.toFixed(2)} s`,
    verdict: judge(plain.cpuSeconds <= (prober.cpuSeconds + mtr) * CPU_SHARE_MAX),
    figures: { ...Object.fromEntries(results), mtrSeconds: mtr },
  };
}
