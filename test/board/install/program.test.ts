import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equal, match, not, ok, throws } from 'uvu/assert';
import {
  BOARD_PACKAGES,
  hashProgram,
  launcherOf,
  programMode,
  readProgram,
} from '../../../src/board/install/program.ts';
import { suite } from '../../helper.ts';
import { inScratch } from './scratch.ts';

const SRC = fileURLToPath(new URL('../../../src/', import.meta.url));
// What runs on a board; the control, the client of the fleet and `flint up` do not.
const ENTRIES = [
  ...['main', 'cli/probe', 'cli/board/agent', 'cli/board/enroll', 'cli/ping/ping'],
  ...['cli/trace/trace', 'cli/doctor'],
  ...['cli/board/install', 'cli/board/uninstall', 'cli/board/mac'],
];
const IMPORT =
  /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*|\brequire\)?\(\s*|\.url\)\()['"]([^'"\n]+)['"]/g;

/** Packages that these sources come to, without what only a command that is run would load. */
function packagesOf(entries: readonly string[]): Set<string> {
  const [found, seen, due] = [new Set<string>(), new Set<string>(), [...entries]];
  for (let file = due.pop(); file !== undefined; file = due.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const name of importsOf(file)) {
      if (name.startsWith('.')) due.push(resolve(dirname(file), name));
      else found.add(/^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? '');
    }
  }
  return found;
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8').replace(/import type [^;]*;/g, '');
  const isTable = /cli\/(?:[a-z]+\/)?(?:[a-z-]*-)?table\.ts$/.test(file);
  const names = [...text.matchAll(IMPORT)].map(([, name = '']) => name);
  const isLazy = (name: string): boolean => isTable && text.includes(`import('${name}')`);
  return names.filter((name) => !name.startsWith('node:') && !isLazy(name));
}

suite('board/install/program', ({ test }) => {
  test('the packages of a board are those that its modules import', () => {
    const found = packagesOf(ENTRIES.map((entry) => join(SRC, `${entry}.ts`)));
    // Optional where it is asked for: without them the addon alone, and no control, can be had.
    for (const name of ['better-sqlite3', 'kysely', 'raw-socket']) found.delete(name);
    equal([...found].sort(), [...BOARD_PACKAGES].sort());
  });

  test('what builds and explains stays behind, and the release is named by what it holds', () =>
    inScratch(({ source }) => {
      const program = readProgram(source);
      match(program.release, /^1\.2\.3-[0-9a-f]{8}$/);
      for (const file of ['dist/main.js', 'build/flint.node', 'build/hot.wasm', 'LICENSE']) {
        ok(program.files.includes(file), file);
      }
      ok(program.files.includes('node_modules/valibot/index.js'));
      for (const file of program.files) not.match(file, /\.map$|\.d\.ts$|CMakeCache/);
      equal(launcherOf(program), 'build/flint-launch');

      equal(readProgram(source).release, program.release);
      writeFileSync(join(source, 'dist/main.js'), 'another');
      not.equal(readProgram(source).release, program.release);
    }));

  test('what a package needs comes with it, also where it is its own', () =>
    inScratch(({ source, write }) => {
      const at = join(source, 'node_modules');
      write(join(at, 'hono/package.json'), '{"version": "1.0.0", "dependencies": {"deep": "1"}}');
      write(join(at, 'hono/node_modules/deep/package.json'), '{"dependencies": {"flat": "1"}}');
      write(join(at, 'flat/package.json'), '{"dependencies": {"hono": "1"}}');
      write(join(at, 'stranger/package.json'), '{}');
      const { files } = readProgram(source);
      ok(files.includes('node_modules/hono/node_modules/deep/package.json'));
      ok(files.includes('node_modules/flat/package.json'));
      ok(!files.includes('node_modules/stranger/package.json'));

      rmSync(join(at, 'flat'), { recursive: true });
      throws(() => readProgram(source), /the package flat is not in .*npm run setup/);
    }));

  test('what can be run stays so, and nothing is private', () =>
    inScratch(({ source }) => {
      chmodSync(join(source, 'LICENSE'), 0o600);
      equal(programMode(source, 'LICENSE'), 0o644);
      equal(programMode(source, 'dist/main.js'), 0o755);
      equal(programMode(source, 'build/flint-launch'), 0o755);
      const { files } = readProgram(source);
      const { hash } = hashProgram(source, files);
      chmodSync(join(source, 'build/flint-launch'), 0o644);
      not.equal(hashProgram(source, files).hash, hash);
    }));

  test('a clone that is not built is refused with what is missing', () =>
    inScratch(({ source }) => {
      rmSync(join(source, 'build/flint-launch'));
      rmSync(join(source, 'dist/main.js'));
      throws(() => readProgram(source), /no dist\/main\.js, build\/flint-launch: build it first/);
    }));
});
