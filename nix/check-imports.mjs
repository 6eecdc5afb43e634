// Says which packages are imported below ROOT/dist and are not in ROOT/node_modules; exits with 1
// if there is one. The folders of dist that are named after ROOT are not looked at.
// Usage: node check-imports.mjs ROOT [FOLDER …]
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve, sep } from 'node:path';

const BY_FROM = /^(?:import |export |\})(?:[^'\n]*\bfrom )?'([@a-z][^']*)';$/gm;
const BY_CALL = /\b(?:import|require)\('([@a-z][\w@/.-]*)'\)/gm;
/** Looked for at run time, and done without. */
const OPTIONAL = ['raw-socket'];

const [given, ...left] = process.argv.slice(2);
const root = resolve(given);
const require = createRequire(join(root, 'dist', 'main.js'));
const missing = new Map();

for (const name of readdirSync(join(root, 'dist'), { recursive: true })) {
  if (!name.endsWith('.js') || left.includes(name.split(sep)[0])) continue;
  const text = readFileSync(join(root, 'dist', name), 'utf8');
  for (const [, specifier] of [...text.matchAll(BY_FROM), ...text.matchAll(BY_CALL)]) {
    if (specifier.startsWith('node:') || OPTIONAL.includes(specifier)) continue;
    const words = specifier.split('/');
    const wanted = words.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
    const folders = require.resolve.paths(wanted) ?? [];
    if (!folders.some((folder) => exists(join(folder, wanted)))) missing.set(wanted, name);
  }
}

for (const [wanted, name] of missing) {
  process.stderr.write(`${name} imports ${wanted}, which is not there\n`);
}
process.exitCode = missing.size === 0 ? 0 : 1;

function exists(folder) {
  try {
    readdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
