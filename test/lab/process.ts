// Child processes of the lab: each has a deadline or an owner that ends it by its pid, none
// outlives the test process (the kernel kills it when its parent dies).
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface Exit {
  /** Null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Result extends Exit {
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** The process is killed and the call fails after so long; 10 s unless told. */
  timeoutMs?: number;
  input?: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

export interface LabProcess {
  readonly pid: number;
  readonly child: ChildProcessWithoutNullStreams;
  readonly exited: Promise<Exit>;
  /** Everything written so far. */
  output(): { stdout: string; stderr: string };
  /** Resolves when standard output or error holds the text; fails at its end or after 15 s. */
  waitFor(text: string | RegExp, timeoutMs?: number): Promise<void>;
  /** Sends the signal (SIGTERM), and SIGKILL eight seconds later; resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
}

/** One thread of a process as /proc/PID/task/TID/status has it; capabilities are 16 hex digits. */
export interface Thread {
  tid: number;
  name: string;
  /** Real, effective, saved, file system. */
  uids: number[];
  gids: number[];
  groups: number[];
  capabilities: Record<'Inh' | 'Prm' | 'Eff' | 'Bnd' | 'Amb', string>;
  noNewPrivileges: boolean;
}

const RUN_MS_MAX = 10_000;
const STOP_MS_MAX = 8_000;
const WAIT_MS_MAX = 15_000;
const LINGER_MS = 500;
const POLL_MS = 5;
const running = new Set<LabProcess>();

process.on('exit', () => {
  for (const started of running) started.child.kill('SIGKILL');
});

/** Starts a command; fails when it cannot be started at all. */
export function startProcess(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): LabProcess {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
    stdio: 'pipe',
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  if (child.pid === undefined)
    throw new Error(`${command} could not be started (setpriv missing?)`);
  const started = describe(child, child.pid, [command, ...args].join(' '));
  running.add(started);
  child.once('exit', () => running.delete(started));
  child.stdin.on('error', () => {}); // it ended before it read: its exit tells
  if (options.input !== undefined) child.stdin.end(options.input);
  return started;
}

/** Runs a command to its end. Fails after the deadline; a code other than 0 is a result. */
export async function runProcess(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  const started = startProcess(command, args, { input: '', ...options });
  const timeoutMs = options.timeoutMs ?? RUN_MS_MAX;
  const exit = await atMost(started.exited, timeoutMs);
  if (exit !== null) return { ...exit, ...started.output() };
  await started.stop('SIGKILL');
  throw new Error(`no end after ${timeoutMs} ms: ${command} ${args.join(' ')}`);
}

/** The threads of a process, the main one first. */
export function threads(pid: number): Thread[] {
  return readdirSync(`/proc/${pid}/task`)
    .map(Number)
    .sort((a, b) => a - b)
    .map((tid) => parseStatus(tid, readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8')));
}

/** What the promise gives, or null when it takes longer. */
export async function atMost<T>(promise: Promise<T>, timeoutMs: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), timeoutMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function describe(child: ChildProcessWithoutNullStreams, pid: number, title: string): LabProcess {
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout.on('data', (chunk: Buffer) => chunks.stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.stderr.push(chunk));
  let isGone = false;
  const exited = new Promise<Exit>((resolve) => {
    const settle = (code: number | null, signal: NodeJS.Signals | null) => {
      isGone = true;
      resolve({ code, signal });
    };
    child.once('close', settle);
    // A grandchild may hold the pipes open: the output is then what came until here.
    child.once('exit', (...exit) => setTimeout(settle, LINGER_MS, ...exit).unref());
  });
  const output = () => ({
    stdout: Buffer.concat(chunks.stdout).toString(),
    stderr: Buffer.concat(chunks.stderr).toString(),
  });
  async function waitFor(text: string | RegExp, timeoutMs = WAIT_MS_MAX): Promise<void> {
    const untilMs = Date.now() + timeoutMs;
    for (;;) {
      const wasGone = isGone;
      const { stdout, stderr } = output();
      if (has(stdout, text) || has(stderr, text)) return;
      if (wasGone || Date.now() > untilMs) {
        throw new Error(`${title} did not print ${text}: ${stdout}${stderr}`);
      }
      await sleep(POLL_MS);
    }
  }
  async function stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    child.kill(signal);
    const exit = await atMost(exited, STOP_MS_MAX);
    if (exit !== null) return exit;
    child.kill('SIGKILL');
    return exited;
  }
  return { pid, child, exited, output, waitFor, stop };
}

function has(all: string, text: string | RegExp): boolean {
  return typeof text === 'string' ? all.includes(text) : text.test(all);
}

function parseStatus(tid: number, text: string): Thread {
  const fields = new Map(
    text.split('\n').map((line) => {
      const [name = '', ...rest] = line.split(':');
      return [name, rest.join(':').trim()] as const;
    }),
  );
  const field = (name: string) => fields.get(name) ?? '';
  const numbers = (name: string) => field(name).split(/\s+/).filter(Boolean).map(Number);
  return {
    tid,
    name: field('Name'),
    uids: numbers('Uid'),
    gids: numbers('Gid'),
    groups: numbers('Groups'),
    capabilities: {
      Inh: field('CapInh'),
      Prm: field('CapPrm'),
      Eff: field('CapEff'),
      Bnd: field('CapBnd'),
      Amb: field('CapAmb'),
    },
    noNewPrivileges: field('NoNewPrivs') === '1',
  };
}
