// The format of C and C++, by clang-format 14: another version sets other breaks.
// Usage: node scripts/clang-format.mjs [--write]
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMain, ScriptError, which } from './command.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const VERSION = '14';
const FOLDERS = ['native', 'native/launch', 'test/lab', 'bench'];

async function main(words) {
  const unknown = words.filter((word) => word !== '--write');
  if (unknown.length > 0)
    throw new ScriptError(`unknown option ${unknown[0]}: known is --write`, 2);
  const files = FOLDERS.flatMap(sources);
  if (files.length === 0) return 0;
  const tool = [`clang-format-${VERSION}`, 'clang-format'].find(isRightVersion);
  if (tool === undefined) {
    process.stderr.write(
      `clang-format ${VERSION} is missing: the format of C and C++ is not checked ` +
        `(Debian: apt-get install clang-format-${VERSION}, NixOS: clang-tools_${VERSION})\n`,
    );
    return process.env.CI ? 1 : 0;
  }
  const mode = words.includes('--write') ? ['-i'] : ['--dry-run', '-Werror'];
  return spawnSync(tool, [...mode, ...files], { cwd: ROOT, stdio: 'inherit' }).status ?? 1;
}

function sources(folder) {
  if (!existsSync(join(ROOT, folder))) return [];
  const names = readdirSync(join(ROOT, folder)).filter((name) => /\.(cc|h|c)$/.test(name));
  return names.sort().map((name) => join(folder, name));
}

function isRightVersion(name) {
  if (which(name) === null) return false;
  const { stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' });
  return stdout.includes(`version ${VERSION}.`);
}

await runMain('clang-format', main);
