import { MESH_PEERS_MAX, type MeshPeer, type MeshState } from '../../core/board-state.ts';
import type { TailscaleSettings } from './settings.ts';
import { canonical, hostOf } from './tailnet-address.ts';
import type { TailnetAction } from './tailnet-plan.ts';
import type { TailscaleFault } from './tailscale-client.ts';
import { isOlder, type TailscaleNode, type TailscaleStatus } from './tailscale-status.ts';

// How the tailnet stands, for the report, the metrics and people.

export interface TailnetFacts {
  settings: TailscaleSettings;
  /** The board's fixed address; null takes the one that the tailnet gives. */
  fixedAddress: string | null;
  /** Null when tailscaled did not answer. */
  status: TailscaleStatus | null;
  fault: { fault: TailscaleFault; reason: string } | null;
  /** What is on the interface; null while there is none. */
  onInterface: readonly string[] | null;
  action: TailnetAction | null;
  /** Of what was tried last; null when it went well. */
  failure: string | null;
  /** There is no key to join with, or it was refused. */
  isKeyMissing: boolean;
  /** The login server is there, though it does not speak to tailscaled. */
  serverAnswers: boolean;
  /** Of tailscale's client, where tailscaled itself says none. */
  clientVersion: string | null;
  lastAddress: string | null;
  /** Interfaces with a strict reverse path filter. */
  strict: readonly string[];
}

/** When the state began is for the caller to say. */
export type TailnetReading = Omit<MeshState, 'joinedMs'>;

/** Done at once, and no trouble while they are. */
const QUIET: readonly TailnetAction['do'][] = ['set', 'ask-again'];
// tailscaled takes them by itself, before any packet filter: a stolen board of the same user could
// fill the disks of all.
const TAKES_FILES =
  'other nodes of its user may put files on this board: set taildrop.enabled to false at headscale';
const LENGTH_MAX = 500;
const NAME_LENGTH_MAX = 253;

export function readTailnet(facts: TailnetFacts): TailnetReading {
  const { settings, status, onInterface } = facts;
  const version = status?.version ?? facts.clientVersion;
  const state = stateOf(facts);
  return {
    kind: 'tailscale',
    state,
    reason: clipped(reasonOf(facts, state)),
    interface: onInterface === null ? null : settings.interface,
    addresses: [...(onInterface ?? [])],
    address: ownAddress(facts),
    readers: settings.readers,
    version: version === null || version === '' ? null : version.slice(0, 64),
    versionMin: settings.versionMin,
    isVersionOld: version !== null && isOlder(version, settings.versionMin),
    peers: status === null ? [] : peersOf(status, settings.readers),
  };
}

/** Whether the login server lets others reach the fixed address. */
export function isApproved(status: TailscaleStatus, address: string): boolean {
  const { AllowedIPs, PrimaryRoutes, TailscaleIPs } = status.self;
  const routes = [...AllowedIPs, ...PrimaryRoutes, ...TailscaleIPs];
  return routes.some((route) => hostOf(route) === canonical(address));
}

/** What came from all peers so far. */
export interface Heard {
  bytes: number;
  handshakeMs: number;
}

export function heardOf({ peers }: TailscaleStatus): Heard {
  const bytes = peers.reduce((sum, peer) => sum + peer.RxBytes, 0);
  return { bytes, handshakeMs: Math.max(0, ...peers.map((peer) => peer.LastHandshake ?? 0)) };
}

/** Less than before is no news: tailscaled or its list of peers began anew. */
export function hasHeard(before: Heard, now: Heard): boolean {
  return now.bytes > before.bytes || now.handshakeMs > before.handshakeMs;
}

function stateOf({ status, action, fixedAddress, isKeyMissing }: TailnetFacts): MeshState['state'] {
  if (status === null) return 'absent';
  const isJoin = action?.do === 'find-key' || action?.do === 'join';
  if (action?.do === 'need-key' || (isJoin && isKeyMissing)) return 'needs-key';
  if (status.needsLogin || ['NeedsLogin', 'NoState'].includes(status.backend)) return 'joining';
  if (status.backend === 'Stopped') return 'stopped';
  if (status.backend !== 'Running') return 'joining';
  if (fixedAddress !== null && !isApproved(status, fixedAddress)) return 'needs-approval';
  return 'joined';
}

function reasonOf(facts: TailnetFacts, state: MeshState['state']): string | null {
  const { fault, action, failure, fixedAddress } = facts;
  if (fault !== null) return fault.reason;
  if (failure !== null) return failure;
  if (action !== null && 'why' in action && !QUIET.includes(action.do)) return action.why;
  if (state === 'needs-approval') {
    return `the login server must approve the route ${fixedAddress} of this node`;
  }
  return doubtOf(facts);
}

/** What may go wrong with a node that is well otherwise. */
function doubtOf(facts: TailnetFacts): string | null {
  const { status, settings, onInterface, strict } = facts;
  if (status === null) return null;
  if (!status.hasTun) return 'tailscaled runs without an interface: nobody reaches the board';
  if (onInterface === null) {
    return `there is no interface ${settings.interface}: "tailnet.interface" names another`;
  }
  if (!status.self.Online) return offlineWords(status, facts.serverAnswers);
  const wide = settings.acceptRoutes ? wideRouteOf(status) : null;
  if (wide !== null) return wide;
  if (settings.acceptRoutes && strict.length > 0) {
    const names = strict.slice(0, 3).join(', ');
    return `rp_filter is strict on ${names}: accepted routes may not work (2 mends it)`;
  }
  return status.takesFiles ? TAKES_FILES : null;
}

function offlineWords({ health }: TailscaleStatus, serverAnswers: boolean): string {
  if (serverAnswers) {
    return (
      'the login server answers, but not to this node, which may have been deleted there: ' +
      '`flint tailnet join` asks it'
    );
  }
  const said = health.find((one) => /login error|coordination server/i.test(one));
  return `the login server is out of reach${said === undefined ? '' : `: ${said}`}`;
}

// tailscale takes all approved routes or none. One of a whole network would lead what is measured
// into the tailnet.
function wideRouteOf({ peers }: TailscaleStatus): string | null {
  for (const { PrimaryRoutes, DNSName, HostName } of peers) {
    const route = PrimaryRoutes.find((one) => hostOf(one) === null);
    if (route !== undefined) {
      return `the tailnet leads ${route} to ${DNSName || HostName}: approve single addresses alone`;
    }
  }
  return null;
}

function ownAddress(facts: TailnetFacts): string | null {
  const { status, onInterface, fixedAddress, lastAddress } = facts;
  const given = (status?.addresses ?? []).flatMap((one) => canonical(one) ?? []);
  const wanted =
    fixedAddress ?? given.find((one) => one.includes(':')) ?? given.at(0) ?? lastAddress;
  return wanted !== null && onInterface?.includes(wanted) === true ? wanted : null;
}

function peersOf(status: TailscaleStatus, readers: readonly string[]): MeshPeer[] {
  const wanted = new Set(readers.flatMap((reader) => canonical(reader) ?? []));
  const isReader = (peer: TailscaleNode): boolean => hostsOf(peer).some((one) => wanted.has(one));
  return status.peers
    .map((peer) => ({ peer, rank: isReader(peer) ? 1 : 0, atMs: peer.LastHandshake ?? 0 }))
    .sort((a, b) => b.rank - a.rank || b.atMs - a.atMs)
    .slice(0, MESH_PEERS_MAX)
    .map(({ peer }) => meshPeer(peer, wanted));
}

function meshPeer(peer: TailscaleNode, readers: ReadonlySet<string>): MeshPeer {
  const hosts = hostsOf(peer);
  const via = viaOf(peer);
  return {
    name: (peer.DNSName.replace(/\.$/, '') || peer.HostName).slice(0, NAME_LENGTH_MAX),
    address: hosts.find((one) => readers.has(one)) ?? hosts[0] ?? null,
    via,
    relay: via === 'relayed' ? (peer.PeerRelay || peer.Relay || '?').slice(0, 64) : null,
    handshakeMs: peer.LastHandshake,
    receivedBytes: peer.RxBytes,
    sentBytes: peer.TxBytes,
  };
}

/** What the peer is called by: routes of its own before what the tailnet gave it. */
function hostsOf({ PrimaryRoutes, AllowedIPs, TailscaleIPs }: TailscaleNode): string[] {
  const given = new Set(TailscaleIPs.flatMap((one) => canonical(one) ?? []));
  const routed = [...PrimaryRoutes, ...AllowedIPs].flatMap((one) => hostOf(one) ?? []);
  const own = routed.filter((one) => !given.has(one));
  const [six, four] = [true, false].map((is) =>
    [...given].filter((one) => one.includes(':') === is),
  );
  return [...new Set([...own, ...(six ?? []), ...(four ?? [])])];
}

function viaOf({ CurAddr, Active }: TailscaleNode): MeshPeer['via'] {
  if (CurAddr !== '') return 'direct';
  return Active ? 'relayed' : 'idle';
}

function clipped(reason: string | null): string | null {
  return reason === null ? null : reason.slice(0, LENGTH_MAX).replace(/[^ -~]/g, '?');
}
