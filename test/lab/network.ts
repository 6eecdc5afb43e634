// Runs a routed network (network.c) behind a TUN device in a namespace, as a scenario file says.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Family } from '../../src/core/round.ts';
import { type Namespace, scratchFile } from './namespace.ts';
import {
  changeLines,
  type Hops,
  hopsOf,
  NETWORK_PREFIXES,
  parseScenario,
  pathsOf,
  scenarioLines,
} from './network-scenario.ts';
import { atMost, type LabProcess } from './process.ts';
import { converse } from './reflector.ts';

export interface NetworkOptions {
  /** Keep a log of every packet, for `log()`. */
  hasLog?: boolean;
  /** SCHED_FIFO, where it is permitted; on unless told. */
  isRealtime?: boolean;
  /** Ours on the device, and so the source of what is sent. */
  addresses?: readonly string[];
}

/** Packets dropped, by reason; answers written, by kind. */
export type NetworkAction = (typeof ACTIONS)[number];

export interface NetworkCounters extends Record<NetworkAction, number> {
  packets: number;
  copied: number;
  reordered: number;
  /** Neither ICMP echo nor UDP nor TCP. */
  foreign: number;
  malformed: number;
  /** Came to the host with a wrong checksum. */
  unsound: number;
  queueFull: number;
  writeErrors: number;
  queued: number;
  lateNsMax: number;
  isRealtime: boolean;
}

export interface NetworkLogEntry {
  /** CLOCK_REALTIME. */
  arrivedNs: bigint;
  /** Null where nothing was answered. */
  writtenNs: bigint | null;
  family: Family;
  destination: string;
  service: 'icmp' | 'udp' | 'tcp';
  ttl: number;
  /** Ports; of an echo the identifier and the sequence. */
  first: number;
  last: number;
  /** Where the packet ended, from 1 on; 0: at the host. */
  hop: number;
  answerer: string | null;
  action: NetworkAction;
  marks: string[];
}

export interface RoutedNetwork {
  readonly device: string;
  readonly process: LabProcess;
  /** By name of the path: what may answer at each TTL, by TTL - 1, without the host. */
  readonly paths: ReadonlyMap<string, Hops>;
  /** Hosts at the end of whichever path is taken; so is any other address of their prefixes. */
  readonly host: Readonly<Record<Family, string>>;
  /** Carries out the scenario's events of this cue. */
  cue(name: string): Promise<void>;
  /** Sends a line of the network's language; fails with its reason when refused. */
  command(line: string): Promise<void>;
  counters(): Promise<NetworkCounters>;
  /** What was logged so far, also after close (`hasLog`). */
  log(): Promise<NetworkLogEntry[]>;
  /** Ends it and gives the last counters; its device goes with it. */
  close(): Promise<NetworkCounters>;
}

const ACTIONS = [
  ...(['unrouted', 'lost', 'filtered', 'silent', 'limited', 'ignored'] as const),
  ...(['expired', 'unreached', 'tooBig', 'refused', 'prohibited'] as const),
  ...(['echoed', 'answered', 'accepted', 'challenged', 'reset'] as const),
];

const PROGRAM = fileURLToPath(new URL('../../build/lab/network', import.meta.url));
const SCENARIOS = new URL('../scenario/path/', import.meta.url);
const ANSWER_MS_MAX = 5_000;
let devices = 0;

/** The names of the scenario files. */
export function scenarioNames(): string[] {
  const files = readdirSync(SCENARIOS).filter((file) => file.endsWith('.json'));
  return files.map((file) => file.slice(0, -'.json'.length)).sort();
}

/** `scenario` is the name of a file of test/scenario/path, or what could stand in one. Its events
 * count from the moment this resolves. */
export async function openNetwork(
  namespace: Namespace,
  scenario: unknown,
  options: NetworkOptions = {},
): Promise<RoutedNetwork> {
  const parsed = parseScenario(typeof scenario === 'string' ? load(scenario) : scenario);
  const { addresses = ['10.71.0.1', 'fd71::1'], hasLog = false, isRealtime = true } = options;
  const device = `net${devices++}`;
  const logFile = scratchFile('log');
  const words = [...(isRealtime ? ['--realtime'] : []), ...(hasLog ? ['--log', logFile] : [])];
  const child = namespace.spawn(PROGRAM, [device, '--until-eof', ...words]);
  const ask = converse(child);
  const command = async (line: string) => {
    const answer = await ask(line);
    if (answer !== 'ok') throw new Error(`the network refused '${line}': ${answer}`);
  };
  try {
    await child.waitFor(/^ready$/m);
    await configure(namespace, device, addresses);
    for (const line of scenarioLines(parsed)) await command(line);
    for (const event of parsed.events) {
      if (event.atMs === undefined) continue;
      for (const line of changeLines(event)) await command(`at ${event.atMs}ms ${line}`);
    }
  } catch (error) {
    await child.stop('SIGKILL');
    throw error;
  }
  const counters = async () => JSON.parse(await ask('counters')) as NetworkCounters;
  return {
    device,
    process: child,
    paths: new Map([...pathsOf(parsed)].map(([name, hops]) => [name, hopsOf(hops)])),
    host: { v4: '10.91.0.1', v6: 'fd91::1' },
    command,
    async cue(name) {
      const events = parsed.events.filter((event) => event.cue === name);
      if (events.length === 0) throw new Error(`the scenario has no cue '${name}'`);
      for (const line of events.flatMap(changeLines)) await command(line);
    },
    counters,
    async log() {
      if (child.child.exitCode === null) await counters(); // flushes it
      return readFileSync(logFile, 'utf8').split('\n').filter(Boolean).map(parseEntry);
    },
    async close() {
      child.child.stdin.end();
      if ((await atMost(child.exited, ANSWER_MS_MAX)) === null) await child.stop('SIGKILL');
      const last = child.output().stdout.trimEnd().split('\n').at(-1) ?? '';
      return JSON.parse(last) as NetworkCounters;
    },
  };
}

function load(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.json`, SCENARIOS), 'utf8'));
}

async function configure(
  namespace: Namespace,
  device: string,
  addresses: readonly string[],
): Promise<void> {
  const input = [
    `link set ${device} addrgenmode none`,
    `link set ${device} up txqueuelen 16384`,
    ...addresses.map(
      (one) => `address add ${one} dev ${device}${one.includes(':') ? ' nodad' : ''}`,
    ),
    ...NETWORK_PREFIXES.map((prefix) => {
      const isV6 = prefix.includes(':');
      const source = addresses.find((address) => address.includes(':') === isV6);
      return `route add ${prefix} dev ${device}${source === undefined ? '' : ` src ${source}`}`;
    }),
  ].join('\n');
  await namespace.run('ip', ['-batch', '-'], { input });
}

function parseEntry(line: string): NetworkLogEntry {
  const [arrived = '', written = '', family, destination = '', ...rest] = line.split(' ');
  const [service, ttl, first, last, hop, answerer = '-', action = ''] = rest;
  const [name, ...marks] = action.split('+');
  return {
    arrivedNs: BigInt(arrived),
    writtenNs: written === '-' ? null : BigInt(written),
    family: family === '4' ? 'v4' : 'v6',
    destination,
    service: service as NetworkLogEntry['service'],
    ttl: Number(ttl),
    first: Number(first),
    last: Number(last),
    hop: Number(hop),
    answerer: answerer === '-' ? null : answerer,
    action: name as NetworkAction,
    marks,
  };
}
