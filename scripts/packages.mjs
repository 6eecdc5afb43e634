// The npm packages: installed again when the lock file or Node's ABI changed. The stamp is written
// last, so that an installation that was broken off is never taken for a finished one.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { run, ScriptError, since, which } from './command.mjs';
import { installPackages, mayInstall } from './debian.mjs';

const NPM_MS_MAX = 15 * 60_000;
const STILL_EVERY_MS = 20_000;
// Development packages even under NODE_ENV=production: the build needs them. Without a network npm
// would try for 75 s; these make it 30.
const NPM_OPTIONS = [
  'ci',
  '--include=dev',
  '--include=optional',
  '--no-audit',
  '--no-fund',
  '--prefer-offline',
  '--fetch-retries=3',
  '--fetch-retry-mintimeout=2000',
  '--fetch-retry-maxtimeout=10000',
];
const EXIT_UNAVAILABLE = 3;

/** Why the npm packages have to be installed, or null. */
export function packagesReason(root) {
  if (!existsSync(join(root, 'node_modules'))) return 'first time';
  let stamp;
  try {
    stamp = JSON.parse(readFileSync(stampFile(root), 'utf8'));
  } catch {
    return 'node_modules is not from a finished setup';
  }
  const now = currentStamp(root);
  if (stamp.lock !== now.lock) return 'package-lock.json changed';
  if (stamp.abi !== now.abi || stamp.arch !== now.arch) return 'Node changed';
  return null;
}

/** Lets the next installation be a new one. */
export function forgetPackages(root) {
  rmSync(stampFile(root), { force: true });
}

/** Installs what the lock file says; says why and how long. Throws with npm's last words. */
export async function installNpmPackages(root, { reason, inherit, say }) {
  say(`installing npm packages (${reason})`);
  const startMs = Date.now();
  const [command, words] = npmCommand();
  const cache = ownCache(root);
  const env = { ...process.env, ...headerPrefix(command, words), ...cache };
  forgetPackages(root);
  const still = setInterval(() => say(`npm is still working, ${since(startMs)}`), STILL_EVERY_MS);
  const options = { cwd: root, env, limitMs: NPM_MS_MAX, inherit };
  const result = await run(command, [...words, ...NPM_OPTIONS], options).finally(() =>
    clearInterval(still),
  );
  if (result.code !== 0) throw npmFailure(result.output);
  if (cache.npm_config_cache) rmSync(cache.npm_config_cache, { recursive: true, force: true });
  const npm = [command, [...words, 'rebuild', '--foreground-scripts']];
  await completeOptional(root, { npm, env, inherit, say });
  writeFileSync(stampFile(root), `${JSON.stringify(currentStamp(root))}\n`);
  say(`npm packages installed, ${since(startMs)}`);
}

/** Optional packages that compile something, and how to tell that they did. */
const OPTIONAL = [
  {
    name: 'better-sqlite3',
    trial: "new (require('better-sqlite3'))(':memory:').close()",
    isNeeded: true,
    without: 'the control cannot keep its state: `flint up` and `flint control` will not start',
  },
  {
    name: 'raw-socket',
    trial: "require('raw-socket')",
    isNeeded: false,
    without: 'only the second transport is missing',
  },
];

/** Adds python3, which node-gyp runs on, where that was what kept one from being built. */
async function completeOptional(root, { npm: [command, words], env, inherit, say }) {
  const failed = OPTIONAL.filter((one) => !loads(root, one));
  if (failed.some((one) => one.isNeeded) && mayInstall() && which('python3') === null) {
    say('installing python3 (needed to build better-sqlite3)');
    await installPackages(['python3'], say);
    const names = failed.map((one) => one.name);
    say(`building ${names.join(', ')}: SQLite takes a minute or two`);
    await run(command, [...words, ...names], { cwd: root, env, limitMs: NPM_MS_MAX, inherit });
  }
  for (const one of failed.filter((each) => !loads(root, each))) {
    say(
      `the optional package ${one.name} could not be built for this Node (it needs python3, ` +
        `make, g++ and Node's headers): ${one.without}; \`npm run setup -- --force\` tries again`,
    );
  }
}

function loads(root, { trial }) {
  return (
    spawnSync(process.execPath, ['--eval', trial], { cwd: root, stdio: 'ignore' }).status === 0
  );
}

/** The npm that started this, so that it goes with this Node; else the one in PATH. */
function npmCommand() {
  const started = process.env.npm_execpath || '';
  if (basename(started) === 'npm-cli.js') return [process.execPath, [started]];
  if (which('npm') !== null) return ['npm', []];
  throw new ScriptError(
    'npm is missing: install it (Debian: apt-get install npm), then run this again',
    EXIT_UNAVAILABLE,
  );
}

/**
 * raw-socket is built with this Node's own headers where they are, so that none are fetched; they
 * must be of this very Node, and the user's own setting stands.
 */
function headerPrefix(command, words) {
  const set = spawnSync(command, [...words, 'config', 'get', 'nodedir'], { encoding: 'utf8' });
  if (!['', 'undefined', 'null'].includes((set.stdout || '').trim())) return {};
  for (const prefix of [dirname(dirname(process.execPath)), '/usr']) {
    const header = join(prefix, 'include/node/node_version.h');
    if (!existsSync(header)) continue;
    const abi = /define NODE_MODULE_VERSION (\d+)/.exec(readFileSync(header, 'utf8'));
    if (abi !== null && abi[1] === process.versions.modules) return { npm_config_nodedir: prefix };
  }
  return {};
}

/** A user without a home that can be written (a service account) keeps npm's cache here. */
function ownCache(root) {
  let folder = process.env.npm_config_cache || join(homedir(), '.npm');
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
    return {};
  } catch {
    return { npm_config_cache: join(root, 'build', 'npm-cache') };
  }
}

function npmFailure(output) {
  process.stderr.write(`${output.trimEnd().split('\n').slice(-30).join('\n')}\n`);
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ENOTCACHED/.test(output)) {
    return new ScriptError(
      'npm could not reach its registry: connect this machine, or set npm up for a mirror',
      EXIT_UNAVAILABLE,
    );
  }
  return new ScriptError('npm ci failed: see above');
}

function stampFile(root) {
  return join(root, 'node_modules', '.flint-setup.json');
}

function currentStamp(root) {
  const lock = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  return { lock: lock.digest('hex'), abi: process.versions.modules, arch: process.arch };
}
