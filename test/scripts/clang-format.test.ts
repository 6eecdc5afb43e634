import { match, strictEqual as same } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from '../helper.ts';
import { makeClone, type Outcome, removeClone, runScript } from './clone.ts';

const missing =
  spawnSync('clang-format-14', ['--version']).status === 0 ? null : 'clang-format-14 is missing';

function format(text: string, words: string[], env: Record<string, string>): [Outcome, string] {
  const clone = makeClone({ 'native/x.cc': text }, ['.clang-format']);
  try {
    const outcome = runScript(clone, 'clang-format.mjs', words, env);
    return [outcome, readFileSync(join(clone, 'native/x.cc'), 'utf8')];
  } finally {
    removeClone(clone);
  }
}

suite('scripts/clang-format', (s) => {
  s.test('names the missing tool, and fails for it only under CI', () => {
    const [outside] = format('int  x;\n', [], { PATH: '/nowhere' });
    const [inside] = format('int  x;\n', [], { PATH: '/nowhere', CI: 'true' });

    same(outside.code, 0);
    match(outside.stderr, /^clang-format 14 is missing: .*\n$/);
    same(inside.code, 1);
  });

  s.testIf(missing, 'fails on what is not formatted, and formats it when asked', () => {
    const [checked] = format('int  x;\n', [], {});
    const [, written] = format('int  x;\n', ['--write'], {});
    const [good] = format('int x;\n', [], { CI: 'true' });

    same(checked.code, 1);
    match(checked.stderr, /clang-format-violations/);
    same(written, 'int x;\n');
    same(good.code, 0);
  });
});
