// The processes that `flint up` starts and ends together. Each is told to end by the end of its
// channel to us, which needs no permission and happens even when we are killed; it says so by
// `endWithParent`. None is started again: when one ends, all do, and the reason is told.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ProbeError } from '../../core/error.ts';
import { EXIT } from '../command.ts';

export interface ChildSpec {
  /** Before its lines, and in messages. */
  name: string;
  /** The module to run, and its arguments. */
  module: URL;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** How long it may take until it is ready. */
  readyMs: number;
}

export interface Child<T> {
  name: string;
  /** What it said when it was ready; rejects when it ends before, or takes too long. */
  ready: Promise<T>;
  /** Why it ended, once it did. */
  ended: Promise<ChildEnd>;
  /** Lets it end; kills it when it takes longer than `withinMs`. */
  end(withinMs: number): Promise<ChildEnd>;
}

export interface ChildEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** What it wrote last, at most a few lines. */
  lastLines: string[];
}

const LAST_LINES_MAX = 5;
/** How a command of flint says why it failed. */
const REASON = 'flint: ';
/** Lines of a log that say only that all is well. */
const INFO = /^\S+ info /;

/** Starts one; `tell` gets its lines of trouble. */
export function startChild<T>(spec: ChildSpec, tell: (line: string) => void): Child<T> {
  const process_ = spawn(
    process.execPath,
    [...process.execArgv, spec.module.pathname, ...spec.args],
    { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, ...spec.env } },
  );
  const lastLines: string[] = [];
  const silent = followLines(process_, (line) => {
    lastLines.push(line);
    if (lastLines.length > LAST_LINES_MAX) lastLines.shift();
    if (!INFO.test(line) && !line.startsWith(REASON)) tell(`${spec.name}: ${line}`);
  });
  const ended = endOf(process_, lastLines, silent);
  return {
    name: spec.name,
    ready: readyOf<T>(process_, spec, ended),
    ended,
    end: (withinMs) => endChild(process_, ended, withinMs),
  };
}

/** For a child: tells the parent that it is ready. A parent that is gone is told nothing. */
export function sayReady(said: unknown): void {
  process.send?.({ ready: said }, () => undefined);
}

/** Resolves when the child writes no more. */
async function followLines(child: ChildProcess, take: (line: string) => void): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  await Promise.all(
    streams.map(async (stream) => {
      for await (const line of createInterface({ input: stream })) take(line);
    }),
  );
}

// Not by 'close', which is not told of a child whose channel we closed ourselves.
async function endOf(
  child: ChildProcess,
  lastLines: string[],
  silent: Promise<void>,
): Promise<ChildEnd> {
  const end = await new Promise<Omit<ChildEnd, 'lastLines'>>((resolve) => {
    child.once('error', (error) => {
      lastLines.push(error.message);
      resolve({ code: null, signal: null });
    });
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  await silent;
  return { ...end, lastLines };
}

async function readyOf<T>(
  child: ChildProcess,
  { name, readyMs }: ChildSpec,
  ended: Promise<ChildEnd>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const said = new Promise<T>((resolve) => {
    child.on('message', (message) => {
      if (isReady<T>(message)) resolve(message.ready);
    });
  });
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ProbeError('ERR_STATE_IO', `the ${name} was not ready after ${readyMs / 1000} s`));
    }, readyMs);
  });
  try {
    return await Promise.race([said, late, ended.then((end) => failed(name, end))]);
  } finally {
    clearTimeout(timer);
  }
}

function isReady<T>(message: unknown): message is { ready: T } {
  return typeof message === 'object' && message !== null && 'ready' in message;
}

function failed(name: string, { code, signal, lastLines }: ChildEnd): never {
  const how = signal === null ? `ended with ${code}` : `was ended by ${signal}`;
  // What it died of it says in a line of its own; before that there may be others.
  const reason = lastLines.find((line) => line.startsWith(REASON))?.slice(REASON.length);
  const said = reason ?? lastLines.join('\n');
  const isLacking = code === EXIT.unavailable;
  const message = said === '' ? `the ${name} ${how}` : said;
  throw new ProbeError(isLacking ? 'ERR_UNAVAILABLE' : 'ERR_STATE_IO', message);
}

async function endChild(
  child: ChildProcess,
  ended: Promise<ChildEnd>,
  withinMs: number,
): Promise<ChildEnd> {
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
  try {
    return await ended;
  } finally {
    clearTimeout(timer);
  }
}
