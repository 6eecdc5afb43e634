// Makes a clone ready to run: npm packages, a compiler where one may be added, the build. Does
// nothing, and fast, when nothing has changed; what was broken off is done again. Needs no package
// and, until the version is checked, nothing that an old Node lacks.
// Usage: npm run setup [-- --peers] [-- --force]
//   --peers  also what tests need: the C programs and, with CI set or FLINT_SETUP=apt, as root
//            where apt is, Debian's packages of the peers
//   --force  installs the npm packages and builds again
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchArm64Node, lacksArm64Node } from './arm64-node.mjs';
import { run, runMain, ScriptError, since } from './command.mjs';
import { installPeers, mayInstall, missingPackages, PEERS } from './debian.mjs';
import { forgetPackages, installNpmPackages, packagesReason } from './packages.mjs';
import { requireTools } from './tools.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_FLOOR = { major: 20, minor: 19 };
const BUILD_MS_MAX = 15 * 60_000;
const LOCK_WAIT_MS_MAX = 20 * 60_000;
const LOCK_POLL_MS = 250;
const EXIT_UNAVAILABLE = 3;

async function main(words) {
  const unknown = words.filter((word) => word !== '--peers' && word !== '--force');
  if (unknown.length > 0) {
    throw new ScriptError(`unknown option ${unknown[0]}: known are --peers and --force`, 2);
  }
  requireNode();
  const { PART_NAMES, TEST_PARTS, canBuild, dueParts, isPrebuilt } = await import('./build.mjs');
  const forTests = words.includes('--peers');
  const parts = PART_NAMES.filter((name) => forTests || !TEST_PARTS.includes(name));
  const plan = () => ({
    packages: packagesReason(ROOT),
    parts: dueParts(parts),
    peers: forTests && mayAddPeers() ? missingPackages(Object.keys(PEERS)) : [],
    guest: forTests && lacksArm64Node(ROOT),
  });
  const force = words.includes('--force');
  if (!force && isNothing(plan())) return 0;
  requireWritable();
  const lock = await lockClone();
  try {
    if (force) forgetPackages(ROOT);
    // Again: another setup may have done it while this one waited.
    const due = plan();
    if (isPrebuilt()) say('the addon came with the sources (prebuilds/): it is not compiled');
    await prepare(
      force ? { ...due, packages: '--force', parts: parts.filter(canBuild) } : due,
      lock,
    );
    // What builds for boards, and runs it here, may be there only now.
    const late = forTests ? plan() : { parts: [], guest: false };
    if (late.parts.length > 0) await build(late.parts, [lock._handle.fd]);
    if (late.guest) await fetchArm64Node(ROOT, say);
  } finally {
    lock.close();
  }
  return 0;
}

function isNothing({ packages, parts, peers, guest }) {
  return packages === null && parts.length === 0 && peers.length === 0 && !guest;
}

async function prepare({ packages, parts, peers }, lock) {
  const inherit = [lock._handle.fd];
  if (parts.includes('native') || parts.includes('lab')) await requireTools(say);
  if (peers.length > 0) await installPeers(say);
  // With python3 raw-socket can be built that could not before.
  const reason = packages ?? (peers.includes('python3') ? 'python3 is new' : null);
  if (reason !== null) await installNpmPackages(ROOT, { reason, inherit, say });
  if (parts.length > 0) await build(parts, inherit);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_FLOOR.major) return;
  if (major === NODE_FLOOR.major && minor >= NODE_FLOOR.minor) return;
  const floor = `${NODE_FLOOR.major}.${NODE_FLOOR.minor}`;
  throw new ScriptError(
    `flint needs Node ${floor} or newer and this is ${process.version} (${process.execPath}): ` +
      'install a newer one and run this again',
    EXIT_UNAVAILABLE,
  );
}

function mayAddPeers() {
  const isAsked = Boolean(process.env.CI) || process.env.FLINT_SETUP === 'apt';
  return isAsked && mayInstall();
}

function requireWritable() {
  for (const name of ['.', 'node_modules', 'build', 'dist']) {
    const path = join(ROOT, name);
    if (!existsSync(path)) continue;
    try {
      accessSync(path, constants.W_OK | constants.X_OK);
    } catch (error) {
      const why = error.code === 'EROFS' ? 'lies on a read-only file system' : 'may not be written';
      throw new ScriptError(
        `${path} ${why} (by user ${process.getuid()}): run as its owner, or copy the clone`,
        EXIT_UNAVAILABLE,
      );
    }
  }
}

/**
 * One setup at a time in one clone. The lock is a socket's name that the kernel forgets when its
 * holders end, however they end, so there is no stale one. npm and the build hold it too: they
 * outlive a setup that was killed.
 */
async function lockClone() {
  const name = createHash('sha256').update(ROOT).digest('hex').slice(0, 32);
  const startMs = Date.now();
  for (;;) {
    const server = await listen(`\0flint-setup-${name}`);
    if (server !== null) return server;
    const waitedMs = Date.now() - startMs;
    if (waitedMs > LOCK_WAIT_MS_MAX) {
      throw new ScriptError(`another setup of this clone still runs after ${since(startMs)}`);
    }
    if (waitedMs < LOCK_POLL_MS) say('another setup of this clone is running: waiting for it');
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}

function listen(path) {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('listening', () => resolve(server));
    server.once('error', (error) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(path);
  });
}

async function build(parts, inherit) {
  say(`building ${parts.join(', ')}`);
  const words = [join(ROOT, 'scripts', 'build.mjs'), ...parts];
  const options = { limitMs: BUILD_MS_MAX, show: true, inherit };
  const result = await run(process.execPath, words, options);
  if (result.code !== 0) throw new ScriptError('the build failed: see above');
}

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

await runMain('setup', main);
