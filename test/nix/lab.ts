// What the tests of nix/ share: parsing needs nix-instantiate, evaluating also the library of
// nixpkgs (NIXPKGS_LIB) and stand-ins for the options of NixOS (FLINT_NIX_EVAL, a directory with a
// default.nix). Both are looked for by name and skipped by name.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What evaluation says of one machine: what it would run and listen to. */
export interface Machine {
  failedAssertions: string[];
  warnings: string[];
  units: Record<string, string>;
  nftables: string;
  openPorts: { tcp: number[]; udp: number[] };
  etc: Record<string, string>;
  /** By names below /etc: the shell that a file is built by, where a program judges it. */
  judged: Record<string, string>;
  users: Record<string, unknown>;
  headscale: Record<string, unknown> | null;
  nginx: Record<string, { forceSSL: boolean; locations: Record<string, string> }>;
  nginxLocations: Record<string, Record<string, string>>;
  wireguard: Record<string, { ips: string[]; privateKeyFile: string; peers: object[] }>;
  scrape: { scrape_configs?: Record<string, unknown>[] };
  storeFlags: string[];
  tailscaleFlags: string[];
  flushRuleset: boolean;
  hasSudo: boolean;
  /** What networkd leaves alone. */
  networkd: Record<string, boolean>;
  kernelParams: string[];
  hostName: string;
  images: string[];
  files: Record<'control' | 'probe' | 'agent' | 'vmauth' | 'gate', string>;
}

export function missingPrograms(...names: string[]): string | null {
  const path = (process.env['PATH'] ?? '').split(':');
  const absent = names.find((name) => !path.some((one) => existsSync(join(one, name))));
  return absent === undefined ? null : `${absent} is not installed`;
}

/** For what needs the library of nixpkgs, and nothing of NixOS. */
export function missingLibrary(): string | null {
  return existsSync(at('NIXPKGS_LIB'))
    ? missingPrograms('nix-instantiate')
    : 'NIXPKGS_LIB names no directory, and nothing is evaluated without it';
}

export function missingEvaluation(): string | null {
  const absent = ['NIXPKGS_LIB', 'FLINT_NIX_EVAL'].find((name) => !existsSync(at(name)));
  return absent === undefined
    ? missingPrograms('nix-instantiate')
    : `${absent} names no directory, and nothing is evaluated without it`;
}

/** All files below a directory of the tree with that ending, sorted. */
export function filesBelow(directory: string, ending: string): string[] {
  const base = resolve(ROOT, directory);
  if (!existsSync(base)) return [];
  return readdirSync(base, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
    .map((name) => join(base, name))
    .sort();
}

/** Every configuration of a file in test/nix, by name. Throws with Nix' last words. */
export function evaluate(file: string): Record<string, Machine> {
  const expression = `import ${ROOT}test/nix/lab.nix ${at('FLINT_NIX_EVAL')} (import ${file})`;
  return JSON.parse(evaluateText(expression)) as Record<string, Machine>;
}

/** One configuration, given as a list of modules in the language of Nix. */
export function evaluateOne(modules: string): Machine {
  const lab = `import ${ROOT}test/nix/lab.nix ${at('FLINT_NIX_EVAL')}`;
  const all = JSON.parse(evaluateText(`${lab} { one = ${modules}; }`)) as { one: Machine };
  return all.one;
}

/** A value as JSON. Throws with what Nix says. */
export function evaluateText(expression: string): string {
  const words = ['--eval', '--strict', '--json', '--read-write-mode', '-E', expression];
  const answer = spawnSync('nix-instantiate', words, {
    encoding: 'utf8',
    maxBuffer: 64 * 1_048_576,
    timeout: 60_000,
  });
  if (answer.status === 0) return answer.stdout;
  throw new Error(answer.stderr || String(answer.error));
}

/** Pages of options by their paths from the root, as the modules make them. */
export function optionPages(): Record<string, string> {
  const expression = `
    import ${ROOT}nix/option-table.nix {
      lib = import (builtins.getEnv "NIXPKGS_LIB");
      optionsOf = modules:
        (import ${at('FLINT_NIX_EVAL')}/default.nix { inherit modules; }).options;
    }`;
  return JSON.parse(evaluateText(expression)) as Record<string, string>;
}

/** A directory for one test run, and how to be rid of it. */
export function scratch(): { directory: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'flint-nix-'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** What `systemd-analyze verify` has against these units; programs need not be there. */
export function unitFaults(units: Record<string, string>): string[] {
  if (Object.keys(units).length === 0) return [];
  const { directory, remove } = scratch();
  try {
    for (const [name, text] of Object.entries(units)) writeFileSync(join(directory, name), text);
    const files = Object.keys(units).map((name) => join(directory, name));
    const env = { ...process.env, SYSTEMD_UNIT_PATH: `${directory}:/lib/systemd/system` };
    const words = ['verify', '--man=no', '--recursive-errors=no', ...files];
    const answer = spawnSync('systemd-analyze', words, { env, encoding: 'utf8' });
    return answer.stderr
      .split('\n')
      .filter((line) => line !== '' && !NOT_HERE.test(line) && !isNewer(line));
  } finally {
    remove();
  }
}

const NOT_HERE =
  /is not executable|Failed to (create|add|prepare|open)|not found|Failed to load|bus connection/;

/** Keys that units.json knows to be newer than some systemd, which ignores them. */
function isNewer(line: string): boolean {
  const { since } = readJson(join(ROOT, 'nix/units.json')) as { since?: Record<string, number> };
  const key = /Unknown key '(\w+)'/.exec(line)?.[1];
  return key !== undefined && since?.[key] !== undefined;
}

/** Exposure of a service by `systemd-analyze security`: 0 is best, 10 worst. */
export function exposure(name: string, text: string): number {
  const { directory, remove } = scratch();
  try {
    const file = join(directory, name);
    writeFileSync(file, text);
    const words = ['security', '--offline=yes', '--no-pager', file];
    const { stdout } = spawnSync('systemd-analyze', words, { encoding: 'utf8' });
    const match = /Overall exposure level for \S+: ([0-9.]+)/.exec(stdout);
    if (match === null) throw new Error(`systemd-analyze says nothing of ${name}: ${stdout}`);
    return Number(match[1]);
  } finally {
    remove();
  }
}

/** What nft has against these rules, in a network namespace of its own. */
export function ruleFaults(rules: string): string {
  const words = ['-n', 'nft', '-c', '-f', '/dev/stdin'];
  const answer = spawnSync('unshare', words, { input: rules, encoding: 'utf8' });
  return answer.status === 0 ? '' : answer.stderr || String(answer.error);
}

export function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function at(variable: string): string {
  const given = process.env[variable] ?? '';
  return given === '' ? '/nonexistent' : resolve(given);
}
