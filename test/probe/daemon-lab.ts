// The built program, `dist/main.js`, as a daemon in a network namespace, in front of a reflector
// whose answers are known. It is asked by HTTP from inside the namespace.
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProbeEvent, Round } from '../../src/core/round.ts';
import {
  type Exit,
  type LabProcess,
  type Namespace,
  openNamespace,
  openReflector,
  type Reflector,
  requireLab,
  sleep,
} from '../lab/net.ts';

export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Answer {
  status: number;
  type: string;
  body: string;
}

export interface RunningDaemon {
  process: LabProcess;
  /** Everything it wrote to standard error so far. */
  log(): string;
  get(path: string): Promise<Answer>;
  rounds(query?: string): Promise<Round[]>;
  events(kind: ProbeEvent['kind']): Promise<ProbeEvent[]>;
  status(): Promise<StatusAnswer>;
  metrics(path?: string): Promise<string>;
  /** Asks until the answer is accepted; fails after `timeoutMs` (15 s) with the last one. */
  until<T>(ask: () => Promise<T>, accept: (answer: T) => boolean, timeoutMs?: number): Promise<T>;
  stop(signal?: NodeJS.Signals): Promise<Exit>;
}

export interface StatusAnswer {
  bootId: string;
  uptimeMs: number;
  config: { etag: string; error: string | null };
  store: { bytes: number; errors: number };
  targets: {
    id: string;
    family: string;
    ip: string | null;
    state: string;
    reason: string | null;
    lastRound: Round | null;
  }[];
}

export interface DaemonLab {
  namespace: Namespace;
  reflector: Reflector;
  /** A directory that everyone can read, removed with the lab. */
  directory: string;
  /** Writes a file there, in one step, and gives its path. */
  write(name: string, content: unknown): string;
  /** `flint probe` with a configuration file; waits until it measures. */
  start(config: string, options?: StartOptions): Promise<RunningDaemon>;
  /** Asks what is served inside the namespace. */
  fetcher: Fetcher;
  /** Any command of flint, from its start on. */
  flint(words: readonly string[], options?: StartOptions): LabProcess;
  /** One that serves on this port, wherever it came from. */
  attach(process: LabProcess, port?: number): RunningDaemon;
  close(): Promise<void>;
}

export interface StartOptions {
  /** Below the lab's directory; `state` unless told. */
  state?: string;
  port?: number;
  /** Of node itself. */
  flags?: readonly string[];
  env?: NodeJS.ProcessEnv;
}

/** Why there can be no such lab, or null. */
export function missingDaemonLab(...commands: string[]): string | null {
  const missing = requireLab(...commands);
  return missing ?? (existsSync(MAIN) ? null : 'dist/main.js is not built');
}

export async function openDaemonLab(scenario: string): Promise<DaemonLab> {
  const namespace = await openNamespace();
  const reflector = await openReflector(namespace, scenario, { hasLog: true });
  const directory = mkdtempSync(join(tmpdir(), 'flint-daemon-'));
  // Who the daemon is after root must get through.
  chmodSync(directory, 0o755);
  const fetcher = openFetcher(namespace);

  function flint(words: readonly string[], { flags = [], env }: StartOptions = {}): LabProcess {
    // Nothing is left in that of the machine.
    const places = { RUNTIME_DIRECTORY: join(directory, 'run') };
    const options = { env: { ...process.env, ...places, ...env } };
    return namespace.spawn(process.execPath, [...flags, MAIN, ...words], options);
  }

  const lab: DaemonLab = {
    namespace,
    reflector,
    directory,
    write(name, content) {
      const file = join(directory, name);
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
      return file;
    },
    async start(config, options = {}) {
      const state = join(directory, options.state ?? 'state');
      const run = join(directory, 'run');
      const words = ['probe', '--config', config, '--state', state, '--run', run];
      const started = flint(words, options);
      await started.waitFor(' measuring ', 10_000);
      return lab.attach(started, options.port);
    },
    flint,
    fetcher,
    attach: (started, port = 9740) => attachDaemon(started, fetcher, port),
    async close() {
      await namespace.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return lab;
}

/** A process in the fetcher's namespace that serves on this port. */
export function attachDaemon(started: LabProcess, fetcher: Fetcher, port: number): RunningDaemon {
  const get = (path: string): Promise<Answer> => fetcher.get(port, path);
  async function json<T>(path: string): Promise<T> {
    const answer = await get(path);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as T;
  }
  return {
    process: started,
    log: () => started.output().stderr,
    get,
    rounds: async (query = '') =>
      (await json<{ rounds: Round[] }>(`/api/v1/rounds?limit=10000&${query}`)).rounds,
    events: async (kind) =>
      (await json<{ events: ProbeEvent[] }>('/api/v1/events')).events.filter(
        (event) => event.kind === kind,
      ),
    status: () => json<StatusAnswer>('/api/v1/status'),
    metrics: async (path = '/metrics') => (await get(path)).body,
    async until(ask, accept, timeoutMs = 15_000) {
      const endMs = Date.now() + timeoutMs;
      for (;;) {
        const answer = await ask();
        if (accept(answer)) return answer;
        if (Date.now() > endMs) {
          const shown = JSON.stringify(answer)?.slice(0, 2000);
          throw new Error(`after ${timeoutMs} ms: ${shown}\n${started.output().stderr}`);
        }
        await sleep(100);
      }
    },
    stop: (signal) => started.stop(signal),
  };
}

const FETCHER = `
const http = require('node:http');
require('node:readline').createInterface({ input: process.stdin }).on('line', (url) => {
  const tell = (answer) => process.stdout.write(JSON.stringify(answer) + '\\n');
  http.get(url, { agent: false, timeout: 5000 }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (part) => { body += part; });
    response.on('end', () => {
      tell({ status: response.statusCode, type: response.headers['content-type'] ?? '', body });
    });
  }).on('timeout', function () { this.destroy(new Error('no answer')); })
    .on('error', (error) => tell({ status: 0, type: '', body: String(error) }));
});
`;

export interface Fetcher {
  get(port: number, path: string): Promise<Answer>;
}

/** A process inside that fetches what it is told, one after the other. */
export function openFetcher(namespace: Namespace): Fetcher {
  const { child } = namespace.spawn(process.execPath, ['-e', FETCHER]);
  const waiting: ((answer: Answer) => void)[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) waiting.shift()?.(JSON.parse(line) as Answer);
  });
  let last: Promise<unknown> = Promise.resolve();
  return {
    get(port, path) {
      const answer = last.then(
        () =>
          new Promise<Answer>((resolve) => {
            waiting.push(resolve);
            child.stdin.write(`http://127.0.0.1:${port}${path}\n`);
          }),
      );
      last = answer;
      return answer;
    },
  };
}
