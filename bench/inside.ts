// Programs inside namespaces of the lab: our own children, which answer with one line of JSON, and
// peers, whose processor time is measured.
import { fileURLToPath } from 'node:url';
import { type Namespace, openNamespace, openVeth, requireLab } from '../test/lab/net.ts';

/** Two namespaces; the far one answers for 10.78.0.0/16 and fd78::/64. */
export interface Pair {
  near: Namespace;
  /** The device of the near end. */
  device: string;
  close(): Promise<void>;
}

export interface Timed {
  stdout: string;
  stderr: string;
  seconds: number;
  /** User and system time of the program and its children, from exec on. */
  cpuSeconds: number;
}

export interface TimedOptions {
  timeoutMs: number;
  input?: string;
}

const READY_MS_MAX = 20_000;
export const TSX = ['--import', 'tsx'];

export async function openPair(): Promise<Pair> {
  const near = await openNamespace();
  const far = await openNamespace();
  const close = async (): Promise<void> => {
    await near.close();
    await far.close();
  };
  try {
    const { near: end } = await openVeth(near, far);
    return { near, device: end.device, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs a TypeScript file of this folder inside; it answers on standard output. */
export async function runChild<T>(
  namespace: Namespace,
  file: string,
  options: object,
  limits: { timeoutMs: number; env?: Record<string, string> },
): Promise<T> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const words = [...TSX, path, JSON.stringify(options)];
  const { timeoutMs, env = {} } = limits;
  const run = { timeoutMs, env: { ...process.env, ...env } };
  return JSON.parse(await namespace.run(process.execPath, words, run)) as T;
}

/** A child that is asked line by line; `ask` gives the answer to one line. */
export interface Conversation<T> {
  ask(line: string, timeoutMs: number): Promise<T>;
  close(): Promise<void>;
}

/** Starts a TypeScript file of this folder inside; resolves when it has said `ready`. */
export async function openChild<T>(
  namespace: Namespace,
  file: string,
  options: object,
): Promise<Conversation<T>> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = namespace.spawn(process.execPath, [...TSX, path, JSON.stringify(options)]);
  await child.waitFor(/^ready$/m, READY_MS_MAX);
  let answers = 0;
  return {
    async ask(line, timeoutMs) {
      answers++;
      child.child.stdin.write(`${line}\n`);
      await child.waitFor(new RegExp(`^(?:.*\\n){${answers + 1}}`), timeoutMs);
      return JSON.parse(child.output().stdout.split('\n')[answers] ?? '') as T;
    },
    async close() {
      child.child.stdin.end();
      await child.stop();
    },
  };
}

/** Runs a program to its end with the processor time that bash gives for it. */
export async function runTimed(
  namespace: Namespace,
  words: readonly string[],
  options: TimedOptions,
): Promise<Timed> {
  const script = 'TIMEFORMAT="time %R %U %S"; time "$@"';
  const result = await namespace.exec('bash', ['-c', script, 'bash', ...words], options);
  const { code, stdout, stderr } = result;
  const times = /^time ([\d.]+) ([\d.]+) ([\d.]+)$/m.exec(stderr);
  if (code !== 0 || times === null) {
    throw new Error(`${words[0]} ended with ${code}: ${stderr.slice(0, 500)}`);
  }
  const [seconds = 0, user = 0, system = 0] = times.slice(1).map(Number);
  return { stdout, stderr, seconds, cpuSeconds: user + system };
}

/** Of these programs the ones that are not there. */
export function missingOf(...commands: string[]): string[] {
  return commands.filter((command) => requireLab(command) !== null);
}

/** Why nothing of this kind can be measured here, or null. */
export { requireLab };
