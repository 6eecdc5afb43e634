// Other programs, run with a deadline and a bound on what they may print. Nothing goes through a
// shell, and nothing secret may go in the words: every user of the machine can read those.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

export interface CommandOptions {
  /** Then it is killed. */
  timeoutMs: number;
  /** For its standard input. */
  input?: string;
  env?: Readonly<Record<string, string | undefined>>;
  /** Of each stream; what is beyond is cut off, and `isCut` says so. 1 MiB. */
  bytesMax?: number;
  signal?: AbortSignal;
}

export interface CommandResult {
  /** Null when it was killed, by us or by somebody else. */
  code: number | null;
  stdout: string;
  stderr: string;
  isTimedOut: boolean;
  isCut: boolean;
  /** Why it could not be started at all. */
  failure: string | null;
}

const BYTES_MAX = 1 << 20;

/** Never rejects: what went wrong is in the result. */
export function runCommand(
  file: string,
  words: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { timeoutMs, input, env = process.env, bytesMax = BYTES_MAX, signal } = options;
  return new Promise((resolve) => {
    const child = start(file, words, env);
    if (typeof child === 'string') {
      const nothing = { stdout: '', stderr: '', isTimedOut: false, isCut: false };
      resolve({ ...nothing, code: null, failure: child });
      return;
    }
    const streams = {
      stdout: collect(child.stdout, bytesMax),
      stderr: collect(child.stderr, bytesMax),
    };
    let isTimedOut = false;
    const kill = (): void => {
      child.kill('SIGKILL');
      // What it started may live on with its output in hand, and would hold us for as long.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => {
      isTimedOut = true;
      kill();
    }, timeoutMs);
    signal?.addEventListener('abort', kill, { once: true });

    function end(code: number | null, failure: string | null): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', kill);
      const [stdout, stderr] = [streams.stdout(), streams.stderr()];
      const isCut = stdout.isCut || stderr.isCut;
      resolve({ code, stdout: stdout.text, stderr: stderr.text, isTimedOut, isCut, failure });
    }

    child.on('error', (error) => end(null, error.message));
    child.on('close', (code) => end(code, null));
    // A program that does not read is no fault of ours; its exit says more.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
    if (signal?.aborted === true) kill();
  });
}

// Without descriptors or memory there is no child at all, or one without streams.
function start(
  file: string,
  words: readonly string[],
  env: CommandOptions['env'],
): ChildProcessWithoutNullStreams | string {
  try {
    const child = spawn(file, [...words], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    if (child.stdout !== undefined) return child;
    child.on('error', () => undefined);
    return 'there are no descriptors left to start it with';
  } catch (error) {
    return (error as Error).message.replace(/[^ -~]/g, '?').slice(0, 300);
  }
}

/** What a person is told of a failure: its last words, without what steers terminals. */
export function lastWords({ code, stderr, stdout, isTimedOut, failure }: CommandResult): string {
  if (failure !== null) return failure;
  if (isTimedOut) return 'it did not end in time';
  const said = (stderr.trim() === '' ? stdout : stderr).trim().split('\n').at(-1) ?? '';
  const words = said.replace(/[^ -~]/g, '?').slice(0, 300);
  return words === '' ? `it ended with ${code ?? 'a signal'}` : words;
}

/** The program's file: itself when it is a path, else the first of PATH; null without one. */
export function findProgram(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  if (name.startsWith('/')) return isProgram(name) ? name : null;
  const directories = (env['PATH'] ?? '').split(':').filter((one) => one.startsWith('/'));
  return directories.map((one) => path.join(one, name)).find(isProgram) ?? null;
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

function collect(stream: NodeJS.ReadableStream, bytesMax: number) {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isCut = false;
  stream.on('data', (chunk: Buffer) => {
    const room = bytesMax - bytes;
    if (chunk.length > room) isCut = true;
    if (room > 0) chunks.push(chunk.subarray(0, room));
    bytes += Math.min(room, chunk.length);
  });
  return () => ({ text: Buffer.concat(chunks).toString('utf8'), isCut });
}
