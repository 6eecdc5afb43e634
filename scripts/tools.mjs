// The compiler, make and cmake that build the addon.
import { existsSync } from 'node:fs';
import { run, ScriptError, which } from './command.mjs';
import { installPackages, mayInstall, missingPackages } from './debian.mjs';

const EXIT_UNAVAILABLE = 3;
const PROBE_MS_MAX = 60_000;
const PROBE = `
#include <ctime>
#include <span>
#include <linux/errqueue.h>
int main() { return std::span<int>().size() == 0 ? 0 : 1; }
`;

/** What the addon is built with: added by apt where that is allowed, else named. */
export async function requireTools(say) {
  let missing = await missingTools();
  const names = missing.map((tool) => tool.debian);
  if (mayInstall() && missingPackages(names).length > 0) {
    say(`installing ${names.join(', ')} (needed to build the addon)`);
    await installPackages(names, say);
    missing = await missingTools();
  }
  if (missing.length === 0) return;
  const what = missing.map((tool) => tool.lacks).join(', ');
  throw new ScriptError(
    `${what} (needed to build the addon): ${remedy(missing)}`,
    EXIT_UNAVAILABLE,
  );
}

async function missingTools() {
  const missing = [];
  const compiler = await compilerFault();
  if (compiler !== null) missing.push({ debian: 'g++', lacks: compiler });
  if (which('make') === null && which('ninja') === null) {
    missing.push({ debian: 'make', lacks: 'make is missing' });
  }
  if (which('cmake') === null) {
    missing.push({ debian: 'cmake', lacks: 'cmake is missing' });
  }
  return missing;
}

/** Says what keeps the compiler that cmake would take from C++20 with Linux's headers, or null. */
async function compilerFault() {
  const [compiler, ...words] = (process.env.CXX || (which('c++') ? 'c++' : 'g++')).split(' ');
  if (which(compiler) === null && !existsSync(compiler)) return 'a C++ compiler is missing';
  const options = [...words, '-std=c++20', '-fsyntax-only', '-x', 'c++', '-'];
  const result = await run(compiler, options, { input: PROBE, limitMs: PROBE_MS_MAX });
  if (result.code === 0) return null;
  const said = result.output.split('\n').find((line) => line.includes('error')) || result.output;
  return `${compiler} does not compile C++20 with Linux headers (${said.trim()})`;
}

function remedy(missing) {
  const debian = `apt-get install ${missing.map((tool) => tool.debian).join(' ')}`;
  const nix = 'nix-shell -p nodejs python3 gcc gnumake cmake';
  const again = 'then run this again';
  if (existsSync('/etc/NIXOS')) return `run \`${nix}\`, ${again} in it`;
  if (which('apt-get') !== null) return `as root \`${debian}\`, ${again}`;
  return `\`${debian}\` on Debian, \`${nix}\` on NixOS, ${again}`;
}
