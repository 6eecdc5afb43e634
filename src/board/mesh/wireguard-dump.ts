import { formatRange, parseRange } from '../../core/address-range.ts';
import type { PlannedPeer, WireguardPlan } from './wireguard-plan.ts';

// What `wg show INTERFACE dump` says of an interface, how that differs from the plan, and the file
// that mends it. A dump has the keys in it: it is compared here and shown to nobody.

export interface DumpedPeer {
  publicKey: string;
  presharedKey: string | null;
  /** `ADDRESS:PORT` or `[ADDRESS]:PORT`. */
  endpoint: string | null;
  allowed: readonly string[];
  /** Unix seconds by this machine's clock; 0 before the first. */
  handshakeS: number;
  receivedBytes: number;
  sentBytes: number;
  keepaliveS: number;
}

export interface Dump {
  /** Null while the interface has none. */
  publicKey: string | null;
  listenPort: number;
  peers: readonly DumpedPeer[];
}

const PEERS_READ_MAX = 1000;

/** Null when that is no dump. */
export function parseDump(text: string): Dump | null {
  const [first = '', ...rest] = text.trimEnd().split('\n');
  const [, publicKey, listenPort, , ...more] = first.split('\t');
  if (publicKey === undefined || listenPort === undefined || more.length > 0) return null;
  const peers = rest.slice(0, PEERS_READ_MAX).map(parsePeer);
  if (peers.includes(null) || !isCount(listenPort)) return null;
  return {
    publicKey: orNull(publicKey),
    listenPort: Number(listenPort),
    peers: peers.filter((peer) => peer !== null),
  };
}

/** What differs, in words, none of them a secret; empty when all is as planned. */
export function driftOf(plan: WireguardPlan, dump: Dump, publicKey: string): string[] {
  const wanted = new Set(plan.peers.map((peer) => peer.publicKey));
  const drift = dump.peers
    .filter((peer) => !wanted.has(peer.publicKey))
    .map((peer) => `a peer ${peer.publicKey} that is not planned`);
  if (dump.publicKey !== publicKey) drift.push('another key');
  if (plan.listenPort !== 0 && dump.listenPort !== plan.listenPort) drift.push('another port');
  for (const peer of plan.peers) {
    const found = dump.peers.find((one) => one.publicKey === peer.publicKey);
    if (found === undefined) drift.push(`no peer ${peer.name}`);
    else drift.push(...peerDrift(peer, found));
  }
  return drift;
}

export interface ConfigParts {
  plan: WireguardPlan;
  privateKey: string;
  /** Of the interface now: a port that was chosen freely is kept. */
  listenPort: number;
  /** By public key; a peer that is not there keeps the endpoint that it has. */
  endpoints: ReadonlyMap<string, string>;
}

/** The file for `wg syncconf`. It holds secrets. */
export function configText({ plan, privateKey, listenPort, endpoints }: ConfigParts): string {
  const port = plan.listenPort === 0 ? listenPort : plan.listenPort;
  const lines = ['[Interface]', `PrivateKey = ${privateKey}`, `ListenPort = ${port}`];
  for (const peer of plan.peers) {
    const endpoint = endpoints.get(peer.publicKey);
    lines.push('[Peer]', `PublicKey = ${peer.publicKey}`);
    if (endpoint !== undefined) lines.push(`Endpoint = ${endpoint}`);
    if (peer.presharedKey !== null) lines.push(`PresharedKey = ${peer.presharedKey}`);
    lines.push(`AllowedIPs = ${peer.allowed.map(formatRange).join(', ')}`);
    lines.push(`PersistentKeepalive = ${peer.keepaliveS === 0 ? 'off' : peer.keepaliveS}`);
  }
  return `${lines.join('\n')}\n`;
}

function peerDrift(peer: PlannedPeer, found: DumpedPeer): string[] {
  const drift: string[] = [];
  const allowed = peer.allowed.map(formatRange);
  if (found.presharedKey !== peer.presharedKey) drift.push(`another preshared key of ${peer.name}`);
  if (found.keepaliveS !== peer.keepaliveS) drift.push(`another keepalive of ${peer.name}`);
  if ([...found.allowed].sort().join() !== [...allowed].sort().join()) {
    drift.push(`other addresses of ${peer.name}`);
  }
  return drift;
}

function parsePeer(line: string): DumpedPeer | null {
  const [publicKey = '', preshared = '', endpoint = '', allowed = '', ...rest] = line.split('\t');
  const [handshake = '', received = '', sent = '', keepalive = '', ...more] = rest;
  if (![handshake, received, sent].every(isCount) || more.length > 0) return null;
  if (keepalive !== 'off' && !isCount(keepalive)) return null;
  return {
    publicKey,
    presharedKey: orNull(preshared),
    endpoint: orNull(endpoint),
    allowed: allowed === '(none)' ? [] : allowed.split(',').map(canonical),
    handshakeS: Number(handshake),
    receivedBytes: Number(received),
    sentBytes: Number(sent),
    keepaliveS: keepalive === 'off' ? 0 : Number(keepalive),
  };
}

function canonical(text: string): string {
  const range = parseRange(text);
  return range === null ? text : formatRange(range);
}

function orNull(field: string): string | null {
  return field === '(none)' ? null : field;
}

function isCount(field: string): boolean {
  return /^[0-9]{1,15}$/.test(field);
}
