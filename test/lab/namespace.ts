// Network namespaces for tests: named after the process that made them, so that parallel runs do
// not meet and the leftovers of a killed run can be told and removed.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type LabProcess,
  type Result,
  type RunOptions,
  runProcess,
  startProcess,
} from './process.ts';

export interface Namespace {
  readonly name: string;
  /** Runs a command inside to its end; any code is a result, the deadline is not. */
  exec(command: string, args?: readonly string[], options?: RunOptions): Promise<Result>;
  /** As exec, but fails unless the code is 0; gives standard output. */
  run(command: string, args?: readonly string[], options?: RunOptions): Promise<string>;
  /** Starts a command inside; it ends with the namespace at the latest. */
  spawn(command: string, args?: readonly string[], options?: RunOptions): LabProcess;
  /** `ip` with words as one would type them. */
  ip(words: string): Promise<string>;
  /** Writes files below /proc/sys: { 'net/ipv4/ip_forward': '1' }. */
  sysctl(values: Record<string, string>): Promise<void>;
  /** Ends every process inside and removes the namespace; may be called twice. */
  close(): Promise<void>;
}

export interface NamespaceOptions {
  /** Which groups may open ping sockets; a new namespace allows none ("1 0"). */
  pingGroupRange?: string;
  /** Routes between its devices. */
  isRouter?: boolean;
}

export const REFLECTOR = fileURLToPath(new URL('../../build/lab/reflector', import.meta.url));

const PREFIX = 'flt';
const SETUP_MS_MAX = 5_000;

// No duplicate address detection, so that IPv6 works at once; no router solicitations, no limit on
// ICMP errors, no reverse path filter: the lab answers from where it likes.
const SETTINGS: Record<string, string> = {
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/default/rp_filter': '0',
  'net/ipv4/icmp_ratelimit': '0',
  'net/ipv6/icmp/ratelimit': '0',
  'net/ipv6/conf/all/accept_dad': '0',
  'net/ipv6/conf/default/accept_dad': '0',
  'net/ipv6/conf/default/dad_transmits': '0',
  'net/ipv6/conf/default/router_solicitations': '0',
  'net/ipv6/conf/default/accept_ra': '0',
};

const SCRATCH = join(tmpdir(), `${PREFIX}-${process.pid}-scratch`);

const open = new Set<string>();
let opened = 0;
let files = 0;
let missing: string | null | undefined;

process.on('exit', () => {
  for (const name of open) spawnSync('ip', ['netns', 'del', name]);
  rmSync(SCRATCH, { recursive: true, force: true });
});

/** Why the lab cannot run here, or null; `commands` are further programs that a test needs. */
export function requireLab(...commands: string[]): string | null {
  missing ??= missingPart();
  const absent = commands.find((command) => !isOnPath(command));
  return missing ?? (absent === undefined ? null : `${absent} is not installed`);
}

export async function openNamespace(options: NamespaceOptions = {}): Promise<Namespace> {
  if (opened === 0) await removeLeftovers();
  const name = `${PREFIX}-${process.pid}-${++opened}`;
  await succeed('ip', ['netns', 'add', name]);
  open.add(name);
  const namespace = describe(name);
  try {
    await namespace.ip('link set lo up');
    await namespace.sysctl({ ...SETTINGS, ...chosenSettings(options) });
    return namespace;
  } catch (error) {
    await namespace.close();
    throw error;
  }
}

/** A path for a file of this run; the folder is removed when the process ends. */
export function scratchFile(ending: string): string {
  mkdirSync(SCRATCH, { recursive: true });
  return join(SCRATCH, `${++files}.${ending}`);
}

function missingPart(): string | null {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  for (const command of ['ip', 'setpriv']) {
    if (!isOnPath(command)) return `${command} is not installed`;
  }
  if (!hasTun()) return 'there is no /dev/net/tun';
  if (!existsSync(REFLECTOR)) return 'build/lab/reflector is not built';
  return trial();
}

function isOnPath(command: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, command)));
}

/** The driver answers only to those who open it; the node alone says little. */
function hasTun(): boolean {
  if (!existsSync('/dev/net/tun')) {
    spawnSync('mkdir', ['-p', '/dev/net']);
    spawnSync('mknod', ['/dev/net/tun', 'c', '10', '200']);
  }
  try {
    closeSync(openSync('/dev/net/tun', 'r+'));
    return true;
  } catch {
    return false;
  }
}

function trial(): string | null {
  const name = `${PREFIX}-${process.pid}-0`;
  const add = spawnSync('ip', ['netns', 'add', name], { timeout: SETUP_MS_MAX });
  spawnSync('ip', ['netns', 'del', name], { timeout: SETUP_MS_MAX });
  return add.status === 0 ? null : `network namespaces are refused: ${add.stderr}`.trim();
}

function chosenSettings(options: NamespaceOptions): Record<string, string> {
  const chosen: Record<string, string> = {};
  if (options.pingGroupRange !== undefined) {
    chosen['net/ipv4/ping_group_range'] = options.pingGroupRange;
  }
  if (options.isRouter === true) {
    chosen['net/ipv4/ip_forward'] = '1';
    chosen['net/ipv6/conf/all/forwarding'] = '1';
  }
  return chosen;
}

function describe(name: string): Namespace {
  const processes = new Set<LabProcess>();
  const inside = (command: string, args: readonly string[]) => [
    'netns',
    'exec',
    name,
    command,
    ...args,
  ];
  const namespace: Namespace = {
    name,
    exec: (command, args = [], options = {}) => runProcess('ip', inside(command, args), options),
    run: (command, args = [], options = {}) => succeed('ip', inside(command, args), options),
    spawn(command, args = [], options = {}) {
      const started = startProcess('ip', inside(command, args), options);
      processes.add(started);
      return started;
    },
    ip: (words) => succeed('ip', ['-n', name, ...words.split(' ')]),
    async sysctl(values) {
      const input = Object.entries(values).map(([key, value]) => `${key} ${value}\n`);
      const script = 'while read key value; do echo "$value" > "/proc/sys/$key" || exit 1; done';
      await namespace.run('sh', ['-c', script], { input: input.join('') });
    },
    async close() {
      if (!open.has(name)) return;
      await Promise.all([...processes].map((started) => started.stop()));
      await remove(name);
      open.delete(name);
    },
  };
  return namespace;
}

async function succeed(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, signal, stdout, stderr } = await runProcess(command, args, options);
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')}: ${code ?? signal}: ${stderr || stdout}`);
}

/** Kills what is left inside, by pid, and drops the name. */
async function remove(name: string): Promise<void> {
  const { stdout } = await runProcess('ip', ['netns', 'pids', name]);
  for (const pid of stdout.split('\n').filter(Boolean)) kill(Number(pid));
  await runProcess('ip', ['netns', 'del', name]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone already
  }
}

async function removeLeftovers(): Promise<void> {
  for (const name of leftovers('/run/netns')) await remove(name);
  for (const name of leftovers(tmpdir())) {
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** Names in the folder that were made by a process which is no more. */
function leftovers(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-(\\d+|scratch)$`).exec(name)?.[1];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  });
}
