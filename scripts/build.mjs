// Builds what runs: build/flint.node and build/flint-launch (native/), build/hot.wasm (wasm/) and
// dist/ (src/); and `lab`, the C programs of tests and benchmarks (build/lab/). A part without
// sources is skipped. `native-arm64` is native for boards, into prebuilds/.
// Usage: npm run build [-- native|wasm|ts|lab|native-arm64 …] [-- --clean]
//        npm run build:native [-- --arch arm64]
import { createHash } from 'node:crypto';
import {
  chmodSync,
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
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, runMain, ScriptError, since } from './command.mjs';
import { buildHere, buildPrebuild, hasCompilerFor, hasPrebuild } from './native.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const STAMPS = join(ROOT, 'build', 'stamps.json');
const PART_MS_MAX = 10 * 60_000;

/**
 * A part is skipped when its entry is missing; `sources` are files and folders that it is made of,
 * of these only the files that match `pattern` where one is given.
 */
const PARTS = {
  native: {
    entry: 'CMakeLists.txt',
    sources: ['CMakeLists.txt', 'native', 'scripts/native.mjs'],
    output: 'build/flint.node',
    make: () => buildHere(ROOT),
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
  'native-arm64': {
    entry: 'cmake/toolchain-aarch64-linux-gnu.cmake',
    sources: ['CMakeLists.txt', 'native', 'cmake', 'scripts/native.mjs'],
    output: 'prebuilds/linux-arm64/flint.node',
    make: () => buildPrebuild(ROOT, 'arm64', prebuildHash('arm64')),
    isExtra: true,
  },
};

export const PART_NAMES = Object.keys(PARTS);

/** Parts that only tests need. */
export const TEST_PARTS = ['lab', 'native-arm64'];

/** Of these parts the ones whose sources changed since they were built, or that are not there. */
export function dueParts(names) {
  const stamps = readStamps();
  return names.filter((name) => {
    const part = PARTS[name];
    if (!hasSources(part) || !canBuild(name)) return false;
    if (name === 'native' && isPrebuilt()) return false;
    return stamps[name] !== sourceHash(part) || !existsSync(join(ROOT, part.output));
  });
}

/** Whether there is a compiler for it, as far as it needs one that few have. */
export function canBuild(name) {
  return name !== 'native-arm64' || hasCompilerFor('arm64');
}

/** Whether the addon came with the sources: then nothing is compiled. */
export function isPrebuilt() {
  const isBuilt = existsSync(join(ROOT, PARTS.native.output));
  return !isBuilt && hasPrebuild(ROOT, process.arch, prebuildHash(process.arch));
}

async function main(words) {
  const at = words.indexOf('--arch');
  if (at !== -1) return buildFor(words[at + 1], words.toSpliced(at, 2));
  const unknown = words.filter((word) => word !== '--clean' && !(word in PARTS));
  if (unknown.length > 0) {
    throw new ScriptError(`unknown part ${unknown[0]}: one of ${PART_NAMES.join(', ')}`, 2);
  }
  if (words.includes('--clean')) return clean();
  requirePackages();
  const names = words.length > 0 ? words : PART_NAMES.filter((name) => !PARTS[name].isExtra);
  for (const name of names) await buildPart(name);
  return 0;
}

/** For an architecture by its name, this machine's own too: into prebuilds/. */
async function buildFor(arch, rest) {
  if (arch === undefined || rest.join() !== 'native') {
    throw new ScriptError('--arch ARCH goes with the part native, for example arm64', 2);
  }
  requirePackages();
  if (`native-${arch}` in PARTS) {
    await buildPart(`native-${arch}`);
    return 0;
  }
  for (const line of await buildPrebuild(ROOT, arch, prebuildHash(arch))) print(line);
  return 0;
}

function requirePackages() {
  if (existsSync(join(ROOT, 'node_modules', '.bin'))) return;
  throw new ScriptError('the npm packages are missing: run `npm run setup` first', 3);
}

function clean() {
  for (const name of ['build', 'dist', 'coverage', 'prebuilds']) {
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
  const lines = (await part.make()) ?? [sizeLine(part)];
  writeStamp(name, hash);
  for (const line of lines) print(`${name.padEnd(7)} ${line}, ${since(startMs)}`);
}

function sizeLine({ output }) {
  return `${output}, ${Math.ceil(sizeOf(join(ROOT, output)) / 1024)} KiB`;
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

async function buildWasm() {
  const words = ['--config', 'asconfig.json', '--target', 'release'];
  requireSuccess('wasm', await runPackage('assemblyscript/bin/asc.js', words));
}

async function buildTypeScript() {
  // With its memory of the last build tsc would not write again what was removed from dist/.
  rmSync(join(ROOT, 'build', 'tsc.tsbuildinfo'), { force: true });
  requireSuccess('ts', await runPackage('typescript/bin/tsc', ['-p', 'tsconfig.json']));
  chmodSync(join(ROOT, 'dist', 'main.js'), 0o755);
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
    // A plugin of qemu is loaded, not started.
    const isPlugin = source.endsWith('.plugin.c');
    const output = join(folder, isPlugin ? basename(source, '.plugin.c') : basename(source, '.c'));
    const kind = isPlugin ? ['-shared', '-fPIC'] : ['-pthread'];
    const words = ['-O2', '-Wall', '-Wextra', '-Werror', ...kind, '-o', output, source, '-lm'];
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
function sourceHash(part, arch = process.arch) {
  const hash = createHash('sha256').update(arch);
  const makers = ['package-lock.json', 'scripts/build.mjs'].map((name) => join(ROOT, name));
  for (const path of [...makers, ...sourceFiles(part)]) {
    hash.update(`\0${path.slice(ROOT.length)}\0`).update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** The same on every machine: a board knows by it that a prebuild is of its sources. */
export function prebuildHash(arch) {
  return sourceHash(PARTS.native, arch);
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
