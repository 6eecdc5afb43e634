// How far reported RTTs are from what a capture on the wire shows (README.md, accuracy).
import {
  type Namespace,
  openNamespace,
  openReflector,
  requireLab,
  sleep,
  type WireTrip,
} from '../test/lab/net.ts';
import { askFping, askPing, askProber, type Reported } from './accuracy-peers.ts';
import { missingOf, runChild } from './inside.ts';
import type { ProbeOptions, ProbeResult } from './probe-child.ts';
import { absent, judge, type Length, type Row, type RunOptions } from './row.ts';
import { mean, median, type Spread, spread } from './statistics.ts';
import { figure } from './table.ts';
import { consecutive } from './targets.ts';
import { watchWire } from './wire.ts';

export const name = 'accuracy';
export const goal =
  'RTT within 10 µs of the wire at p99, 60 µs at p99.9, whatever the machine does';

const TARGETS = consecutive('10.9.0.1', 50);
const INTERVAL_MS = 100;
const DELAY = '5ms';
const HOGS = 8;
const P99_US_MAX = 10;
const P999_US_MAX = 60;
const FPING_SHARE_MAX = 1 / 5;

/** Segments of all scenarios in turn, so that a noisy minute of the machine hits all of them. */
const PLAN: Record<Length, { segments: number; segmentMs: number; peerMs: number }> = {
  quick: { segments: 1, segmentMs: 1500, peerMs: 1500 },
  normal: { segments: 3, segmentMs: 5000, peerMs: 8000 },
  long: { segments: 6, segmentMs: 10_000, peerMs: 20_000 },
};

type Scenario = 'idle' | 'hogs' | 'blocked';
const SCENARIOS: readonly (readonly [Scenario, string])[] = [
  ['idle', 'idle'],
  ['hogs', `${HOGS} CPU hogs`],
  ['blocked', 'event loop blocked 50 of 100 ms'],
];

interface Tool {
  ask: (namespace: Namespace, milliseconds: number) => Promise<Reported>;
  hogs: number;
}

/** Signed differences reported − wire, µs, and what a mean alone can say. */
interface Measured {
  errorsUs: number[];
  /** Echoes that the wire shows as answered and the tool does not report, and the reverse. */
  unmatched: number;
  wireMeanUs: number;
}

export async function run(options: RunOptions): Promise<Row[]> {
  const missing = requireLab('tcpdump');
  if (missing !== null) return SCENARIOS.map(([, text]) => absent(title(text), limits(), missing));
  const namespace = await openNamespace();
  try {
    const reflector = await openReflector(namespace, `dst 10.9.0.0/16 delay ${DELAY}`);
    return await compare({ namespace, device: reflector.device }, options);
  } finally {
    await namespace.close();
  }
}

interface Wire {
  namespace: Namespace;
  device: string;
}

async function compare(wire: Wire, { length, say }: RunOptions): Promise<Row[]> {
  const { segments, segmentMs, peerMs } = PLAN[length];
  const absentPeers = missingOf('fping', 'ping', 'prometheus-smokeping-prober');
  const has = (peer: string): boolean => !absentPeers.includes(peer);
  const tools: Record<string, Tool> = {
    ...(has('fping') ? { fping: { ask: askFping(TARGETS, INTERVAL_MS), hogs: 0 } } : {}),
    idle: { ask: askFlint(0, 'native'), hogs: 0 },
    hogs: { ask: askFlint(0, 'native'), hogs: HOGS },
    blocked: { ask: askFlint(50, 'native'), hogs: 0 },
  };
  const results = new Map<string, Measured[]>();
  for (let segment = 0; segment < segments; segment++) {
    say(`accuracy: segment ${segment + 1} of ${segments}`);
    for (const [key, tool] of Object.entries(tools)) {
      results.set(key, [...(results.get(key) ?? []), await measure(wire, tool, segmentMs)]);
    }
  }
  const peers: Record<string, Tool> = {
    'flint over raw-socket': { ask: askFlint(0, 'raw-socket'), hogs: 0 },
    ...(has('ping') ? { 'ping ×50': { ask: askPing(TARGETS, INTERVAL_MS), hogs: 0 } } : {}),
  };
  const notes = absentPeers.map((peer) => `${peer} is not installed`);
  for (const [key, tool] of Object.entries(peers)) {
    say(`accuracy: ${key}`);
    try {
      results.set(key, [await measure(wire, tool, peerMs)]);
    } catch (error) {
      notes.push(`${key}: ${firstLine(error)}`);
    }
  }
  if (has('prometheus-smokeping-prober')) {
    say('accuracy: smokeping_prober');
    notes.push(`smokeping_prober ${await meanError(wire, peerMs)}`);
  }
  return toRows(results, notes);
}

/** Runs one tool while the wire is captured, and holds its figures against it. */
async function measure(wire: Wire, tool: Tool, milliseconds: number): Promise<Measured> {
  const hogs = Array.from({ length: tool.hogs }, () =>
    wire.namespace.spawn('sh', ['-c', 'while :; do :; done']),
  );
  try {
    const watched = await watchWire(wire.namespace, wire.device);
    const reported = await tool.ask(wire.namespace, milliseconds);
    return match(reported, await watched.stop());
  } finally {
    await Promise.all(hogs.map((hog) => hog.stop('SIGKILL')));
  }
}

function match(reported: Reported, trips: readonly WireTrip[]): Measured {
  const measured: Measured = { errorsUs: [], unmatched: 0, wireMeanUs: Number.NaN };
  const byAddress = new Map<string, WireTrip[]>();
  for (const trip of trips) {
    const one = byAddress.get(trip.address);
    if (one === undefined) byAddress.set(trip.address, [trip]);
    else one.push(trip);
  }
  const answered = trips.flatMap(({ rttNs }) => (rttNs === null ? [] : [rttNs / 1000]));
  measured.wireMeanUs = mean(answered);
  for (const [address, sent] of byAddress) {
    const rtts = reported.get(address) ?? [];
    sent.forEach((trip, i) => {
      const rttNs = rtts[i] ?? null;
      if (rttNs !== null && trip.rttNs !== null) {
        measured.errorsUs.push((rttNs - trip.rttNs) / 1000);
      } else if (rttNs !== null || trip.rttNs !== null) measured.unmatched++;
    });
  }
  return measured;
}

function askFlint(blockMs: number, transport: string): Tool['ask'] {
  return async (namespace, milliseconds) => {
    const options: ProbeOptions = {
      targets: TARGETS,
      intervalMs: INTERVAL_MS,
      milliseconds,
      isPaced: false,
      blockMs,
    };
    const env = { FLINT_TRANSPORT: transport };
    const limits = { timeoutMs: milliseconds + 20_000, env };
    const result = await runChild<ProbeResult>(namespace, 'probe-child.ts', options, limits);
    if (result.transport !== transport) throw new Error(`it measured over ${result.transport}`);
    return new Map(result.rttNs.map((rtts, i) => [TARGETS[i] ?? '', rtts]));
  };
}

/** smokeping_prober keeps no sample: its mean (sum / count) against the mean of the wire. */
async function meanError(wire: Wire, milliseconds: number): Promise<string> {
  const watched = await watchWire(wire.namespace, wire.device);
  try {
    const { meanUs, count } = await askProber(wire.namespace, {
      targets: TARGETS,
      intervalMs: INTERVAL_MS,
      milliseconds,
    });
    await sleep(100);
    const { wireMeanUs } = match(new Map(), await watched.stop());
    return `${figure(meanUs - wireMeanUs)} µs too long on average (of ${count})`;
  } catch (error) {
    return `failed: ${firstLine(error)}`;
  }
}

function toRows(results: ReadonlyMap<string, readonly Measured[]>, notes: string[]): Row[] {
  const spreads = new Map<string, Spread>();
  for (const [key, parts] of results) {
    spreads.set(key, spread(parts.flatMap((part) => part.errorsUs.map(Math.abs))));
  }
  const figures = (key: string): object => {
    const parts = results.get(key) ?? [];
    return {
      absoluteUs: spreads.get(key),
      signedMedianUs: median(parts.flatMap((part) => part.errorsUs)),
      unmatched: parts.reduce((sum, part) => sum + part.unmatched, 0),
    };
  };
  const others = [...spreads.keys()].filter((key) => !SCENARIOS.some(([s]) => s === key));
  const peerText = others.map((key) => `${key} ${format(spreads.get(key))}`);
  const rows = SCENARIOS.map(([key, text]): Row => {
    const one = spreads.get(key);
    const isMet = one !== undefined && one.p99 <= P99_US_MAX && one.p999 <= P999_US_MAX;
    const peers = key === 'idle' ? [...peerText, ...notes].join('; ') : '';
    const all = key === 'idle' ? [key, ...others] : [key];
    return {
      what: title(text),
      goal: limits(),
      flint: `${format(one)} µs`,
      peers,
      verdict: judge(isMet),
      figures: Object.fromEntries(all.map((tool) => [tool, figures(tool)])),
    };
  });
  return [...rows, againstFping(spreads)];
}

function againstFping(spreads: ReadonlyMap<string, Spread>): Row {
  const what = 'p99 of the worst of the three, beside fping when idle';
  const text = 'at most a fifth of fping’s';
  const fping = spreads.get('fping');
  if (fping === undefined) return absent(what, text, 'fping is not installed');
  const worst = Math.max(...SCENARIOS.map(([key]) => spreads.get(key)?.p99 ?? Number.NaN));
  return {
    what,
    goal: text,
    flint: `${figure(worst)} µs`,
    peers: `fping ${figure(fping.p99)} µs`,
    verdict: judge(worst <= fping.p99 * FPING_SHARE_MAX),
  };
}

function title(scenario: string): string {
  return `error of RTT, ${TARGETS.length} targets × 10/s, ${scenario}`;
}

function limits(): string {
  return `p99 ≤ ${P99_US_MAX} µs, p99.9 ≤ ${P999_US_MAX} µs`;
}

/** p50/p99/p99.9/max */
function format(one: Spread | undefined): string {
  if (one === undefined) return '–';
  return [one.p50, one.p99, one.p999, one.max].map(figure).join('/');
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
