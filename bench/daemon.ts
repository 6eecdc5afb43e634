// `flint probe` as it is installed (dist/main.js), inside a namespace of the lab.
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LabProcess, Namespace } from '../test/lab/net.ts';
import { scrape } from './scrape.ts';

export const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/**
 * What the launcher gives to Node on a board: a small heap, small code, one helper thread. Not
 * --jitless or --lite-mode, which have no WebAssembly.
 */
export const NODE_FLAGS: readonly string[] = [
  '--max-old-space-size=32',
  '--max-semi-space-size=1',
  '--optimize-for-size',
  '--v8-pool-size=1',
  '--single-threaded-gc',
];

export interface DaemonOptions {
  targets: readonly string[];
  nodeFlags?: readonly string[];
  /** The same targets' paths are traced, too. */
  hasPaths?: boolean;
  /** Before node in the command: `taskset -c 1`. */
  prefix?: readonly string[];
}

export interface Daemon {
  process: LabProcess;
  metrics(): Promise<string>;
  close(): Promise<void>;
}

const LISTEN = { address: '127.0.0.1', port: 9740 };

/** Why it cannot be started, or null. */
export function missingDaemon(): string | null {
  return existsSync(MAIN) ? null : 'dist/main.js is not built';
}

export function startDaemon(namespace: Namespace, options: DaemonOptions): Daemon {
  const { prefix = [], nodeFlags = [] } = options;
  const folder = mkdtempSync(join(tmpdir(), 'flint-bench-'));
  // The daemon gives up root, and must still reach its state.
  chmodSync(folder, 0o755);
  const file = join(folder, 'probe.json');
  writeFileSync(file, JSON.stringify(configOf(options)));
  const state = join(folder, 'state');
  const places = ['--config', file, '--state', state, '--run', join(folder, 'run')];
  const words = [...nodeFlags, MAIN, 'probe', ...places];
  const [command = '', ...args] = [...prefix, process.execPath, ...words];
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const child = namespace.spawn(command, args);
  return {
    process: child,
    metrics: () => scrape(namespace, `http://${LISTEN.address}:${LISTEN.port}/metrics`),
    async close() {
      await child.stop();
      process.removeListener('exit', remove);
      remove();
    },
  };
}

function configOf({ targets, hasPaths = false }: DaemonOptions): object {
  const list = targets.map((host) => ({
    id: host.replaceAll(':', '_'),
    host,
    families: [host.includes(':') ? 'v6' : 'v4'],
  }));
  const path = hasPaths ? { path: { targets: list } } : {};
  return { schema: 1, listen: LISTEN, measurements: { smokeping: { targets: list }, ...path } };
}
