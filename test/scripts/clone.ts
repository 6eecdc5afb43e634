// A small clone in a temporary folder for the tests of the scripts: the real scripts, none of the
// real sources.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const RUN_MS_MAX = 60_000;

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The scripts and these files; `links` are names of the real tree that the clone sees, too. */
export function makeClone(files: Record<string, string>, links: string[] = []): string {
  const clone = mkdtempSync(join(tmpdir(), 'flint-clone-'));
  cpSync(join(ROOT, 'scripts'), join(clone, 'scripts'), { recursive: true });
  for (const link of links) {
    mkdirSync(dirname(join(clone, link)), { recursive: true });
    symlinkSync(join(ROOT, link), join(clone, link));
  }
  for (const [path, text] of Object.entries(files)) writeInto(clone, path, text);
  return clone;
}

export function writeInto(clone: string, path: string, text: string): void {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), text);
}

/** Runs a script of the clone; CI, npm's and the runner's own variables are not passed on. */
export function runScript(
  clone: string,
  script: string,
  words: string[] = [],
  env: Record<string, string> = {},
): Outcome {
  const args = [join('scripts', script), ...words];
  const result = spawnSync(process.execPath, args, {
    cwd: clone,
    env: { ...plainEnvironment(), ...env },
    encoding: 'utf8',
    timeout: RUN_MS_MAX,
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

export function plainEnvironment(): NodeJS.ProcessEnv {
  const dropped = /^(CI|CXX|CC|FLINT_.*|npm_(?!config_(registry|cache)).*|.*_COLOR)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !dropped.test(name)));
}

export function removeClone(clone: string): void {
  rmSync(clone, { recursive: true, force: true });
}
