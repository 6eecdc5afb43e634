// What may be added to a Debian or Ubuntu machine by apt, and only as root: what builds the addon,
// and, when asked for, the programs that tests and benchmarks measure themselves against. Some of
// those are services; none is started, neither now nor at the next boot.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { run, ScriptError, since, which } from './command.mjs';

/** Package → what it is for. */
export const PEERS = {
  nftables: 'filters inside the test namespaces',
  iproute2: 'network namespaces, veth pairs and TUN devices of the tests',
  'iputils-ping': 'peer of the benchmarks',
  fping: 'peer of the benchmarks',
  tcpdump: 'the truth on the wire that round-trip times are compared with',
  prometheus: 'promtool checks the metrics',
  'prometheus-smokeping-prober': 'its metrics and ours must give the same picture',
  'victoria-metrics': 'takes what both push',
  'wireguard-go': 'WireGuard of the test meshes, where the kernel has none',
  'wireguard-tools': 'looks at and configures it',
  'prometheus-node-exporter': 'is scraped beside the probe, and pushed',
  chromium: 'looks at the pages',
  'nix-bin': 'reads the modules of nix/; no store and no daemon',
  systemd: 'judges the units, and makes their users and directories',
  'libcap2-bin': 'starts programs with fewer capabilities',
  'clang-format-14': 'format of C and C++',
  'g++-aarch64-linux-gnu': 'builds the addon for boards',
  'qemu-user-static': 'runs it here',
  'dnsmasq-base': 'leases, router advertisements and names of the test networks',
  'isc-dhcp-client': 'asks for a lease behind the lockdown',
  hping3: 'sends in other names, which the lockdown must stop',
  python3: 'builds npm raw-socket, the second transport, and better-sqlite3',
};

const SERVICES = [
  'prometheus',
  'prometheus-smokeping-prober',
  'prometheus-node-exporter',
  'victoria-metrics',
];
const POLICY_FILE = '/usr/sbin/policy-rc.d';
const POLICY_MARK = '# Written by the setup of flint for the time of one installation, process';
const APT_MS_MAX = 15 * 60_000;
const APT_OPTIONS = ['-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];

export function isRoot() {
  return process.getuid !== undefined && process.getuid() === 0;
}

export function mayInstall() {
  return isRoot() && which('apt-get') !== null;
}

/** Of these packages the ones that are not installed. Takes some 10 ms. */
export function missingPackages(names) {
  if (names.length === 0) return [];
  const format = `\${Package} \${db:Status-Status}\n`;
  const answer = spawnSync('dpkg-query', ['-W', `-f=${format}`, ...names], { encoding: 'utf8' });
  const installed = new Set((answer.stdout || '').split('\n'));
  return names.filter((name) => !installed.has(`${name} installed`));
}

/** Installs packages; the caller has said so before. Throws with apt's last words. */
export async function installPackages(names, say) {
  if (!hasLists()) await updateLists(say);
  const startMs = Date.now();
  let result = await apt(['install', ...APT_OPTIONS, ...names]);
  if (result.code !== 0) {
    await updateLists(say);
    result = await apt(['install', ...APT_OPTIONS, ...names]);
  }
  if (result.code !== 0) {
    process.stderr.write(lastLines(result.output, 15));
    throw new ScriptError(
      `apt-get could not install ${names.join(', ')}: see above; without a network, install them ` +
        'from a mirror of your own and run this again',
      3,
    );
  }
  say(`installed, ${since(startMs)}`);
}

/** Installs the peers that are missing and that this release has, and starts none of them. */
export async function installPeers(say) {
  const missing = missingPackages(Object.keys(PEERS));
  if (missing.length === 0) return;
  if (!hasLists()) await updateLists(say);
  const absent = unavailable(missing);
  for (const name of absent) say(`${name} is not in this system's apt (${PEERS[name]}): skipped`);
  const wanted = missing.filter((name) => !absent.includes(name));
  if (wanted.length === 0) return;
  say(`installing ${wanted.join(', ')} (for tests and benchmarks; no service is started)`);
  await withoutServices(() => installPackages(wanted, say));
  await disableServices(wanted);
}

function hasLists() {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => name.includes('_Packages'));
  } catch {
    return false;
  }
}

async function updateLists(say) {
  say('reading the package lists (apt-get update)');
  const result = await apt(['update', '-q']);
  if (result.code !== 0) process.stderr.write(lastLines(result.output, 5));
}

/** Of these packages the ones that this release does not have. */
function unavailable(names) {
  const answer = spawnSync('apt-cache', ['policy', ...names], { encoding: 'utf8' });
  const entries = (answer.stdout || '').split(/^(?=\S)/m);
  const known = entries.filter((entry) => /Candidate: (?!\(none\))/.test(entry));
  return names.filter((name) => !known.some((entry) => entry.startsWith(`${name}:\n`)));
}

function apt(words) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
  return run('apt-get', words, { env, limitMs: APT_MS_MAX });
}

/**
 * Debian starts a service when its package is installed unless policy-rc.d says 101. The file is
 * the administrator's where he has one: then it must already say no to what we install.
 */
async function withoutServices(install) {
  removeLeftPolicy();
  if (existsSync(POLICY_FILE)) {
    requireRefusal();
    return install();
  }
  const remove = () => rmSync(POLICY_FILE, { force: true });
  const text = `#!/bin/sh\n${POLICY_MARK} ${process.pid}\nexit 101\n`;
  process.once('exit', remove);
  try {
    writeFileSync(POLICY_FILE, text, { flag: 'wx' });
    chmodSync(POLICY_FILE, 0o755);
    await install();
  } finally {
    remove();
    process.removeListener('exit', remove);
  }
}

/** A setup that was killed by force left its file behind. */
function removeLeftPolicy() {
  if (!existsSync(POLICY_FILE)) return;
  const text = readFileSync(POLICY_FILE, 'utf8');
  const at = text.indexOf(POLICY_MARK);
  if (at === -1) return;
  const pid = Number.parseInt(text.slice(at + POLICY_MARK.length), 10);
  if (!existsSync(`/proc/${pid}`)) rmSync(POLICY_FILE, { force: true });
}

function requireRefusal() {
  const refused = (name) => spawnSync(POLICY_FILE, [name, 'start']).status === 101;
  if (SERVICES.every(refused)) return;
  throw new ScriptError(
    `${POLICY_FILE} exists and lets services start: let it exit 101 while the peers are ` +
      'installed, or install them by hand',
    3,
  );
}

/** A package enables its service for the next boot, too; what was there before stays as it was. */
async function disableServices(names) {
  const services = SERVICES.filter((name) => names.includes(name));
  if (services.length === 0 || which('systemctl') === null) return;
  await run('systemctl', ['disable', '--quiet', ...services], { limitMs: 30_000 });
}

function lastLines(text, count) {
  return `${text.trimEnd().split('\n').slice(-count).join('\n')}\n`;
}
