import { type Address, isLinkLocalIpv6, parseAddress } from '../core/address.ts';
import type { Family } from '../core/round.ts';
import { isSame } from './resolution.ts';

// The network's own addresses: gateways from the kernel's routes, resolvers from resolv.conf(5).

interface Route {
  metric: number;
  /** Null for a route without a gateway, as that of a tunnel. */
  gateway: Address | null;
}

// RTF_* of <linux/route.h>.
const UP = 1;
const GATEWAY = 2;
const REJECT = 0x200;
// As many as the C libraries take.
const RESOLVERS_MAX = 3;

/**
 * The gateways of the default route that the kernel prefers: several where it shares the load.
 * `text` is that of /proc/net/route or /proc/net/ipv6_route. Null when there is no default route,
 * empty when it has no gateway.
 */
export function parseGateways(text: string, family: Family): Address[] | null {
  const routes: Route[] = [];
  for (const line of text.split('\n')) {
    const columns = line.trim().split(/\s+/);
    const route = family === 'v4' ? parseRoute4(columns) : parseRoute6(columns);
    if (route !== null) routes.push(route);
  }
  if (routes.length === 0) return null;
  const metric = Math.min(...routes.map((route) => route.metric));
  const best = routes.filter((route) => route.metric === metric);
  // The kernel takes the first of equal routes of IPv4, and any of IPv6.
  return unique((family === 'v4' ? best.slice(0, 1) : best).map((route) => route.gateway));
}

/** The nameservers of a resolv.conf in their order, at most three. */
export function parseResolvers(text: string): Address[] {
  const addresses = text.split('\n').map((line) => {
    const [keyword, value = ''] = line.trim().split(/\s+/);
    return keyword === 'nameserver' ? parseAddress(value) : null;
  });
  return unique(addresses).slice(0, RESOLVERS_MAX);
}

/** Whether all that is named is the stub of systemd-resolved on this machine. */
export function isStub(resolvers: readonly Address[]): boolean {
  const [only] = resolvers;
  if (only === undefined || resolvers.length > 1 || only.family !== 'v4') return false;
  const text = only.bytes.join('.');
  return text === '127.0.0.53' || text === '127.0.0.54';
}

// Iface Destination Gateway Flags RefCnt Use Metric Mask …
function parseRoute4(columns: readonly string[]): Route | null {
  const [, destination, gateway = '', flags = '', , , metric = '', mask] = columns;
  if (destination !== '00000000' || mask !== '00000000') return null;
  if (!isUsable(flags) || !/^[0-9A-F]{8}$/i.test(gateway)) return null;
  // The kernel prints the word as it lies in its memory, in the byte order of this machine.
  const bytes = new Uint8Array(Uint32Array.of(Number.parseInt(gateway, 16)).buffer);
  const address: Address = { family: 'v4', bytes, zone: null };
  return { metric: Number(metric), gateway: hasGateway(flags) ? address : null };
}

// Destination length source length gateway metric refcnt use flags device; all hexadecimal. The
// source does not matter: routers give out default routes for their own prefixes alone.
function parseRoute6(columns: readonly string[]): Route | null {
  const [destination = '', length, , , gateway = '', metric = '', , , flags = '', device] = columns;
  if (!/^0{32}$/.test(destination) || length !== '00' || device === undefined) return null;
  if (!isUsable(flags) || !/^[0-9a-f]{32}$/i.test(gateway)) return null;
  const bytes = Uint8Array.from(Buffer.from(gateway, 'hex'));
  const zone = isLinkLocalIpv6(bytes) ? device : null;
  const address: Address = { family: 'v6', bytes, zone };
  return { metric: Number.parseInt(metric, 16), gateway: hasGateway(flags) ? address : null };
}

function isUsable(flags: string): boolean {
  const value = Number.parseInt(flags, 16);
  return (value & UP) !== 0 && (value & REJECT) === 0;
}

function hasGateway(flags: string): boolean {
  return (Number.parseInt(flags, 16) & GATEWAY) !== 0;
}

function unique(addresses: readonly (Address | null)[]): Address[] {
  const found: Address[] = [];
  for (const address of addresses) {
    if (address === null || found.some((one) => isSame(one, address))) continue;
    found.push(address);
  }
  return found;
}
