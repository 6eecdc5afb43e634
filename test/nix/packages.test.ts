// Which packages from npm a board gets: all that its program imports, found without a build.
import { deepEqual, equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { suite } from '../helper.ts';
import { evaluateText, filesBelow, missingLibrary, ROOT, readJson, scratch } from './lab.ts';

/** Looked for at run time, and done without. */
const OPTIONAL = ['raw-socket'];

const BY_FROM = /^(?:import(?! type)|export(?! type)|\})(?:.* from)? '([@a-z][^']+)';$/gm;
const BY_CALL = /\b(?:import|[rR]equire)\('([@a-z][^']*)'\)/g;

function boardPackages(): string[] {
  const text = readFileSync(join(ROOT, 'nix/package.nix'), 'utf8');
  const list = /boardPackages = \[([^\]]*)\]/.exec(text)?.[1] ?? '';
  return [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name ?? '').sort();
}

/** Packages whose code is loaded by src outside of src/control. */
function importedByBoards(): string[] {
  const files = filesBelow('src', '.ts').filter(
    (file) => relative(join(ROOT, 'src'), file).split(sep)[0] !== 'control',
  );
  const names = files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    return [...text.matchAll(BY_FROM), ...text.matchAll(BY_CALL)].map(([, name]) => name ?? '');
  });
  const packages = names
    .filter((name) => !name.startsWith('node:'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  return [...new Set(packages)].filter((name) => !OPTIONAL.includes(name)).sort();
}

/** What check-imports.mjs says of a program that is made of these files. */
function check(files: Readonly<Record<string, string>>, ...left: string[]) {
  const { directory, remove } = scratch();
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    const script = join(ROOT, 'nix/check-imports.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, directory, ...left], {
      encoding: 'utf8',
    });
    return { status, said: stderr };
  } finally {
    remove();
  }
}

suite('nix: packages from npm', (s) => {
  s.test('a board gets what its program imports, and nothing else', () => {
    deepEqual(importedByBoards(), boardPackages());
  });

  s.test('a package that is imported and not there is told, however it is imported', () => {
    const files = {
      'dist/a.js': "import { one } from 'absent';\nimport x from 'node:fs';\n",
      'dist/b/c.js': "export { two } from '@scope/absent/deep';\nconst y = await import('gone');\n",
      'dist/d.js': "const { z } = require('lost/file.js');\nrequire('raw-socket');\n",
      'node_modules/there/package.json': '{}',
      'dist/e.js': "import 'nothing';\nimport there from 'there/part';\n",
    };
    const { status, said } = check(files);
    equal(status, 1);
    deepEqual(said.match(/\S+(?=, which)/g)?.sort(), [
      '@scope/absent',
      'absent',
      'gone',
      'lost',
      'nothing',
    ]);
  });

  s.test('what is in a folder that is left out is not looked for', () => {
    const files = { 'dist/control/a.js': "import one from 'absent';\n" };
    equal(check(files).status, 1);
    deepEqual(check(files, 'control'), { status: 0, said: '' });
  });

  s.testIf(missingLibrary(), 'the lock has all of them, with what they need in turn', () => {
    const { packages } = readJson(join(ROOT, 'package-lock.json')) as { packages: object };
    const unpacked = JSON.parse(evaluateText(closureOf(''))) as string[];
    deepEqual(
      unpacked.filter((path) => !(path in packages)),
      [],
    );
    equal(unpacked.length > boardPackages().length, true);
    equal(
      unpacked.some((path) => /better-sqlite3|fastify|typescript/.test(path)),
      false,
    );
  });

  s.testIf(missingLibrary(), 'a lock of another format is refused', () => {
    const { directory, remove } = scratch();
    try {
      const lockFile = join(directory, 'lock.json');
      writeFileSync(lockFile, '{ "lockfileVersion": 4, "packages": {} }');
      let said = '';
      try {
        evaluateText(closureOf(`lockFile = ${lockFile};`));
      } catch (error) {
        said = String(error);
      }
      match(said, /package-lock\.json: version 4 of its format, and this reads 3/);
    } finally {
      remove();
    }
  });
});

/** The folders that packages of a board are unpacked to, in the language of Nix. */
function closureOf(more: string): string {
  const roots = boardPackages().map((name) => `"${name}"`);
  return `
    (import ${ROOT}nix/node-modules.nix {
      lib = import (builtins.getEnv "NIXPKGS_LIB");
      fetchurl = { url, hash }: url + hash;
      stdenvNoCC.mkDerivation = given: given;
      ${more}
    } { name = "packages"; roots = [ ${roots.join(' ')} ]; }).passthru.packages`;
}
