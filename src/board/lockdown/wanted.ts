import { parseAddress } from '../../core/address.ts';
import type { AgentSettings } from '../agent-config.ts';
import type { MeshSettings } from '../mesh/settings.ts';

// What the lockdown must know of the rest of the settings: by which interface the mesh comes in,
// who may read there, and whom the board itself must reach.

export interface LockdownWanted {
  /** Null without one: then nobody is let in at all. */
  mesh: WantedMesh | null;
  /** Addresses that may read the daemon's page over the mesh. */
  readers: readonly string[];
  /** Whom the board itself calls: control, login server, push, WireGuard's peers. */
  endpoints: readonly Endpoint[];
}

export interface WantedMesh {
  kind: MeshSettings['kind'];
  interface: string;
  /** Where the mesh's own packets come in, when that is fixed; UDP. */
  port: number | null;
  /** Addresses and ranges that are the mesh's: from elsewhere they are a lie. */
  ranges: readonly string[];
}

export interface Endpoint {
  /** A name or an address, without brackets. */
  host: string;
  port: number;
  protocol: 'tcp' | 'udp';
}

/** Of tailscale's own; 100.64/10 is not among them, since it is every carrier's (RFC 6598). */
const TAILSCALE_RANGE = 'fd7a:115c:a1e0::/48';

const CARRIER_RANGE = '100.64.0.0/10';

/** Where the board's own calls go by the mesh or not at all. */
export function meshRanges({ mesh }: LockdownWanted): string[] {
  if (mesh === null) return [];
  return mesh.kind === 'tailscale' ? [...mesh.ranges, CARRIER_RANGE] : [...mesh.ranges];
}

export function wantedOf(settings: AgentSettings): LockdownWanted {
  const { tailnet, push, control } = settings;
  const mesh = tailnet?.enable === true ? tailnet : null;
  const urls = [
    control,
    ...(mesh?.kind === 'tailscale' ? [mesh.loginServer] : []),
    ...(push?.enable === true ? [push.url] : []),
  ];
  const peers = mesh?.kind === 'wireguard' ? mesh.peers.flatMap(endpointOfPeer) : [];
  return {
    mesh: mesh === null ? null : wantedMesh(mesh, settings.lockdown?.meshPort ?? null),
    readers: mesh?.readers ?? [],
    endpoints: unique([...urls.flatMap(endpointOfUrl), ...peers]),
  };
}

function wantedMesh(mesh: MeshSettings, meshPort: number | null): WantedMesh {
  const own = mesh.address === null ? [] : [siteOf(mesh.address)];
  const named = { kind: mesh.kind, interface: mesh.interface };
  if (mesh.kind === 'tailscale') {
    return { ...named, port: meshPort, ranges: [...own, TAILSCALE_RANGE] };
  }
  const allowed = mesh.peers.flatMap((peer) => peer.allowedAddresses);
  return {
    ...named,
    port: meshPort ?? (mesh.listenPort === 0 ? null : mesh.listenPort),
    // A peer that may send from everywhere says nothing of whose addresses are whose.
    ranges: [...own, ...allowed.filter((range) => !/\/0+$/.test(range))],
  };
}

// A site's unique local addresses are one /48 (RFC 4193 §3.2).
function siteOf(address: string): string {
  const parsed = parseAddress(address);
  const isUniqueLocal = parsed?.family === 'v6' && ((parsed.bytes[0] ?? 0) & 0xfe) === 0xfc;
  return isUniqueLocal ? `${address}/48` : address;
}

function endpointOfUrl(text: string): Endpoint[] {
  const { hostname, port, protocol } = new URL(text);
  const host = hostname.replace(/^\[|\]$/g, '');
  const number = port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port);
  return [{ host, port: number, protocol: 'tcp' }];
}

function endpointOfPeer({ endpoint }: { endpoint: string | null }): Endpoint[] {
  const parts = /^\[?(.*?)\]?:([0-9]+)$/.exec(endpoint ?? '');
  if (parts === null) return [];
  return [{ host: parts[1] ?? '', port: Number(parts[2]), protocol: 'udp' }];
}

function unique(endpoints: readonly Endpoint[]): Endpoint[] {
  const seen = new Map(endpoints.map((one) => [`${one.host} ${one.port} ${one.protocol}`, one]));
  return [...seen.values()];
}
