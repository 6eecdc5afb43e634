// timeout: 240 s
import { match, strictEqual as same } from 'node:assert/strict';
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from '../helper.ts';
import { makeClone, removeClone, runScript, writeInto } from './clone.ts';

function within(use: (clone: string) => void): () => void {
  return () => {
    const links = ['node_modules', 'package.json', 'package-lock.json', 'tsconfig.json'];
    const clone = makeClone({ 'src/main.ts': 'export const started = 1;\n' }, links);
    try {
      use(clone);
    } finally {
      removeClone(clone);
    }
  };
}

/** What is still to build, by the question that setup asks. */
function duePart(clone: string): string {
  const ask = "import('./build.mjs').then((b) => console.log(b.dueParts(b.PART_NAMES).join()));\n";
  writeInto(clone, 'scripts/due.mjs', ask);
  return runScript(clone, 'due.mjs').stdout.trim();
}

suite('scripts/build', (s) => {
  s.test(
    'builds what has sources and names what has none',
    within((clone) => {
      const outcome = runScript(clone, 'build.mjs');

      same(outcome.code, 0, outcome.stderr);
      match(outcome.stdout, /^native {2}no sources \(CMakeLists.txt\), skipped$/m);
      match(outcome.stdout, /^ts {6}dist\/main.js, 1 KiB, \d+\.\d s$/m);
      same(statSync(join(clone, 'dist/main.js')).mode & 0o111, 0o111, 'it is a command');
    }),
  );

  s.test(
    'knows what is due: never built, changed, or its output gone',
    within((clone) => {
      same(duePart(clone), 'ts');
      runScript(clone, 'build.mjs', ['ts']);
      same(duePart(clone), '');

      writeInto(clone, 'src/main.ts', 'export const started = 2;\n');
      same(duePart(clone), 'ts');
      runScript(clone, 'build.mjs', ['ts']);

      rmSync(join(clone, 'dist'), { recursive: true });
      same(duePart(clone), 'ts');
      runScript(clone, 'build.mjs', ['ts']);
      same(existsSync(join(clone, 'dist/main.js')), true);
    }),
  );

  s.test(
    'removes from dist what has no source any more',
    within((clone) => {
      writeInto(clone, 'src/gone.ts', 'export const here = true;\n');
      runScript(clone, 'build.mjs', ['ts']);
      same(existsSync(join(clone, 'dist/gone.js')), true);

      rmSync(join(clone, 'src/gone.ts'));
      runScript(clone, 'build.mjs', ['ts']);

      same(existsSync(join(clone, 'dist/gone.js')), false);
      same(existsSync(join(clone, 'dist/main.js')), true);
    }),
  );

  s.test(
    'shows why a part was not built, and keeps it due',
    within((clone) => {
      writeInto(clone, 'src/main.ts', "export const started: number = 'text';\n");
      const outcome = runScript(clone, 'build.mjs', ['ts']);

      same(outcome.code, 1);
      match(outcome.stderr, /TS2322/);
      same(duePart(clone), 'ts');
    }),
  );

  s.test(
    'compiles the programs of the lab with warnings as errors',
    within((clone) => {
      writeInto(clone, 'test/lab/fine.c', 'int main(void) { return 0; }\n');
      same(runScript(clone, 'build.mjs', ['lab']).code, 0);
      same(existsSync(join(clone, 'build/lab/fine')), true);

      writeInto(clone, 'test/lab/poor.c', 'int main(void) { int unused; return 0; }\n');
      const outcome = runScript(clone, 'build.mjs', ['lab']);
      same(outcome.code, 1);
      match(outcome.stderr, /unused/);
    }),
  );

  s.test(
    'removes all that it made, and refuses an unknown part',
    within((clone) => {
      runScript(clone, 'build.mjs', ['ts']);
      same(runScript(clone, 'build.mjs', ['--clean']).code, 0);
      same(existsSync(join(clone, 'dist')), false);
      same(existsSync(join(clone, 'build')), false);
      same(runScript(clone, 'build.mjs', ['rust']).code, 2);
    }),
  );
});
