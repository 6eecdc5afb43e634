// Every file in the language of Nix is one that Nix can read, and names no file that is not there.
import { equal } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { suite } from '../helper.ts';
import { filesBelow, missingPrograms, ROOT } from './lab.ts';

function nixFiles(): string[] {
  const flake = join(ROOT, 'flake.nix');
  return [
    ...['nix', 'hardware', 'test/nix'].flatMap((directory) => filesBelow(directory, '.nix')),
    ...(existsSync(flake) ? [flake] : []),
  ];
}

function parse(words: string[], input?: string): { isRead: boolean; message: string } {
  const given = ['--store', 'dummy://', '--parse', ...words];
  const answer = spawnSync('nix-instantiate', given, { encoding: 'utf8', input });
  return { isRead: answer.status === 0, message: answer.stderr };
}

/** Paths written in a file, without those that are put together from parts. */
function pathsIn(file: string): string[] {
  const code = readFileSync(file, 'utf8')
    .replace(/^\s*#.*$/gm, '')
    .replace(/''[\s\S]*?''(?!['$\\])/g, '')
    .replace(/"(?:[^"\\]|\\.)*"/g, '');
  return [...code.matchAll(/(?<![\w.}/-])\.{1,2}\/[\w.+/-]*[\w+-]/g)].map(([path]) => path);
}

suite('nix: files', (s) => {
  const missing = missingPrograms('nix-instantiate');
  const files = nixFiles();

  s.testIf(missing, 'every file can be read by Nix', () => {
    equal(files.length > 5, true);
    const { isRead, message } = parse(files);
    equal(isRead, true, message);
  });

  s.testIf(missing, 'a file with a slip of the pen cannot', () => {
    equal(parse(['-'], '{ a = 1 }').isRead, false);
  });

  s.test('every file that another one imports is there', () => {
    const broken = files.flatMap((file) =>
      pathsIn(file)
        .map((path) => resolve(dirname(file), path))
        .filter((path) => !existsSync(path))
        .map((path) => `${file} names ${path}`),
    );
    // Made by other steps, or by who uses an example.
    equal(broken.filter((line) => !/\/(cmake|secrets)$/.test(line)).join('\n'), '');
  });
});
