// Builds native/: the addon and the launcher, for this machine into build/, or for an architecture
// that was asked for into prebuilds/linux-ARCH/, where boards that compile nothing look for them.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run, ScriptError, which } from './command.mjs';

const BUILD_MS_MAX = 10 * 60_000;
const PARALLEL_MAX = 4;
const EXIT_UNAVAILABLE = 3;
const FILES = ['flint.node', 'flint-launch'];

/** Architectures, as Node names them, that another machine can build for. */
export const CROSS = {
  arm64: {
    toolchain: 'cmake/toolchain-aarch64-linux-gnu.cmake',
    compiler: 'aarch64-linux-gnu-g++',
    debian: 'g++-aarch64-linux-gnu',
  },
};

/** Where the files for an architecture lie, from the root of the clone. */
export function prebuildFolder(arch) {
  return `prebuilds/linux-${arch}`;
}

/** Builds for this machine. */
export async function buildHere(root) {
  await compile(root, join(root, 'build', 'native'), []);
  publish(join(root, 'build', 'native', 'Release'), join(root, 'build'));
  return describe(root, 'build');
}

/** Builds for an architecture; `sources` is the hash that tells what it was built from. */
export async function buildPrebuild(root, arch, sources) {
  const folder = prebuildFolder(arch);
  const work = join(root, 'build', `native-${arch}`);
  await compile(root, work, crossWords(root, arch));
  publish(join(work, 'Release'), join(root, folder));
  const files = FILES.map((name) => [name, aboutFile(join(root, folder, name))]);
  const manifest = { schema: 1, arch, sources, files: Object.fromEntries(files) };
  writeFileSync(join(root, folder, 'prebuild.json'), `${JSON.stringify(manifest, null, 1)}\n`);
  return describe(root, folder);
}

/** Whether there is a prebuild for an architecture from just these sources. */
export function hasPrebuild(root, arch, sources) {
  const folder = join(root, prebuildFolder(arch));
  try {
    const manifest = JSON.parse(readFileSync(join(folder, 'prebuild.json'), 'utf8'));
    return manifest.sources === sources && FILES.every((name) => existsSync(join(folder, name)));
  } catch {
    return false;
  }
}

export function hasCompilerFor(arch) {
  return arch === process.arch || (arch in CROSS && which(CROSS[arch].compiler) !== null);
}

function crossWords(root, arch) {
  if (arch === process.arch) return [];
  const cross = CROSS[arch];
  if (cross === undefined) {
    const known = [process.arch, ...Object.keys(CROSS)].join(', ');
    throw new ScriptError(`cannot build for ${arch}: known are ${known}`, 2);
  }
  if (!hasCompilerFor(arch)) {
    throw new ScriptError(
      `${cross.compiler} is missing: install it (Debian: apt-get install ${cross.debian})`,
      EXIT_UNAVAILABLE,
    );
  }
  return ['--arch', arch, `--CDCMAKE_TOOLCHAIN_FILE=${join(root, cross.toolchain)}`];
}

async function compile(root, work, more) {
  const wasConfigured = existsSync(join(work, 'CMakeCache.txt'));
  const parallel = String(Math.min(availableParallelism(), PARALLEL_MAX));
  const script = join(root, 'node_modules', 'cmake-js/bin/cmake-js');
  const words = [script, 'build', '-d', root, '-O', work, '-p', parallel, ...more];
  const options = { cwd: root, limitMs: BUILD_MS_MAX };
  let result = await run(process.execPath, words, options);
  if (result.code !== 0 && wasConfigured) {
    // The cache may be of another folder, compiler or generator.
    rmSync(work, { recursive: true, force: true });
    result = await run(process.execPath, words, options);
  }
  if (result.code === 0) return;
  process.stderr.write(result.output);
  throw new ScriptError('native was not built: see above');
}

/** By rename: a running program has the older file mapped. */
function publish(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of FILES) {
    copyFileSync(join(from, name), join(to, `${name}.tmp`));
    renameSync(join(to, `${name}.tmp`), join(to, name));
  }
}

function describe(root, folder) {
  return FILES.map((name) => {
    const { bytes, glibc } = aboutFile(join(root, folder, name));
    const needs = glibc === null ? 'needs no libc' : `needs GLIBC ${glibc}`;
    return `${folder}/${name}, ${Math.ceil(bytes / 1024)} KiB, ${needs}`;
  });
}

function aboutFile(path) {
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  return { bytes: statSync(path).size, glibc: neededGlibc(path), sha256 };
}

/** The newest version of glibc's symbols that a file needs; null when it needs none. */
function neededGlibc(path) {
  const answer = spawnSync('readelf', ['--version-info', '--wide', path], { encoding: 'utf8' });
  if (answer.status !== 0) return 'unknown (readelf is missing)';
  const versions = [...answer.stdout.matchAll(/Name: GLIBC_(\d+)\.(\d+)/g)];
  const newest = versions.map(([, major, minor]) => [Number(major), Number(minor)]);
  newest.sort(([a, b], [c, d]) => c - a || d - b);
  return newest.length === 0 ? null : newest[0].join('.');
}
