// Runs the reflector (reflector.c; its language is in scenario.h) on a TUN device in a namespace.
import { readFileSync } from 'node:fs';
import type { Family } from '../../src/core/round.ts';
import { type Namespace, REFLECTOR, scratchFile } from './namespace.ts';
import { atMost, type LabProcess } from './process.ts';

export interface ReflectorOptions {
  /** Routed into the device. */
  prefixes?: readonly string[];
  /** Ours on the device, and so the source of what is sent; at most one of each family. */
  addresses?: readonly string[];
  /** SCHED_FIFO, where it is permitted; on unless told. */
  isRealtime?: boolean;
  /** Keep a log of every packet, for `log()`. */
  hasLog?: boolean;
}

export interface ReflectorCounters {
  requests: number;
  lost: number;
  replied: number;
  copied: number;
  errors: number;
  reordered: number;
  corrupted: number;
  truncated: number;
  /** Not echo requests. */
  foreign: number;
  malformed: number;
  queueFull: number;
  writeErrors: number;
  /** To more addresses than it keeps apart. */
  untracked: number;
  queued: number;
  /** How long after it was due an answer was written. */
  lateNsMax: number;
  lateNsMean: number;
  isRealtime: boolean;
}

export interface LogEntry {
  /** CLOCK_REALTIME. */
  arrivedNs: bigint;
  /** Null when lost. */
  writtenNs: bigint | null;
  family: Family;
  destination: string;
  id: number;
  seq: number;
  action: 'lost' | 'replied' | 'copied' | 'error';
  marks: string[];
}

export interface Reflector {
  readonly device: string;
  readonly process: LabProcess;
  /** Sends a line of the scenario language; fails with the reflector's reason when refused. */
  command(line: string): Promise<void>;
  counters(): Promise<ReflectorCounters>;
  /** What was logged so far, also after close (`hasLog`). */
  log(): Promise<LogEntry[]>;
  /** Ends it and gives the last counters; its device goes with it. */
  close(): Promise<ReflectorCounters>;
}

const ANSWER_MS_MAX = 5_000;
let devices = 0;

/** `scenario` is a text of lines; `at` in it counts from the moment this resolves. */
export async function openReflector(
  namespace: Namespace,
  scenario: string,
  options: ReflectorOptions = {},
): Promise<Reflector> {
  const device = `tun${devices++}`;
  const logFile = scratchFile('log');
  const child = namespace.spawn(REFLECTOR, [
    device,
    '--until-eof',
    ...(options.isRealtime === false ? [] : ['--realtime']),
    ...(options.hasLog === true ? ['--log', logFile] : []),
  ]);
  const reflector = describe(child, device, logFile);
  try {
    await child.waitFor(/^ready$/m);
    await configure(namespace, device, options);
    for (const line of scenario.split('\n')) {
      if (!/^\s*(#|$)/.test(line)) await reflector.command(line.trim());
    }
    return reflector;
  } catch (error) {
    await child.stop('SIGKILL');
    throw error;
  }
}

async function configure(
  namespace: Namespace,
  device: string,
  options: ReflectorOptions,
): Promise<void> {
  const { prefixes = ['10.9.0.0/16', 'fd09::/64'], addresses = ['10.8.0.1', 'fd08::1'] } = options;
  await namespace.ip(`link set ${device} up txqueuelen 16384`);
  for (const address of addresses) {
    const isV6 = address.includes(':');
    await namespace.ip(`address add ${address} dev ${device}${isV6 ? ' nodad' : ''}`);
  }
  for (const prefix of prefixes) {
    const source = addresses.find((address) => address.includes(':') === prefix.includes(':'));
    await namespace.ip(
      `route add ${prefix} dev ${device}${source === undefined ? '' : ` src ${source}`}`,
    );
  }
}

function describe(child: LabProcess, device: string, logFile: string): Reflector {
  const ask = converse(child);
  async function counters(): Promise<ReflectorCounters> {
    return JSON.parse(await ask('counters')) as ReflectorCounters;
  }
  return {
    device,
    process: child,
    async command(line) {
      const answer = await ask(line);
      if (answer !== 'ok') throw new Error(`the reflector refused '${line}': ${answer}`);
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
      return JSON.parse(last) as ReflectorCounters;
    },
  };
}

/** One line out, one line back, in order. */
export function converse(child: LabProcess): (line: string) => Promise<string> {
  const waiting: ((answer: string) => void)[] = [];
  let rest = '';
  let isReady = false;
  child.child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (isReady) waiting.shift()?.(line);
      isReady = true; // the first line says no more than that
    }
  });
  return async (line) => {
    const answer = new Promise<string>((resolve) => waiting.push(resolve));
    child.child.stdin.write(`${line}\n`);
    const given = await atMost(answer, ANSWER_MS_MAX);
    if (given === null) {
      throw new Error(`no answer to '${line}': ${child.output().stderr}`);
    }
    return given;
  };
}

function parseEntry(line: string): LogEntry {
  const [arrived = '', written = '', family, destination = '', id, seq, action = ''] =
    line.split(' ');
  const [name, ...marks] = action.split('+');
  return {
    arrivedNs: BigInt(arrived),
    writtenNs: written === '-' ? null : BigInt(written),
    family: family === '4' ? 'v4' : 'v6',
    destination,
    id: Number(id),
    seq: Number(seq),
    action: name as LogEntry['action'],
    marks,
  };
}
