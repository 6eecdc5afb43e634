import { type Address, parseAddress } from '../../core/address.ts';
import type { Family } from '../../core/round.ts';

// The files in which kernel and DHCP clients say what the network told them.

export interface LeaseFile {
  resolvers: Address[];
  timeServers: Address[];
  leaseServers: Address[];
}

export interface Gateway {
  address: Address;
  device: string;
}

// RTF_* of <linux/route.h>.
const UP = 1;
const GATEWAY = 2;
const REJECT = 0x200;

/** All gateways of default routes, whatever their metric; of /proc/net/route or ipv6_route. */
export function parseGateways(text: string, family: Family): Gateway[] {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  return lines.flatMap(
    (columns) => (family === 'v4' ? gateway4(columns) : gateway6(columns)) ?? [],
  );
}

/** The nameservers of a resolv.conf(5). */
export function parseNameservers(text: string): string[] {
  return [...text.matchAll(/^\s*nameserver\s+(\S{1,64})/gm)].map((found) => found[1] ?? '');
}

/** `KEY=value` of systemd-networkd and NetworkManager: DNS=192.0.2.1 192.0.2.2 */
export function parseKeyed(text: string): LeaseFile {
  const of = (...keys: string[]): Address[] =>
    keys.flatMap((key) => {
      const found = new RegExp(`^${key}=(.*)$`, 'm').exec(text);
      return addressesIn(found?.[1] ?? '');
    });
  return {
    resolvers: of('DNS', 'domain_name_servers'),
    timeServers: of('NTP', 'ntp_servers'),
    leaseServers: of('SERVER_ADDRESS', 'dhcp_server_identifier'),
  };
}

/** The last lease of dhclient.leases(5), of IPv4 or IPv6; the ones before are over. */
export function parseDhclient(text: string): LeaseFile {
  const last = text.slice(Math.max(0, text.lastIndexOf('\nlease'), text.lastIndexOf('lease6 {')));
  const of = (...names: string[]): Address[] =>
    names.flatMap((name) => {
      const found = new RegExp(`option ${name} ([^;\n]*);`).exec(last);
      return addressesIn(found?.[1] ?? '');
    });
  return {
    resolvers: of('domain-name-servers', 'dhcp6\\.name-servers'),
    timeServers: of('ntp-servers', 'dhcp6\\.sntp-servers'),
    leaseServers: of('dhcp-server-identifier'),
  };
}

function addressesIn(text: string): Address[] {
  return text.split(/[\s,]+/).flatMap((word) => parseAddress(word) ?? []);
}

// Iface Destination Gateway Flags RefCnt Use Metric Mask …
function gateway4(columns: readonly string[]): Gateway | null {
  const [device = '', destination, gateway = '', flags = '', , , , mask] = columns;
  if (destination !== '00000000' || mask !== '00000000') return null;
  if (!isGateway(flags) || !/^[0-9A-F]{8}$/i.test(gateway)) return null;
  // The kernel prints the word as it lies in its memory, in the byte order of this machine.
  const bytes = new Uint8Array(Uint32Array.of(Number.parseInt(gateway, 16)).buffer);
  return { address: { family: 'v4', bytes, zone: null }, device };
}

// Destination length source length gateway metric refcnt use flags device; all hexadecimal.
function gateway6(columns: readonly string[]): Gateway | null {
  const [destination = '', length, , , gateway = '', , , , flags = '', device] = columns;
  if (!/^0{32}$/.test(destination) || length !== '00' || device === undefined) return null;
  if (!isGateway(flags) || !/^[0-9a-f]{32}$/i.test(gateway)) return null;
  const bytes = Uint8Array.from(Buffer.from(gateway, 'hex'));
  return { address: { family: 'v6', bytes, zone: null }, device };
}

function isGateway(flags: string): boolean {
  const value = Number.parseInt(flags, 16);
  return (value & UP) !== 0 && (value & REJECT) === 0 && (value & GATEWAY) !== 0;
}
