// Opens driver.ts in a namespace and asks it, one question at a time.
import { fileURLToPath } from 'node:url';
import type { PathProtocol } from '../../src/core/path.ts';
import type { SocketDescription } from '../../src/engine/addon.ts';
import type { EngineFigures, SeriesState } from '../../src/engine/engine.ts';
import type { Inherited } from '../../src/engine/native.ts';
import type { ProbeOutcome } from '../../src/engine/probes.ts';
import type { ClosedRound, LogLine } from '../../src/engine/readers.ts';
import type { Namespace } from '../lab/net.ts';
import { atMost, type LabProcess } from '../lab/process.ts';

export interface OpenWish {
  kind: 'auto' | 'raw' | 'ping' | 'raw-socket';
  identifier: number;
  port?: number;
  slots?: number;
  stamps?: boolean;
  ownKeys?: boolean;
  inherited?: Inherited;
}

/** A packet for the outbox; an echo of PATTERN unless `icmp` (hex) says otherwise. */
export interface Outgoing {
  family: 4 | 6;
  /** What `icmp` is, if no ICMP. */
  protocol?: 'udp' | 'tcp';
  to: string;
  identifier?: number;
  /** Slot and generation; its low 16 bits are the sequence number. */
  key?: number;
  ttl?: number;
  tos?: number;
  source?: string;
  device?: number;
  scope?: number;
  dontFragment?: boolean;
  payloadBytes?: number;
  icmp?: string;
}

export interface SeriesWish {
  to: string;
  intervalMs: number;
  phaseMs?: number;
  payloadBytes?: number;
  ttl?: number;
  dontFragment?: boolean;
}

export interface EngineWish extends OpenWish {
  timeoutMs: number;
  roundMs?: number;
  jitter?: number;
  packetsPerSecond?: number;
  hasLog?: boolean;
  probeTimeoutMs?: number;
  series: readonly SeriesWish[];
}

/** TTL-limited probes along paths, all at once: one for each TTL from 1 on. */
export interface ProbesWish {
  paths: readonly { to: string; protocol: PathProtocol; port?: number; flow?: number }[];
  ttls: readonly number[];
  /** Until the last outcome is there, or for so long. */
  ms: number;
  payloadBytes?: number;
  dontFragment?: boolean;
}

/** An outcome, its path as the place in the wish. */
export type Traced = Omit<ProbeOutcome, 'address' | 'trace'> & { path: number; address: string };

export interface PumpWish {
  ms: number;
  isPaced?: boolean;
  freshMs?: number | null;
  load: { packetsPerSecond: number; intervalMsMin: number };
}

/** An inbox record; bytes from the ICMP, UDP or TCP header on, in hex. */
export interface Arrived {
  kind: number;
  icmp: string;
  /** From the IP header, where the socket delivers it. */
  ipTtl: number | null;
  stampNs: string;
  isTruncated: boolean;
  stampSource: number;
  source: string;
  ttl: number;
  errorType: number;
  errorCode: number;
}

export interface Gathered {
  packets: Arrived[];
  stamps: { key: number; kind: number; stampNs: string }[];
  overflows: number;
}

export interface Seen {
  figures: EngineFigures;
  states: SeriesState[];
  log: (Omit<LogLine, 'address'> & { address: number[] })[];
  rounds: ClosedRound[];
}

export interface Wishes {
  drop: { name: string; uid: number; gid: number };
  open: OpenWish;
  send: { packets: readonly Outgoing[] };
  /** The same packets again and again, without a drain. */
  flood: { packets: readonly Outgoing[]; times: number };
  /** Drains until there are so many of both, or for so long; of one identifier, or everything. */
  gather: { packets: number; stamps: number; ms: number; repliesTo?: number; untilEmpty?: boolean };
  sockets: null;
  scheduled: { on: boolean };
  engine: EngineWish;
  pump: PumpWish;
  probes: ProbesWish;
  /** The address that packets would be sent from, or the errno why there is none. */
  source: { to: string; device?: number; scope?: number };
  tick: { most: number };
  drain: null;
  observe: null;
  finish: null;
  run: { command: string; args: string[]; fds: number[]; env: Record<string, string> };
  close: null;
}

type Opened = {
  name: string;
  stamps: string;
  isPrivileged: boolean;
  protocols: readonly PathProtocol[];
  missing: readonly { family: string; reason: string }[];
};

export interface Answers {
  drop: null;
  open: Opened;
  send: { errno: number; userNs: string }[];
  /** How many were accepted. */
  flood: number;
  gather: Gathered;
  sockets: SocketDescription[];
  scheduled: boolean;
  engine: Opened;
  pump: null;
  probes: Traced[];
  source: string | number;
  tick: string[];
  drain: null;
  observe: Seen;
  finish: Seen;
  run: { code: number | null; stdout: string; stderr: string };
  close: null;
}

export interface Driver {
  readonly process: LabProcess;
  ask<K extends keyof Wishes>(name: K, wish: Wishes[K]): Promise<Answers[K]>;
  close(): Promise<void>;
}

interface Failure {
  code: string | null;
  syscall: string | null;
  errno: string | null;
  message: string;
}

/** What the driver could not do. */
export class DriverError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export const NOBODY = { name: 'nobody', uid: 65534, gid: 65534 };

const DRIVER = fileURLToPath(new URL('./driver.ts', import.meta.url));
const ANSWER_MS_MAX = 30_000;

export interface DriverOptions {
  before?: readonly string[];
  /** Instead of this Node and the driver. */
  program?: readonly string[];
  env?: NodeJS.ProcessEnv;
}

/** `before` are words that start the program: `setpriv --bounding-set -net_raw`. */
export async function openDriver(
  namespace: Namespace,
  options: DriverOptions = {},
): Promise<Driver> {
  const [command = '', ...args] = [
    ...(options.before ?? []),
    ...(options.program ?? [process.execPath, '--import', 'tsx', DRIVER]),
  ];
  const child = namespace.spawn(command, args, { env: { ...process.env, ...options.env } });
  await child.waitFor('"ready"\n', ANSWER_MS_MAX);
  const ask = converse(child);
  return {
    process: child,
    ask: async (name, wish) => {
      const said = (await ask([name, wish])) as Said;
      if ('failed' in said) throw new DriverError(said.failed);
      return said.ok as Answers[typeof name];
    },
    async close() {
      child.child.stdin.end();
      if ((await atMost(child.exited, 2000)) === null) await child.stop('SIGKILL');
    },
  };
}

type Said = { ok: unknown } | { failed: Failure };

function converse(child: LabProcess): (question: unknown) => Promise<unknown> {
  const waiting: ((line: string) => void)[] = [];
  let rest = '';
  child.child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) waiting.shift()?.(line);
  });
  return async (question) => {
    const answer = new Promise<string>((resolve) => waiting.push(resolve));
    const ended = child.exited.then(() => null);
    child.child.stdin.write(`${JSON.stringify(question)}\n`);
    const line = await atMost(Promise.race([answer, ended]), ANSWER_MS_MAX);
    if (line === null) throw new Error(`no answer from the driver: ${child.output().stderr}`);
    return JSON.parse(line);
  };
}
