// Prebuilt addons: what they need, when they do instead of a build, and what is said without a
// compiler. That they work is in test/native/arm64.netns.test.ts.
import { deepStrictEqual as equal, match, strictEqual as same } from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from '../helper.ts';
import { ROOT } from '../native/copy.ts';
import { makeClone, removeClone, runScript, writeInto } from './clone.ts';

const LINKS = ['node_modules', 'package.json', 'package-lock.json', 'CMakeLists.txt'];
const MANIFEST = join(ROOT, 'prebuilds/linux-arm64/prebuild.json');
/** e_machine of the ELF header. */
const AARCH64 = 183;

const missing = existsSync(MANIFEST) ? null : 'prebuilds/linux-arm64 is not built';

/** Answers an expression in which `b` is build.mjs and `n` native.mjs. */
function ask(clone: string, expression: string): string {
  const load = "const b = await import('./build.mjs'); const n = await import('./native.mjs');\n";
  writeInto(clone, 'scripts/ask.mjs', `${load}console.log(${expression});\n`);
  const { code, stdout, stderr } = runScript(clone, 'ask.mjs');
  same(code, 0, stderr);
  return stdout.trim();
}

function within(use: (clone: string) => void): () => void {
  return () => {
    const clone = makeClone({ 'native/a.cc': 'int a;\n' }, LINKS);
    try {
      use(clone);
    } finally {
      removeClone(clone);
    }
  };
}

/** Files as a prebuild for this machine has them. */
function prebuild(clone: string, sources: string): void {
  const folder = `prebuilds/linux-${process.arch}`;
  writeInto(clone, `${folder}/flint.node`, 'addon');
  writeInto(clone, `${folder}/flint-launch`, 'launcher');
  writeInto(clone, `${folder}/prebuild.json`, JSON.stringify({ schema: 1, sources }));
}

const DUE = "b.dueParts(['native']).join()";

suite('scripts/native', (s) => {
  s.test(
    'nothing is compiled where a prebuild of just these sources is there',
    within((clone) => {
      same(ask(clone, DUE), 'native');
      const sources = ask(clone, `b.prebuildHash('${process.arch}')`);

      prebuild(clone, sources);
      equal([ask(clone, DUE), ask(clone, 'b.isPrebuilt()')], ['', 'true']);

      writeInto(clone, 'native/a.cc', 'int b;\n');
      equal([ask(clone, DUE), ask(clone, 'b.isPrebuilt()')], ['native', 'false']);
    }),
  );

  s.test(
    'one that was built here goes before it, and is kept up to date',
    within((clone) => {
      prebuild(clone, ask(clone, `b.prebuildHash('${process.arch}')`));
      writeInto(clone, 'build/flint.node', 'older');

      equal([ask(clone, DUE), ask(clone, 'b.isPrebuilt()')], ['native', 'false']);
    }),
  );

  s.test(
    'a prebuild that is not whole is none',
    within((clone) => {
      const sources = ask(clone, `b.prebuildHash('${process.arch}')`);
      const folder = `prebuilds/linux-${process.arch}`;
      writeInto(clone, `${folder}/flint.node`, 'addon');
      writeInto(clone, `${folder}/prebuild.json`, JSON.stringify({ schema: 1, sources }));
      same(ask(clone, 'b.isPrebuilt()'), 'false');

      prebuild(clone, sources);
      writeInto(clone, `${folder}/prebuild.json`, '{"schema":1,');
      same(ask(clone, 'b.isPrebuilt()'), 'false');
    }),
  );

  s.test(
    'an architecture that nothing builds for, and a compiler that is missing, are named',
    within((clone) => {
      // A PATH with Node alone.
      const PATH = join(clone, 'bin');
      mkdirSync(PATH);
      symlinkSync(process.execPath, join(PATH, 'node'));
      const unknown = runScript(clone, 'build.mjs', ['native', '--arch', 'vax']);
      const alone = runScript(clone, 'build.mjs', ['--arch', 'arm64']);
      const none = runScript(clone, 'build.mjs', ['native', '--arch']);
      mkdirSync(dirname(join(clone, 'cmake/x')), { recursive: true });
      writeInto(clone, 'cmake/toolchain-aarch64-linux-gnu.cmake', '');
      const without = runScript(clone, 'build.mjs', ['native', '--arch', 'arm64'], { PATH });

      equal([unknown.code, alone.code, none.code, without.code], [2, 2, 2, 3]);
      match(unknown.stderr, /cannot build for vax: known are .*arm64\n$/);
      match(none.stderr, /--arch ARCH goes with the part native/);
      match(without.stderr, /aarch64-linux-gnu-g\+\+ is missing: install it \(Debian: apt-get/);
      same(ask(clone, "b.dueParts(['native-arm64']).includes('native')"), 'false');
    }),
  );

  s.testIf(missing, 'the addon for boards needs no newer glibc than any aarch64 has', () => {
    const { files } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as {
      files: Record<string, { bytes: number; glibc: string | null }>;
    };
    const [addon, launch] = [files['flint.node'], files['flint-launch']];

    equal([addon?.glibc, launch?.glibc], ['2.17', null]);
    for (const [name, file] of Object.entries(files)) {
      const bytes = readFileSync(join(dirname(MANIFEST), name));
      equal([bytes.length, bytes.readUInt16LE(18)], [file.bytes, AARCH64]);
    }
    same((addon?.bytes ?? 0) < 200_000, true);
  });
});
