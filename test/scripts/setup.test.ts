// timeout: 240 s
// Setup on a small clone whose only package is a folder of its own, so that npm needs no network.
import { doesNotMatch, match, strictEqual as same } from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from '../helper.ts';
import { makeClone, plainEnvironment, removeClone, runScript, writeInto } from './clone.ts';

const PACKAGE = { name: 'clone', version: '1.0.0', dependencies: { leaf: 'file:leaf' } };
const LEAF = { name: 'leaf', version: '1.0.0' };
const STAMP = 'node_modules/.flint-setup.json';
const NOBODY = 65_534;

function lockText(leaf: object): string {
  const packages = { '': PACKAGE, leaf, 'node_modules/leaf': { resolved: 'leaf', link: true } };
  return JSON.stringify({ name: 'clone', version: '1.0.0', lockfileVersion: 3, packages });
}

function emptyClone(): string {
  return makeClone({
    'package.json': JSON.stringify(PACKAGE),
    'leaf/package.json': JSON.stringify(LEAF),
    'package-lock.json': lockText(LEAF),
  });
}

function within(use: (clone: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const clone = emptyClone();
    try {
      await use(clone);
    } finally {
      removeClone(clone);
    }
  };
}

/** A PATH with npm and what it needs, and without a compiler, make or apt. */
function pathWithoutTools(clone: string): Record<string, string> {
  const folder = join(clone, 'bin');
  mkdirSync(folder);
  symlinkSync(process.execPath, join(folder, 'node'));
  return { PATH: folder };
}

suite('scripts/setup', (s) => {
  s.test(
    'installs once, and then says and does nothing',
    within((clone) => {
      const first = runScript(clone, 'setup.mjs');
      const second = runScript(clone, 'setup.mjs', ['--peers']);

      same(first.code, 0, first.stderr);
      match(first.stderr, /installing npm packages \(first time\)/);
      match(first.stderr, /npm packages installed, \d+\.\d s/);
      same(second.code, 0);
      same(second.stdout + second.stderr, '');
    }),
  );

  s.test(
    'installs again when the lock file changed, the stamp is of another Node or is missing',
    within((clone) => {
      runScript(clone, 'setup.mjs');
      writeInto(clone, 'package-lock.json', `${lockText(LEAF)}\n`);
      match(runScript(clone, 'setup.mjs').stderr, /package-lock.json changed/);

      const outcome = runScript(clone, 'setup.mjs');
      same(outcome.stderr, '');

      rmSync(join(clone, STAMP));
      match(runScript(clone, 'setup.mjs').stderr, /not from a finished setup/);
    }),
  );

  s.test(
    'leaves no stamp when npm fails, and shows its words',
    within((clone) => {
      writeInto(clone, 'package-lock.json', '{ "lockfileVersion": 3, "packages": {} }');
      const outcome = runScript(clone, 'setup.mjs');

      same(outcome.code, 1);
      match(outcome.stderr, /npm error/);
      match(outcome.stderr, /setup: npm ci failed: see above\n$/);
      same(existsSync(join(clone, STAMP)), false);
    }),
  );

  s.test(
    'says in one line what is missing where it may install nothing',
    within((clone) => {
      writeInto(clone, 'CMakeLists.txt', 'project(flint)\n');
      const outcome = runScript(clone, 'setup.mjs', [], pathWithoutTools(clone));

      same(outcome.code, 3);
      same(outcome.stderr.split('\n').length, 2);
      match(outcome.stderr, /a C\+\+ compiler is missing, make is missing, cmake is missing/);
      match(outcome.stderr, /nix-shell -p .*gcc/);
    }),
  );

  s.test(
    'waits for another setup of the same clone instead of working beside it',
    within(async (clone) => {
      const words = [join(clone, 'scripts/setup.mjs')];
      const errors: string[] = [];
      const ends = [0, 1, 2].map(() => {
        const child = spawn(process.execPath, words, { env: plainEnvironment() });
        child.stderr.on('data', (chunk) => errors.push(String(chunk)));
        return once(child, 'close');
      });
      const codes = (await Promise.all(ends)).map(([code]) => code);

      same(codes.join(), '0,0,0');
      same(errors.join('').match(/installing npm packages/g)?.length, 1);
    }),
  );

  s.test(
    'says so when the clone may not be written',
    within((clone) => {
      const isRoot = process.getuid?.() === 0;
      chmodSync(clone, isRoot ? 0o755 : 0o555);
      const script = join(clone, 'scripts/setup.mjs');
      const options = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
      const outcome = spawnSync(process.execPath, [script], { encoding: 'utf8', ...options });
      chmodSync(clone, 0o755);

      same(outcome.status, 3);
      match(outcome.stderr, /may not be written \(by user \d+\)/);
    }),
  );

  s.test(
    'refuses an option that it does not know',
    within((clone) => {
      const outcome = runScript(clone, 'setup.mjs', ['--quick']);

      same(outcome.code, 2);
      match(outcome.stderr, /unknown option --quick/);
      doesNotMatch(outcome.stderr, / at /);
    }),
  );
});
