// A house with a probe in it: router and neighbour on one link, the Internet behind the router, and
// the mesh, whose hub stands for tailscaled: what arrives on the probe's mesh device has passed its
// keys. Everything is the kernel's; the devices of the mesh know their only neighbour, as tunnels
// do.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MAIN } from '../cli/flint.ts';
import { scratchFile } from '../lab/namespace.ts';
import { type LabProcess, type Namespace, openNamespace, type Result } from '../lab/net.ts';

export const MESH_DEVICE = 'tailscale0';
export const PEERS = ['metrics', 'jump', 'other'] as const;
export type Peer = (typeof PEERS)[number];

/** What stands on the mesh under which address. */
export const MESH: Readonly<Record<Peer | 'probe', { v4: string; v6: string }>> = {
  probe: { v4: '100.100.0.7', v6: 'fd12:3:4::7' },
  jump: { v4: '100.100.0.2', v6: 'fd12:3:4::2' },
  other: { v4: '100.100.0.8', v6: 'fd12:3:4::8' },
  metrics: { v4: '100.100.0.9', v6: 'fd12:3:4::9' },
};

/** The home network: `dual` with both families, `cgnat` with a carrier's shared addresses (RFC
 * 6598), `v6` without IPv4. */
export type HouseKind = 'dual' | 'cgnat' | 'v6';

const LAN4: Readonly<Record<HouseKind, string | null>> = {
  dual: '192.168.7',
  cgnat: '100.64.7',
  v6: null,
};
const LAN6 = '2001:db8:7:';
/** Behind the router; documentation addresses stand for public ones. */
export const FAR = { v4: '203.0.113.2', v6: '2001:db8:99::2' };
export const MESH_PORT = 41_641;
const SERVICES = fileURLToPath(new URL('services.ts', import.meta.url));
export const SCAN = fileURLToPath(new URL('../../build/lab/scan', import.meta.url));

export interface House {
  probe: Namespace;
  /** A neighbour's machine on the same link. */
  neighbour: Namespace;
  router: Namespace;
  /** On the Internet. */
  far: Namespace;
  peers: Readonly<Record<Peer, Namespace>>;
  /** On the home network. */
  addresses: Record<'probe' | 'neighbour' | 'router', { v4: string | null; v6: string }>;
  /** `flint` with words as one would type them, with this probe's settings and state. */
  flint(words: string, options?: FlintOptions): Promise<Result>;
  /** Changes agent.json. */
  configure(changes: Record<string, unknown>): void;
  configFile: string;
  stateDirectory: string;
  close(): Promise<void>;
}

export interface FlintOptions {
  env?: Record<string, string>;
  input?: string;
  timeoutMs?: number;
  /** Text of resolv.conf as the program sees it. */
  resolvConf?: string;
}

export interface Scan {
  sent: number;
  refused: number;
  seconds: number;
  open: Ports;
  closed: Ports;
  answered: Ports;
  unreachable: Ports;
  icmp: Record<string, number>;
}

interface Ports {
  count: number;
  ports: number[];
}

export async function openHouse(kind: HouseKind = 'dual'): Promise<House> {
  const places: Namespace[] = [];
  const open = async (isRouter = false): Promise<Namespace> => {
    const place = await openNamespace({ isRouter });
    places.push(place);
    return place;
  };
  const close = async (): Promise<void> => {
    for (const place of places) await place.close();
  };
  try {
    const [router, hub] = [await open(true), await open(true)];
    const [probe, neighbour, far] = [await open(), await open(), await open()];
    const peers = { metrics: await open(), jump: await open(), other: await open() };
    const base = LAN4[kind];
    const at = (host: string) => ({
      v4: base === null ? null : `${base}.${host}`,
      v6: `${LAN6}:${host}`,
    });
    const addresses = { router: at('1'), probe: at('10'), neighbour: at('20') };
    await buildLan(router, { probe, neighbour }, addresses);
    await buildFar(router, far, base);
    await buildMesh(hub, probe, peers);
    const own = settingsOf();
    return {
      probe,
      neighbour,
      router,
      far,
      peers,
      addresses,
      ...own,
      ...flintOf(probe, own),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Services of all kinds on the probe, on every address of it. */
export async function startServices(place: Namespace): Promise<LabProcess> {
  const services = place.spawn(process.execPath, ['--import', 'tsx', SERVICES]);
  await services.waitFor('ready', 20_000);
  return services;
}

/** Every TCP and UDP port and every ICMP type of an address. */
export async function scan(from: Namespace, target: string, words: string[] = []): Promise<Scan> {
  const text = await from.run(SCAN, [target, ...words], { timeoutMs: 60_000 });
  return JSON.parse(text) as Scan;
}

async function buildLan(
  router: Namespace,
  hosts: { probe: Namespace; neighbour: Namespace },
  addresses: House['addresses'],
): Promise<void> {
  await router.ip('link add br0 type bridge');
  await router.ip('link set br0 up');
  for (const [name, host] of Object.entries(hosts)) {
    await router.ip(`link add ${name} type veth peer name eth0 netns ${host.name}`);
    await router.ip(`link set ${name} master br0 up`);
    await host.ip('link set eth0 up');
  }
  const all = { router, ...hosts };
  for (const [name, place] of Object.entries(all)) {
    const { v4, v6 } = addresses[name as keyof typeof all];
    const device = place === router ? 'br0' : 'eth0';
    if (v4 !== null) await place.ip(`address add ${v4}/24 dev ${device}`);
    await place.ip(`address add ${v6}/64 dev ${device} nodad`);
    if (place === router) continue;
    if (v4 !== null) await place.ip(`route add default via ${addresses.router.v4}`);
    await place.ip(`-6 route add default via ${addresses.router.v6}`);
  }
}

async function buildFar(router: Namespace, far: Namespace, base: string | null): Promise<void> {
  await router.ip(`link add up0 type veth peer name eth0 netns ${far.name}`);
  await router.ip('link set up0 up');
  await far.ip('link set eth0 up');
  await router.ip('address add 203.0.113.1/24 dev up0');
  await router.ip('address add 2001:db8:99::1/64 dev up0 nodad');
  await far.ip(`address add ${FAR.v4}/24 dev eth0`);
  await far.ip(`address add ${FAR.v6}/64 dev eth0 nodad`);
  if (base !== null) await far.ip(`route add ${base}.0/24 via 203.0.113.1`);
  await far.ip(`-6 route add ${LAN6}:/64 via 2001:db8:99::1`);
}

const HUB_LINK = { v4: '169.254.99.1', v6: 'fe80::1' };
const MAC = { hub: '02:00:00:00:99:01', probe: '02:00:00:00:99:02' };

async function buildMesh(hub: Namespace, probe: Namespace, peers: House['peers']): Promise<void> {
  await hub.ip(
    `link add probe address ${MAC.hub} type veth peer name ${MESH_DEVICE} netns ${probe.name}`,
  );
  await probe.ip(`link set ${MESH_DEVICE} address ${MAC.probe} up`);
  await hub.ip('link set probe up');
  const { v4, v6 } = MESH.probe;
  await probe.ip(`address add ${v4}/32 dev ${MESH_DEVICE}`);
  await probe.ip(`address add ${v6}/128 dev ${MESH_DEVICE} nodad`);
  for (const gateway of Object.values(HUB_LINK)) {
    await probe.ip(`neigh add ${gateway} lladdr ${MAC.hub} dev ${MESH_DEVICE} nud permanent`);
  }
  await probe.ip(`route add 100.100.0.0/24 via ${HUB_LINK.v4} dev ${MESH_DEVICE} onlink src ${v4}`);
  await probe.ip(`-6 route add fd12:3:4::/64 via ${HUB_LINK.v6} dev ${MESH_DEVICE} src ${v6}`);
  for (const address of [v4, v6]) {
    await hub.ip(`neigh add ${address} lladdr ${MAC.probe} dev probe nud permanent`);
    await hub.ip(`${address.includes(':') ? '-6 ' : ''}route add ${address} dev probe`);
  }
  for (const name of PEERS) await joinPeer(hub, peers[name], name);
}

async function joinPeer(hub: Namespace, peer: Namespace, name: Peer): Promise<void> {
  const { v4, v6 } = MESH[name];
  await hub.ip(`link add ${name} type veth peer name mesh0 netns ${peer.name}`);
  await hub.ip(`link set ${name} up`);
  await peer.ip('link set mesh0 up');
  await peer.ip(`address add ${v4}/32 dev mesh0`);
  await peer.ip(`address add ${v6}/128 dev mesh0 nodad`);
  await hub.ip(`address add ${HUB_LINK.v4}/32 dev ${name}`);
  await hub.ip(`address add ${HUB_LINK.v6}/64 dev ${name} nodad`);
  await hub.ip(`route add ${v4} dev ${name}`);
  await hub.ip(`-6 route add ${v6} dev ${name}`);
  await peer.ip(`route add default via ${HUB_LINK.v4} dev mesh0 onlink`);
  await peer.ip(`-6 route add default via ${HUB_LINK.v6} dev mesh0`);
}

interface OwnFiles {
  configFile: string;
  stateDirectory: string;
  configure(changes: Record<string, unknown>): void;
}

function settingsOf(): OwnFiles {
  const configFile = scratchFile('json');
  const stateDirectory = scratchFile('state');
  mkdirSync(stateDirectory, { recursive: true });
  const settings = {
    schema: 1,
    control: 'https://198.51.100.80',
    tailnet: {
      kind: 'tailscale',
      loginServer: 'https://198.51.100.81',
      address: MESH.probe.v6,
      readers: [MESH.metrics.v4, MESH.metrics.v6],
    },
    lockdown: { jumpHosts: [MESH.jump.v4, MESH.jump.v6], meshPort: MESH_PORT },
    push: { url: `http://[${MESH.metrics.v6}]/remote_write` },
  };
  const configure = (changes: Record<string, unknown>): void => {
    const lockdown = { ...settings.lockdown, ...(changes['lockdown'] as object | undefined) };
    writeFileSync(configFile, JSON.stringify({ ...settings, ...changes, lockdown }));
  };
  configure({});
  return { configFile, stateDirectory, configure };
}

// Its own resolv.conf is bound over that of the machine, in the mount namespace of `ip netns exec`.
const BOUND = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';

function flintOf(probe: Namespace, { configFile, stateDirectory }: OwnFiles): Pick<House, 'flint'> {
  return {
    flint(words, { env = {}, input = '', timeoutMs = 20_000, resolvConf = '' } = {}) {
      const file = scratchFile('conf');
      writeFileSync(file, resolvConf);
      const isOwn = words.startsWith('lockdown');
      const places = isOwn ? ['--config', configFile, '--state', stateDirectory] : [];
      const all = [process.execPath, MAIN, ...words.split(' '), ...places];
      const run = { RUNTIME_DIRECTORY: scratchFile('run') };
      return probe.exec('sh', ['-c', BOUND, file, ...all], {
        input,
        timeoutMs,
        env: { ...process.env, ...run, ...env },
      });
    },
  };
}

/** Packets that the rules counted, by the counter's name. */
export async function readCounters(probe: Namespace): Promise<Map<string, number>> {
  const text = await probe.run('nft', ['-j', 'list', 'counters', 'table', 'inet', 'flint']);
  const entries = (JSON.parse(text).nftables as { counter?: Counter }[]).flatMap(
    ({ counter }): [string, number][] => (counter ? [[counter.name, counter.packets]] : []),
  );
  return new Map(entries);
}

interface Counter {
  name: string;
  packets: number;
}

/** How many packets from outside the rules saw, whatever became of them. */
export async function arrivedPackets(probe: Namespace): Promise<number> {
  const isInput = /^(in-|drop-weak-host|drop-spoofed$|drop-input|drop-mesh-input)/;
  const counters = [...(await readCounters(probe))].filter(([name]) => isInput.test(name));
  return counters.reduce((sum, [, packets]) => sum + packets, 0);
}
