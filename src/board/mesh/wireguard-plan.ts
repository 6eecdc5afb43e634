import { formatAddress, isLinkLocalIpv6, isLoopback, parseAddress } from '../../core/address.ts';
import {
  type AddressRange,
  formatRange,
  isInRange,
  parseRange,
  rangeAround,
} from '../../core/address-range.ts';
import type { WireguardPeer, WireguardSettings } from './settings.ts';

// What the interface should be, from the settings: judged as a whole, so that a mistake gives no
// interface at all and not half of one. Nothing here touches the machine.

export interface PlannedPeer {
  name: string;
  publicKey: string;
  presharedKey: string | null;
  endpoint: { host: string; port: number } | null;
  /** In the order and the spelling of `wg`. */
  allowed: readonly AddressRange[];
  keepaliveS: number;
}

export interface WireguardPlan {
  interface: string;
  /** With its prefix: the interface has this one address. */
  address: { text: string; range: AddressRange };
  mtu: number;
  listenPort: number;
  peers: readonly PlannedPeer[];
  /** Those readers that are behind a peer: others would come by another way. */
  readers: readonly string[];
  /** Readers that are behind none. */
  strangers: readonly string[];
}

export type Planned = { ok: true; plan: WireguardPlan } | { ok: false; reason: string };

/** A peer may stand for so much of the address space: more would be a default route in pieces. */
const PREFIX_MIN = { v4: 8, v6: 7 } as const;

/** `secret` gives null for one that is not there; it may throw for one that cannot be used. */
export function planWireguard(
  settings: WireguardSettings,
  publicKey: string,
  secret: (name: string) => string | null,
): Planned {
  try {
    return { ok: true, plan: plan(settings, publicKey, secret) };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

function plan(
  settings: WireguardSettings,
  publicKey: string,
  secret: (name: string) => string | null,
): WireguardPlan {
  const peers = settings.peers.map((peer) => planPeer(peer, secret));
  requireOnce(
    'the name',
    peers.map(({ name }) => name),
  );
  requireOnce('the public key', [publicKey, ...peers.map((peer) => peer.publicKey)]);
  requireOnce(
    'the range',
    peers.flatMap(({ allowed }) => allowed.map(formatRange)),
  );
  const isBehind = (text: string): boolean => {
    const parsed = parseAddress(text);
    return (
      parsed !== null &&
      peers.some(({ allowed }) => allowed.some((range) => isInRange(range, parsed)))
    );
  };
  const { mtu, listenPort, readers } = settings;
  return {
    ...{ interface: settings.interface, mtu, listenPort, peers },
    address: ownAddress(settings.address),
    readers: readers.filter(isBehind),
    strangers: readers.filter((reader) => !isBehind(reader)),
  };
}

function ownAddress(text: string): WireguardPlan['address'] {
  const parsed = parseAddress(text);
  if (parsed === null || isLoopback(parsed) || !isUnicast(parsed)) {
    throw new Error(`${text} cannot be the board's address on a mesh`);
  }
  const range = rangeAround(parsed, 8 * parsed.bytes.length);
  return { text: formatAddress(parsed.family, parsed.bytes), range };
}

/** Neither link-local, multicast nor unspecified (RFC 4291 §2.4, RFC 1112 §4). */
function isUnicast({ bytes }: { bytes: Uint8Array }): boolean {
  const first = bytes[0] ?? 0;
  if (bytes.length === 4) return first !== 0 && first < 224;
  return first !== 0xff && !isLinkLocalIpv6(bytes) && bytes.some((byte) => byte !== 0);
}

function planPeer(peer: WireguardPeer, secret: (name: string) => string | null): PlannedPeer {
  const { name, publicKey, keepaliveS } = peer;
  const allowed = peer.allowedAddresses.map((text) => allowedRange(text, name));
  const endpoint = peer.endpoint === null ? null : endpointOf(peer.endpoint, name);
  const presharedKey = peer.presharedKey === null ? null : preshared(peer.presharedKey, secret);
  return { name, publicKey, keepaliveS, allowed, endpoint, presharedKey };
}

function allowedRange(text: string, name: string): AddressRange {
  const range = text.includes('/') ? parseRange(text) : hostRange(text);
  if (range === null) {
    throw new Error(
      `peer ${name}: ${text} is no range such as fd00:1::/64, without bits behind its prefix`,
    );
  }
  const min = PREFIX_MIN[range.family];
  if (range.length < min) {
    throw new Error(
      `peer ${name}: ${text} would take the whole network through the mesh, which a probe must ` +
        `not: name the ranges that are behind the peer, of /${min} or smaller`,
    );
  }
  return range;
}

function hostRange(text: string): AddressRange | null {
  const parsed = parseAddress(text);
  return parsed === null ? null : rangeAround(parsed, 8 * parsed.bytes.length);
}

function endpointOf(text: string, name: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(text.slice(colon + 1));
  if (port < 1 || port > 65_535) throw new Error(`peer ${name}: ${text} has no port of 1 to 65535`);
  if (text.startsWith('[') && parseAddress(host) === null) {
    throw new Error(`peer ${name}: ${text} has no IPv6 address in its brackets`);
  }
  return { host, port };
}

/** The messages name the secret and never show it. */
function preshared(name: string, secret: (name: string) => string | null): string {
  const text = secret(name);
  if (text === null) throw new Error(`there is no secret ${name} in secrets.d`);
  if (!/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text)) {
    throw new Error(`the secret ${name} is no WireGuard key: \`wg genpsk\` makes one`);
  }
  return text;
}

function requireOnce(what: string, all: readonly string[]): void {
  const twice = all.find((one, at) => all.indexOf(one) !== at);
  if (twice !== undefined) throw new Error(`${what} ${twice} is there twice`);
}
