import { type ChildProcess, spawn } from 'node:child_process';
import { findProgram } from '../../host/command.ts';
import { type Backoff, openBackoff } from '../backoff.ts';
import type { Owner } from './files.ts';
import { endOrphans } from './orphans.ts';

const fs = process.getBuiltinModule('node:fs');

// A program that is kept running: started again when it ends, at once the first time and ever more
// slowly when it cannot stay, ended by its number when it is not wanted. It is told to end when we
// die without a word; one that outlived that all the same is found by its environment and ended
// before another one starts, since both would want the same queue and port.

export interface ChildSpec {
  file: string;
  words: readonly string[];
  env: Readonly<Record<string, string>>;
  /** A variable that no other program has with this value: by it an orphan is known. */
  mark: string;
  /** Of its own memory; it ends when it wants more. Without `prlimit` nothing holds it. */
  memoryBytesMax?: number;
}

export interface ChildOptions {
  owner: Owner;
  /** A line that it wrote. */
  onLine(line: string): void;
  /** It ended by itself. */
  onEnd(why: string): void;
  /** 0 ≤ x < 1 */
  random?: () => number;
  /** Who ran so long was well; 1 min. */
  wellMs?: number;
}

export interface Child {
  /** Makes it run as told; another specification restarts it. Does nothing while it runs so. */
  keep(spec: ChildSpec): Promise<void>;
  /** Ends it, and waits until it is gone. */
  stop(): Promise<void>;
  state(): ChildState;
}

export interface ChildState {
  pid: number | null;
  /** How often it had to be started again. */
  restarts: number;
  /** Its last words when it is not back; after some early ends, until it has stayed a while. */
  fault: string | null;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
const WELL_MS = 60_000;
/** So often in a row it may end early before one that is back is not believed at once. */
const EARLY_ENDS_MAX = 1;
const END_MS_MAX = 15_000;
/** After its end its last words may still be on their way. */
const LAST_WORDS_MS = 1_000;
/** Of Go, of Node and of ourselves. */
const LAST_WORDS = /^(?:flint: |fatal error: |panic: |[A-Z]?[a-z]*Error(?: \[\w+\])?: )/;
const LINE_LENGTH_MAX = 2_000;
/** When memory runs out, it goes before the daemon. */
const OOM_SCORE = '500';

interface Running {
  process: ChildProcess;
  startedMs: number;
  gone: Promise<void>;
}

export function openChild(options: ChildOptions): Child {
  const backoff = openBackoff({
    firstMs: FIRST_WAIT_MS,
    mostMs: LONGEST_WAIT_MS,
    random: options.random ?? Math.random,
  });
  const self = {
    options,
    backoff,
    spec: null as ChildSpec | null,
    running: null as Running | null,
    timer: null as NodeJS.Timeout | null,
    restarts: 0,
    earlyEnds: 0,
    fault: null as string | null,
  };
  return {
    async keep(spec) {
      if (self.spec !== null && isSame(self.spec, spec)) return;
      await halt(self);
      await endOrphans(spec.mark, options.owner.uid);
      Object.assign(self, { spec, fault: null, earlyEnds: 0 });
      backoff.reset();
      launch(self);
    },
    async stop() {
      await halt(self);
      self.fault = null;
    },
    state: () => ({
      pid: self.running?.process.pid ?? null,
      restarts: self.restarts,
      fault: isBack(self) ? null : self.fault,
    }),
  };
}

interface Self {
  options: ChildOptions;
  backoff: Backoff;
  spec: ChildSpec | null;
  running: Running | null;
  timer: NodeJS.Timeout | null;
  restarts: number;
  /** In a row. */
  earlyEnds: number;
  fault: string | null;
}

function isBack(self: Self): boolean {
  return self.running !== null && (self.earlyEnds <= EARLY_ENDS_MAX || isWell(self));
}

function isWell({ running, options: { wellMs = WELL_MS } }: Self): boolean {
  return running !== null && performance.now() - running.startedMs >= wellMs;
}

function launch(self: Self): void {
  const { spec, options } = self;
  if (spec === null) return;
  const startedMs = performance.now();
  const child = start(spec, options.owner);
  if (typeof child === 'string') {
    ended(self, `it cannot be started: ${child}`);
    return;
  }
  let last = '';
  const onLine = (line: string): void => {
    // What comes after that is where, and not why.
    if (!LAST_WORDS.test(last)) last = line;
    options.onLine(line);
  };
  if (child.stdout) followLines(child.stdout, onLine);
  if (child.stderr) followLines(child.stderr, onLine);
  const gone = new Promise<void>((resolve) => {
    const finish = (how: string): void => {
      if (self.running?.process === child) ended(self, last === '' ? how : last);
      resolve();
    };
    child.once('error', (error) => finish(`it cannot be started: ${error.message}`));
    child.once('close', (code, signal) => finish(`it ended with ${code ?? signal}`));
    child.once('exit', () => letGo(child));
  });
  self.running = { process: child, startedMs, gone };
  if (child.pid !== undefined) beFirstVictim(child.pid);
}

// Without memory, descriptors or the right to become somebody else there is no child.
function start(spec: ChildSpec, owner: Owner): ChildProcess | string {
  const { file, words } = withDeathSignal(withBound(spec));
  try {
    return spawn(file, words, {
      env: { ...spec.env },
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {}),
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What it started may live on with its output in hand: that is not waited for. */
function letGo({ stdout, stderr }: ChildProcess): void {
  const timer = setTimeout(() => {
    stdout?.destroy();
    stderr?.destroy();
  }, LAST_WORDS_MS);
  timer.unref();
}

function ended(self: Self, why: string): void {
  const { options, backoff } = self;
  const wasWell = isWell(self);
  self.running = null;
  self.earlyEnds = wasWell ? 0 : self.earlyEnds + 1;
  self.fault = why;
  self.restarts++;
  options.onEnd(why);
  if (wasWell) backoff.reset();
  // Each second costs a scrape somewhere; who was well is back at once.
  const waitMs = wasWell ? 0 : backoff.nextMs(null);
  self.timer = setTimeout(() => {
    self.timer = null;
    launch(self);
  }, waitMs);
}

async function halt(self: Self): Promise<void> {
  if (self.timer !== null) clearTimeout(self.timer);
  const { running } = self;
  Object.assign(self, { timer: null, spec: null, running: null });
  if (running === null) return;
  running.process.kill('SIGTERM');
  const timer = setTimeout(() => running.process.kill('SIGKILL'), END_MS_MAX);
  await running.gone;
  clearTimeout(timer);
}

// As the unit's MemoryMax does: what a server answers may be read to its end, however long it is.
function withBound(spec: ChildSpec): ChildSpec {
  const { file, words, env, memoryBytesMax } = spec;
  const prlimit = findProgram('prlimit', { PATH: process.env['PATH'] ?? env['PATH'] });
  if (memoryBytesMax === undefined || prlimit === null) return spec;
  const bounds = [`--data=${memoryBytesMax}`, '--core=0'];
  return { ...spec, file: prlimit, words: [...bounds, '--', file, ...words] };
}

// Where the program is not there, the mark is enough.
function withDeathSignal({ file, words, env }: ChildSpec): { file: string; words: string[] } {
  const setpriv = findProgram('setpriv', { PATH: process.env['PATH'] ?? env['PATH'] });
  if (setpriv === null) return { file, words: [...words] };
  return { file: setpriv, words: ['--pdeathsig', 'TERM', '--', file, ...words] };
}

function beFirstVictim(pid: number): void {
  try {
    fs.writeFileSync(`/proc/${pid}/oom_score_adj`, OOM_SCORE);
  } catch {
    // It is gone already, or we may not.
  }
}

function followLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (part: string) => {
    const lines = (rest + part).split('\n');
    rest = (lines.pop() ?? '').slice(0, LINE_LENGTH_MAX);
    for (const line of lines) if (line !== '') onLine(line.slice(0, LINE_LENGTH_MAX));
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}

function isSame(a: ChildSpec, b: ChildSpec): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
