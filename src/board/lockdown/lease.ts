const fs = process.getBuiltinModule('node:fs');
const os = process.getBuiltinModule('node:os');
const path = process.getBuiltinModule('node:path');

import { type Address, formatAddress, isLoopback, parseAddress } from '../../core/address.ts';
import { parseDhclient, parseGateways, parseKeyed, parseNameservers } from './lease-files.ts';

// What the network gave this machine: gateways from the kernel's routes, resolvers from
// resolv.conf(5), NTP and DHCP servers from the leases that systemd-networkd, NetworkManager and
// dhclient write. The files are the network's word: read up to a bound, and believed as addresses
// alone.

export interface Lease {
  gateways: readonly string[];
  resolvers: readonly string[];
  timeServers: readonly string[];
  leaseServers: readonly string[];
  /** Prefixes of this machine's own links. */
  near: readonly string[];
}

export interface LeaseOptions {
  /** Whose routes and addresses are not the network's: the mesh. */
  meshInterface: string | null;
  /** Before every path; for another root file system. */
  root?: string;
  interfaces?: () => ReturnType<typeof os.networkInterfaces>;
}

const BYTES_MAX = 262_144;
const FILES_MAX = 32;
const ADDRESSES_MAX = 16;

const NETWORKD = '/run/systemd/netif/leases';
const NETWORK_MANAGER = ['/run/NetworkManager/devices', '/var/lib/NetworkManager'];
const DHCLIENT = ['/var/lib/dhcp', '/var/lib/dhclient', '/run'];

/** Reads some ten small files; nothing is asked of the network. */
export function readLease(options: LeaseOptions): Lease {
  const { meshInterface, root = '', interfaces = os.networkInterfaces } = options;
  const read = (file: string): string => readText(path.join(root || '/', file));
  const networkd = [
    ...filesIn(root, NETWORKD, /^[0-9]+$/),
    ...NETWORK_MANAGER.flatMap((folder) => filesIn(root, folder, /^[0-9]+$|^internal-.*\.lease$/)),
  ].map((file) => parseKeyed(readText(file)));
  const dhclient = DHCLIENT.flatMap((folder) => filesIn(root, folder, /^dhclient.*\.leases?$/)).map(
    (file) => parseDhclient(readText(file)),
  );
  const leases = [...networkd, ...dhclient];
  const gateways = [
    ...parseGateways(read('/proc/net/route'), 'v4'),
    ...parseGateways(read('/proc/net/ipv6_route'), 'v6'),
  ].filter(({ device }) => device !== meshInterface);
  return {
    gateways: usable(gateways.map(({ address }) => address)),
    resolvers: usable([
      ...resolvers(read).flatMap((text) => parseAddress(text) ?? []),
      ...leases.flatMap((one) => one.resolvers),
    ]),
    timeServers: usable(leases.flatMap((one) => one.timeServers)),
    leaseServers: usable(leases.flatMap((one) => one.leaseServers)),
    near: nearOf(addressesOf(interfaces), meshInterface),
  };
}

// Behind the stub of systemd-resolved stand those that are really asked.
function resolvers(read: (file: string) => string): string[] {
  return [
    ...parseNameservers(read('/etc/resolv.conf')),
    ...parseNameservers(read('/run/systemd/resolve/resolv.conf')),
    ...parseNameservers(read('/run/NetworkManager/resolv.conf')),
    ...parseNameservers(read('/run/dnsmasq/resolv.conf')),
  ];
}

// A kernel that does not tell is no reason to stay open.
function addressesOf(
  interfaces: () => ReturnType<typeof os.networkInterfaces>,
): ReturnType<typeof os.networkInterfaces> {
  try {
    return interfaces();
  } catch {
    return {};
  }
}

/** An interface identifier has 64 bits (RFC 4291 §2.5.1), also where DHCPv6 gave a /128. */
const NEAR_LENGTH_MAX = { v4: 32, v6: 64 };
/** Some tunnels call half of the world their neighbour. */
const NEAR_LENGTH_MIN = { v4: 8, v6: 32 };

function nearOf(
  interfaces: ReturnType<typeof os.networkInterfaces>,
  meshInterface: string | null,
): string[] {
  const found = Object.entries(interfaces).flatMap(([device, addresses = []]) =>
    device === meshInterface ? [] : addresses.filter(({ internal }) => !internal),
  );
  const ranges = found.flatMap(({ address, cidr }) => {
    const parsed = parseAddress(address);
    const length = Number(/\/([0-9]+)$/.exec(cidr ?? '')?.[1] ?? Number.NaN);
    if (parsed === null || !(length >= NEAR_LENGTH_MIN[parsed.family])) return [];
    return [`${address}/${Math.min(length, NEAR_LENGTH_MAX[parsed.family])}`];
  });
  return [...new Set(ranges)].sort();
}

/** Unicast addresses of other machines, without their zones, each once. */
function usable(addresses: readonly Address[]): string[] {
  const texts = addresses
    .filter((one) => !isLoopback(one) && isUnicast(one))
    .map(({ family, bytes }) => formatAddress(family, bytes));
  return [...new Set(texts)].sort().slice(0, ADDRESSES_MAX);
}

function isUnicast({ family, bytes }: Address): boolean {
  const [first = 0] = bytes;
  if (family === 'v4') return first > 0 && first < 224;
  return first !== 0xff && bytes.some((byte) => byte !== 0);
}

function filesIn(root: string, folder: string, pattern: RegExp): string[] {
  const directory = path.join(root || '/', folder);
  try {
    const names = fs.readdirSync(directory).filter((name) => pattern.test(name));
    return names
      .sort()
      .slice(0, FILES_MAX)
      .map((name) => path.join(directory, name));
  } catch {
    return [];
  }
}

// Files of /proc tell no size; what cannot be read says nothing.
function readText(file: string): string {
  let fd: number;
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch {
    return '';
  }
  try {
    return readUpTo(fd, BYTES_MAX).toString('latin1');
  } catch {
    return '';
  } finally {
    fs.closeSync(fd);
  }
}

function readUpTo(fd: number, bytesMax: number): Buffer {
  const parts: Buffer[] = [];
  for (let left = bytesMax; left > 0; ) {
    const chunk = Buffer.allocUnsafe(Math.min(65_536, left));
    const got = fs.readSync(fd, chunk);
    if (got === 0) break;
    parts.push(chunk.subarray(0, got));
    left -= got;
  }
  return Buffer.concat(parts);
}
