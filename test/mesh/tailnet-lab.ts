// A tailnet of real parts in network namespaces: a headscale with TLS, its policy and its own DERP
// relay in the middle, and machines around it, each behind a cable of its own that can be pulled.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Certificate, makeCertificate } from '../board/certificates.ts';
import { type LabProcess, type Namespace, openNamespace, requireLab, sleep } from '../lab/net.ts';

export const LOGIN_SERVER = 'https://headscale.lab';
export const ULA = 'fd8f:89ae:ca73';

export type MachineFamily = 'v4' | 'v6' | 'both';

export interface Machine {
  readonly namespace: Namespace;
  readonly directory: string;
  readonly socket: string;
  /** A PATH on which `ip` is that of the namespace, for what runs outside of it. */
  readonly path: string;
  /** Knows the authority of the login server unless told otherwise. */
  startDaemon(knowsAuthority?: boolean): Promise<void>;
  stopDaemon(signal?: NodeJS.Signals): Promise<void>;
  signalDaemon(signal: NodeJS.Signals): void;
  tailscale(words: string): Promise<string>;
  /** Pulls the cable, or puts it back. */
  cable(isIn: boolean): Promise<void>;
}

export interface HeadscaleNode {
  id: string;
  name: string;
  availableRoutes: string[];
}

export interface TailnetLab {
  readonly directory: string;
  readonly hub: Namespace;
  machine(family?: MachineFamily): Promise<Machine>;
  startServer(): Promise<void>;
  stopServer(): Promise<void>;
  headscale(words: string): Promise<string>;
  /** A new pre-auth key that is good once. */
  key(user: string, life?: string): Promise<string>;
  nodes(): Promise<HeadscaleNode[]>;
  close(): Promise<void>;
}

const HOSTS = ['headscale', 'tailscale', 'tailscaled', 'openssl', 'nft'];
const START_MS_MAX = 15_000;

/** Why this lab cannot run here, or null. */
export function missingTailnet(): string | null {
  const missing = requireLab();
  const absent = HOSTS.find((name) => !isOnPath(name));
  return missing ?? (absent === undefined ? null : `${absent} is not installed`);
}

export async function openTailnetLab(): Promise<TailnetLab> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-tailnet-'));
  const hub = await openNamespace({ isRouter: true });
  const authority = makeCertificate({ names: '', issuer: null, isAuthority: true });
  writeServer(directory, authority);
  await hub.ip('address add 10.99.0.1/32 dev lo');
  await hub.ip('address add fd99::1/128 dev lo');
  const machines: Machine[] = [];
  let server: LabProcess | null = null;

  const headscale = (words: string): Promise<string> =>
    hub.run('headscale', ['-c', join(directory, 'headscale.yaml'), ...words.split(' ')]);

  const lab: TailnetLab = {
    ...{ directory, hub, headscale },
    async machine(family = 'both') {
      const machine = await openMachine({ lab, number: machines.length + 1, family });
      machines.push(machine);
      return machine;
    },
    async startServer() {
      server = hub.spawn('headscale', ['-c', join(directory, 'headscale.yaml'), 'serve']);

      await server.waitFor('listening and serving HTTP');
    },
    async stopServer() {
      await server?.stop('SIGKILL');
      rmSync(join(directory, 'headscale.sock'), { force: true });
    },
    async key(user, life = '1h') {
      const users = JSON.parse(await headscale('users list -o json')) as {
        id: string;
        name: string;
      }[];
      const id = users.find(({ name }) => name === user)?.id;
      const made = await headscale(`preauthkeys create --user ${id} --expiration ${life} -o json`);
      return (JSON.parse(made) as { key: string }).key;
    },
    async nodes() {
      return (JSON.parse(await headscale('nodes list -o json')) ?? []) as HeadscaleNode[];
    },
    async close() {
      for (const { namespace } of machines) await closeMachine(namespace);
      await hub.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    await lab.startServer();
    for (const user of ['probes', 'monitoring']) await headscale(`users create ${user}`);
    return lab;
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** Waits for it; fails after `timeoutMs`. Gives the milliseconds it took. */
export async function until(
  what: string,
  check: () => Promise<boolean> | boolean,
  timeoutMs = START_MS_MAX,
): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    if (await check()) return Math.round(performance.now() - startedMs);
    if (performance.now() - startedMs > timeoutMs)
      throw new Error(`not after ${timeoutMs} ms: ${what}`);
    await sleep(100);
  }
}

async function openMachine(wish: {
  lab: TailnetLab;
  number: number;
  family: MachineFamily;
}): Promise<Machine> {
  const { lab, number, family } = wish;
  const namespace = await openNamespace();
  const directory = join(lab.directory, `machine-${number}`);
  mkdirSync(directory);
  await plugIn(lab.hub, namespace, { number, family });
  writeEtc(namespace, family);
  const socket = join(directory, 'tailscaled.sock');
  let daemon: LabProcess | null = null;

  return {
    ...{ namespace, directory, socket, path: pathInto(namespace, directory) },
    async startDaemon(knowsAuthority = true) {
      // One that was killed leaves it behind, and the next one asks who listens there.
      rmSync(socket, { force: true });
      const authority = join(lab.directory, 'authority.pem');
      const words = `--tun=tailscale0 --statedir=${directory} --socket=${socket} --port=0`;
      daemon = namespace.spawn('tailscaled', [...words.split(' '), '--no-logs-no-support'], {
        env: knowsAuthority ? { ...process.env, SSL_CERT_FILE: authority } : process.env,
      });
      await until('tailscaled listens', () => existsSync(socket));
    },
    async stopDaemon(signal = 'SIGTERM') {
      await daemon?.stop(signal);
    },
    signalDaemon: (signal) => void daemon?.child.kill(signal),
    tailscale: (words) => namespace.run('tailscale', [`--socket=${socket}`, ...words.split(' ')]),
    cable: (isIn) =>
      namespace.ip(`link set eth0 ${isIn ? 'up' : 'down'}`).then(async () => {
        if (isIn) await routes(namespace, number, family);
      }),
  };
}

async function plugIn(
  hub: Namespace,
  namespace: Namespace,
  { number, family }: { number: number; family: MachineFamily },
): Promise<void> {
  const far = `m${number}`;
  await namespace.ip(`link add eth0 type veth peer name ${far} netns ${hub.name}`);
  await namespace.ip('link set eth0 up');
  await hub.ip(`link set ${far} up`);
  if (family !== 'v6') {
    await hub.ip(`address add 10.99.${number}.1/24 dev ${far}`);
    await namespace.ip(`address add 10.99.${number}.2/24 dev eth0`);
  }
  if (family !== 'v4') {
    await hub.ip(`address add fd99:0:0:${number}::1/64 dev ${far} nodad`);
    await namespace.sysctl({ 'net/ipv6/conf/eth0/keep_addr_on_down': '1' });
    await namespace.ip(`address add fd99:0:0:${number}::2/64 dev eth0 nodad`);
  }
  await routes(namespace, number, family);
}

// A cable that is pulled takes the routes away.
async function routes(namespace: Namespace, number: number, family: MachineFamily): Promise<void> {
  if (family !== 'v6') await namespace.ip(`route replace default via 10.99.${number}.1`);
  if (family !== 'v4') await namespace.ip(`-6 route replace default via fd99:0:0:${number}::1`);
}

// `ip netns exec` lays these over those of the machine.
function writeEtc(namespace: Namespace, family: MachineFamily): void {
  const directory = join('/etc/netns', namespace.name);
  mkdirSync(directory, { recursive: true });
  const server = family === 'v6' ? 'fd99::1' : '10.99.0.1';
  writeFileSync(join(directory, 'hosts'), `127.0.0.1 localhost\n${server} headscale.lab\n`);
  writeFileSync(join(directory, 'resolv.conf'), 'nameserver 192.0.2.53\n');
}

async function closeMachine(namespace: Namespace): Promise<void> {
  await namespace.close();
  rmSync(join('/etc/netns', namespace.name), { recursive: true, force: true });
  if (spawnSync('rmdir', ['/etc/netns']).status !== 0) return;
}

function pathInto(namespace: Namespace, directory: string): string {
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  const real =
    folders()
      .map((folder) => join(folder, 'ip'))
      .find(existsSync) ?? '/sbin/ip';
  writeFileSync(join(bin, 'ip'), `#!/bin/sh\nexec ${real} -n ${namespace.name} "$@"\n`, {
    mode: 0o755,
  });
  return [bin, ...folders()].join(delimiter);
}

function writeServer(directory: string, authority: Certificate): void {
  const { key, cert } = makeCertificate({ names: 'DNS:headscale.lab', issuer: authority });
  writeFileSync(join(directory, 'authority.pem'), authority.cert);
  writeFileSync(join(directory, 'server.key'), key, { mode: 0o600 });
  writeFileSync(join(directory, 'server.pem'), cert);
  writeFileSync(join(directory, 'policy.hujson'), POLICY);
  writeFileSync(join(directory, 'headscale.yaml'), serverConfig(directory));
}

function serverConfig(directory: string): string {
  const file = (name: string): string => JSON.stringify(join(directory, name));
  return `server_url: ${LOGIN_SERVER}
listen_addr: "[::]:443"
metrics_listen_addr: 127.0.0.1:9090
tls_cert_path: ${file('server.pem')}
tls_key_path: ${file('server.key')}
noise: { private_key_path: ${file('noise.key')} }
prefixes: { v4: 100.64.0.0/10, v6: "fd7a:115c:a1e0::/48" }
derp:
  server:
    enabled: true
    region_id: 999
    region_code: lab
    region_name: lab
    verify_clients: false
    stun_listen_addr: "[::]:3478"
    private_key_path: ${file('derp.key')}
    automatically_add_embedded_derp_region: true
    ipv4: 10.99.0.1
    ipv6: fd99::1
  urls: []
  auto_update_enabled: false
disable_check_updates: true
database: { type: sqlite, sqlite: { path: ${file('db.sqlite')} } }
policy: { mode: file, path: ${file('policy.hujson')} }
dns:
  magic_dns: true
  base_domain: mesh.lab
  override_local_dns: true
  nameservers: { global: [192.0.2.99] }
unix_socket: ${file('headscale.sock')}
logtail: { enabled: false }
taildrop: { enabled: false }
`;
}

const POLICY = `{
  "hosts": {
    "metrics": "${ULA}:2::1/128",
    "probes":  "${ULA}:3::/64",
    "overlay": "${ULA}::/48",
  },
  "acls": [
    { "action": "accept", "proto": "58", "src": ["*", "overlay"], "dst": ["*:*"] },
    { "action": "accept", "proto": "tcp", "src": ["probes"],  "dst": ["metrics:80"] },
    { "action": "accept", "proto": "tcp", "src": ["metrics"], "dst": ["probes:9000-9999"] },
  ],
}
`;

function isOnPath(name: string): boolean {
  return folders().some((folder) => existsSync(join(folder, name)));
}

function folders(): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
}
