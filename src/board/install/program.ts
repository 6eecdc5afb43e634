import { createHash } from 'node:crypto';

const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { fileURLToPath } from 'node:url';
import { ProbeError } from '../../core/error.ts';

// The program as it is put on a board: what the daemon, the agent and the commands of a probe need,
// and nothing that builds, tests or belongs to the control alone.

export interface Program {
  /** Where it was found. */
  source: string;
  version: string;
  /** Version and eight digits of the hash of all there is in it. */
  release: string;
  /** Below the source, in a fixed order. */
  files: readonly string[];
  bytes: number;
}

/** What the modules of a board import. */
export const BOARD_PACKAGES: readonly string[] = [
  '@assemblyscript/loader',
  'commander',
  'hono',
  'msgpackr',
  'prom-client',
  'valibot',
];

// Both src/board/install and dist/board/install lie three levels below.
const SOURCE = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const MADE: readonly string[] = ['dist/main.js', 'build/hot.wasm'];
// Made here, or brought by a release for machines that compile nothing; the first one counts.
const NATIVE_FOLDERS: readonly string[] = ['build', `prebuilds/linux-${process.arch}`];
const FILES_MAX = 20_000;
// `dist/cjs`: of packages that are both, and are imported.
const LEFT_OUT =
  /\.(map|md|markdown|d\.[cm]?ts|tsx?|flow)$|(^|\/)(\.[^/]*|test|tests|docs)(\/|$)|^dist\/cjs\//;

/** Throws ERR_UNAVAILABLE for a clone that is not built. */
export function readProgram(source: string = SOURCE): Program {
  requireBuilt(source);
  const files = [
    ...['package.json', 'LICENSE', 'nix/units.json'],
    ...filesBelow(source, 'dist').filter((file) => file.endsWith('.js')),
    ...filesBelow(source, 'hardware').filter((file) => file.endsWith('.json')),
    ...NATIVE_FOLDERS.flatMap((folder) =>
      ['flint.node', 'flint-launch'].map((name) => `${folder}/${name}`),
    ),
    'build/hot.wasm',
    ...packageFiles(source),
  ]
    .filter((file) => fs.existsSync(path.join(source, file)))
    .sort();
  const { version } = readPackage(source);
  const { hash, bytes } = hashProgram(source, files);
  return { source, version, release: `${version}-${hash.slice(0, 8)}`, files, bytes };
}

/** The launcher of the daemon, below the source. */
export function launcherOf({ source }: Pick<Program, 'source'>): string {
  return nativeFile(source, 'flint-launch') ?? 'build/flint-launch';
}

/** Over names, contents and whether they can be run. Throws when one is not there. */
export function hashProgram(
  root: string,
  files: readonly string[],
): { hash: string; bytes: number } {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const file of files) {
    const whole = path.join(root, file);
    const content = fs.readFileSync(whole);
    hash.update(`${file}\0${programMode(root, file).toString(8)}\0${content.length}\0`);
    hash.update(content);
    bytes += content.length;
  }
  return { hash: hash.digest('hex'), bytes };
}

/** What can be run stays so, whatever the umask of the clone was; the entry is run by its name. */
export function programMode(root: string, file: string): number {
  if (file === 'dist/main.js') return 0o755;
  return (fs.statSync(path.join(root, file)).mode & 0o100) === 0 ? 0o644 : 0o755;
}

function requireBuilt(source: string): void {
  const natives = ['flint.node', 'flint-launch'].map((name) => ({
    name: `build/${name}`,
    found: nativeFile(source, name),
  }));
  const absent = [
    ...MADE.filter((file) => !fs.existsSync(path.join(source, file))),
    ...natives.filter(({ found }) => found === null).map(({ name }) => name),
  ];
  if (absent.length === 0) return;
  throw new ProbeError(
    'ERR_UNAVAILABLE',
    `${source} has no ${absent.join(', ')}: build it first, with \`npm run setup\` and ` +
      '`npm run build`',
  );
}

function nativeFile(source: string, name: string): string | null {
  const files = NATIVE_FOLDERS.map((folder) => `${folder}/${name}`);
  return files.find((file) => fs.existsSync(path.join(source, file))) ?? null;
}

function packageFiles(source: string): string[] {
  const folders = new Set<string>();
  for (const name of BOARD_PACKAGES) collect(source, '', name, folders);
  return [...folders].flatMap((folder) =>
    filesBelow(source, folder).filter((file) => isNeeded(file.slice(folder.length + 1))),
  );
}

function isNeeded(file: string): boolean {
  return !file.startsWith('node_modules/') && !LEFT_OUT.test(file);
}

// As Node looks for it: beside whoever asks, else further up.
function collect(source: string, from: string, name: string, found: Set<string>): void {
  const folder = findPackage(source, from, name);
  if (folder === null) {
    throw new ProbeError(
      'ERR_UNAVAILABLE',
      `the package ${name} is not in ${source}/node_modules: \`npm run setup\` brings it`,
    );
  }
  if (found.has(folder)) return;
  found.add(folder);
  const { dependencies = {} } = readPackage(path.join(source, folder));
  for (const one of Object.keys(dependencies)) collect(source, folder, one, found);
}

function findPackage(source: string, from: string, name: string): string | null {
  const candidate = path.join(from, 'node_modules', name);
  if (fs.existsSync(path.join(source, candidate, 'package.json'))) return candidate;
  if (from === '') return null;
  const above = from.lastIndexOf('node_modules/');
  return findPackage(source, from.slice(0, Math.max(0, above)).replace(/\/$/, ''), name);
}

function readPackage(folder: string): { version: string; dependencies?: Record<string, string> } {
  return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
}

function filesBelow(source: string, folder: string): string[] {
  const files: string[] = [];
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    for (const entry of entriesOf(path.join(source, at))) {
      const name = `${at}/${entry.name}`;
      if (entry.isDirectory()) folders.push(name);
      else if (entry.isFile()) files.push(name);
    }
    if (files.length > FILES_MAX) {
      throw new ProbeError('ERR_LIMIT_EXCEEDED', `${folder} has more than ${FILES_MAX} files`);
    }
  }
  return files;
}

function entriesOf(folder: string) {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
