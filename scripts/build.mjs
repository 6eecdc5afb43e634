// Builds what runs: build/flint.node (native/), build/hot.wasm (wasm/) and dist/ (src/); and `lab`,
// the C programs of tests and benchmarks (build/lab/). A part without sources is skipped.
// Usage: npm run build [-- native|wasm|ts|lab …] [-- --clean]
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, runMain, ScriptError, since } from './command.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const STAMPS = join(ROOT, 'build', 'stamps.json');
const PART_MS_MAX = 10 * 60_000;
const PARALLEL_MAX = 4;

/**
 * A part is skipped when its entry is missing; `sources` are files and folders that it is made of,
 * of these only the files that match `pattern` where one is given.
 */
const PARTS = {
  native: {
    entry: 'CMakeLists.txt',
    sources: ['CMakeLists.txt', 'native'],
    output: 'build/flint.node',
    make: buildNative,
  },
  wasm: {
    entry: 'wasm/index.ts',
    sources: ['asconfig.json', 'wasm'],
    output: 'build/hot.wasm',
    make: buildWasm,
  },
  ts: {
    entry: 'src/main.ts',
    sources: ['tsconfig.json', 'src'],
    output: 'dist/main.js',
    make: buildTypeScript,
  },
  lab: {
    entry: 'test/lab',
    sources: ['test/lab', 'bench'],
    pattern: /\.[ch]$/,
    output: 'build/lab',
    make: buildLab,
  },
};

export const PART_NAMES = Object.keys(PARTS);

/** Of these parts the ones whose sources changed since they were built, or that are not there. */
export function dueParts(names) {
  const stamps = readStamps();
  return names.filter((name) => {
    const part = PARTS[name];
    if (!hasSources(part)) return false;
    return stamps[name] !== sourceHash(part) || !existsSync(join(ROOT, part.output));
  });
}

async function main(words) {
  const unknown = words.filter((word) => word !== '--clean' && !(word in PARTS));
  if (unknown.length > 0) {
    throw new ScriptError(`unknown part ${unknown[0]}: one of ${PART_NAMES.join(', ')}`, 2);
  }
  if (words.includes('--clean')) return clean();
  if (!existsSync(join(ROOT, 'node_modules', '.bin'))) {
    throw new ScriptError('the npm packages are missing: run `npm run setup` first', 3);
  }
  const names = words.length > 0 ? words : PART_NAMES;
  for (const name of names) await buildPart(name);
  return 0;
}

function clean() {
  for (const name of ['build', 'dist', 'coverage']) {
    rmSync(join(ROOT, name), { recursive: true, force: true });
  }
  return 0;
}

async function buildPart(name) {
  const part = PARTS[name];
  if (!hasSources(part)) {
    process.stdout.write(`${name.padEnd(7)} no sources (${part.entry}), skipped\n`);
    return;
  }
  const startMs = Date.now();
  const hash = sourceHash(part);
  writeStamp(name, null);
  await part.make();
  writeStamp(name, hash);
  const size = `${Math.ceil(sizeOf(join(ROOT, part.output)) / 1024)} KiB`;
  process.stdout.write(`${name.padEnd(7)} ${part.output}, ${size}, ${since(startMs)}\n`);
}

async function buildNative() {
  const cache = join(ROOT, 'build', 'native', 'CMakeCache.txt');
  const wasConfigured = existsSync(cache);
  const parallel = String(Math.min(availableParallelism(), PARALLEL_MAX));
  const words = ['build', '-d', ROOT, '-O', join(ROOT, 'build', 'native'), '-p', parallel];
  let result = await runPackage('cmake-js/bin/cmake-js', words);
  if (result.code !== 0 && wasConfigured) {
    // The cache may be of another folder, compiler or generator.
    rmSync(join(ROOT, 'build', 'native'), { recursive: true, force: true });
    result = await runPackage('cmake-js/bin/cmake-js', words);
  }
  requireSuccess('native', result);
  // By rename: a running program has the older file mapped.
  const output = join(ROOT, 'build', 'flint.node');
  copyFileSync(join(ROOT, 'build', 'native', 'Release', 'flint.node'), `${output}.tmp`);
  renameSync(`${output}.tmp`, output);
}

async function buildWasm() {
  const words = ['--config', 'asconfig.json', '--target', 'release'];
  requireSuccess('wasm', await runPackage('assemblyscript/bin/asc.js', words));
}

async function buildTypeScript() {
  // With its memory of the last build tsc would not write again what was removed from dist/.
  rmSync(join(ROOT, 'build', 'tsc.tsbuildinfo'), { force: true });
  requireSuccess('ts', await runPackage('typescript/bin/tsc', ['-p', 'tsconfig.json']));
  removeOrphans(join(ROOT, 'dist'));
}

/** What tsc wrote for a source that is gone. */
function removeOrphans(folder) {
  for (const path of filesBelow(folder)) {
    const source = path.slice(folder.length).replace(/\.(js|js\.map|d\.ts)$/, '.ts');
    if (!existsSync(join(ROOT, 'src', source))) rmSync(path);
  }
}

async function buildLab() {
  const folder = join(ROOT, 'build', 'lab');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const source of labSources()) {
    const output = join(folder, basename(source, '.c'));
    const words = ['-O2', '-Wall', '-Wextra', '-Werror', '-o', output, source, '-pthread', '-lm'];
    const compiler = process.env.CC || 'cc';
    requireSuccess('lab', await run(compiler, words, { cwd: ROOT, limitMs: PART_MS_MAX }));
  }
}

function labSources() {
  return sourceFiles(PARTS.lab).filter((path) => path.endsWith('.c'));
}

function runPackage(script, words) {
  const path = join(ROOT, 'node_modules', script);
  return run(process.execPath, [path, ...words], { cwd: ROOT, limitMs: PART_MS_MAX });
}

function requireSuccess(name, result) {
  if (result.code === 0) return;
  process.stderr.write(result.output);
  throw new ScriptError(`${name} was not built: see above`);
}

function hasSources(part) {
  return existsSync(join(ROOT, part.entry));
}

/** Over names and contents; the lock file stands for the versions of the compilers. */
function sourceHash(part) {
  const hash = createHash('sha256').update(process.arch);
  const makers = ['package-lock.json', 'scripts/build.mjs'].map((name) => join(ROOT, name));
  for (const path of [...makers, ...sourceFiles(part)]) {
    hash.update(`\0${path.slice(ROOT.length)}\0`).update(readFileSync(path));
  }
  return hash.digest('hex');
}

function sourceFiles({ sources, pattern = /./ }) {
  const files = sources.flatMap((name) => filesBelow(join(ROOT, name)));
  return files.filter((path) => pattern.test(path));
}

/** The files at or below a path in a fixed order, without hidden ones; none where nothing is. */
function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => !name.startsWith('.'));
  return names.sort().flatMap((name) => filesBelow(join(path, name)));
}

function sizeOf(path) {
  return filesBelow(path).reduce((sum, file) => sum + statSync(file).size, 0);
}

function readStamps() {
  try {
    return JSON.parse(readFileSync(STAMPS, 'utf8'));
  } catch {
    return {};
  }
}

function writeStamp(name, hash) {
  mkdirSync(dirname(STAMPS), { recursive: true });
  writeFileSync(`${STAMPS}.tmp`, `${JSON.stringify({ ...readStamps(), [name]: hash })}\n`);
  renameSync(`${STAMPS}.tmp`, STAMPS);
}

// Setup imports this file and runs it.
if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await runMain('build', main);
