// Mesh, lockdown and push of a board as names and values, for its own page and for the control's.
import { html } from 'hono/html';
import type { LockdownState, MeshPeer, MeshState, PushState } from '../core/board-state.ts';
import { formatBytes, formatCount, formatDuration } from './format.ts';
import type { Text } from './text.ts';
import { timeTag } from './text.ts';

export type Fact = readonly [name: string, value: Text];

/** Shown by name; the rest is counted. */
const PEERS_SHOWN = 8;

export function meshFacts(mesh: MeshState, nowMs: number): Fact[] {
  const { kind, address, addresses, version, peers, joinedMs, isVersionOld, versionMin } = mesh;
  const others = addresses.filter((one) => one !== address);
  const more = peers.length - PEERS_SHOWN;
  return [
    ['mesh', `${MESH_NAMES[kind]}, ${MESH_WORDS[mesh.state]}`],
    ['its address there', address ?? 'none yet'],
    ...(others.length === 0 ? [] : [['also', others.join(', ')] as const]),
    ...(joinedMs === null ? [] : [['joined', html`${timeTag(joinedMs, nowMs)} UTC`] as const]),
    ...(version === null
      ? []
      : [['client', isVersionOld ? `${version}, older than ${versionMin}` : version] as const]),
    ...peers.slice(0, PEERS_SHOWN).map((peer) => [peer.name, peerText(peer, nowMs)] as const),
    ...(more > 0 ? [['and', `${more} more peers`] as const] : []),
  ];
}

const MESH_NAMES: Readonly<Record<MeshState['kind'], string>> = {
  tailscale: 'tailnet',
  wireguard: 'WireGuard',
};

const MESH_WORDS: Readonly<Record<MeshState['state'], string>> = {
  joined: 'joined',
  joining: 'joining',
  'needs-key': 'needs a key',
  'needs-approval': 'its address waits for approval',
  absent: 'not there',
  stopped: 'stopped',
};

function peerText({ via, relay, handshakeMs, receivedBytes, sentBytes }: MeshPeer, nowMs: number) {
  const way = via === 'relayed' ? `relayed${relay === null ? '' : ` by ${relay}`}` : via;
  const shake =
    handshakeMs === null
      ? 'no handshake yet'
      : `handshake ${formatDuration(nowMs - handshakeMs)} ago`;
  return `${way}, ${shake}, ${formatBytes(receivedBytes)} in, ${formatBytes(sentBytes)} out`;
}

export function lockdownFacts(lockdown: LockdownState, nowMs: number): Fact[] {
  const { state, verifiedMs, appliedMs, drifts, lastDriftMs, infra } = lockdown;
  return [
    ['packet filter', LOCKDOWN_WORDS[state]],
    ...(appliedMs === null ? [] : [['applied', html`${timeTag(appliedMs, nowMs)} UTC`] as const]),
    ...(verifiedMs === null
      ? []
      : [['compared with the kernel', `${formatDuration(nowMs - verifiedMs)} ago`] as const]),
    ['changed by others', lastDriftMs === null ? 'never' : driftText(drifts, lastDriftMs, nowMs)],
    ['private addresses it may reach', formatCount(infra)],
  ];
}

function driftText(drifts: number, lastMs: number, nowMs: number): Text {
  const times = drifts === 1 ? 'once' : `${formatCount(drifts)} times`;
  return html`${times}, last ${timeTag(lastMs, nowMs)} UTC; put back`;
}

const LOCKDOWN_WORDS: Readonly<Record<LockdownState['state'], string>> = {
  'in-force': 'in force',
  drifted: 'changed by somebody',
  failed: 'not in force',
  absent: 'there is none',
};

export function pushFacts(push: PushState, nowMs: number): Fact[] {
  const { state, server, queueBytes, queueBytesMax, queueAgeMs, acceptedMs, sentBytes } = push;
  const age =
    queueAgeMs === null || queueAgeMs === 0 ? '' : `, the oldest ${formatDuration(queueAgeMs)} old`;
  return [
    ['metrics', `${PUSH_WORDS[state]}${server === null ? '' : ` to ${server}`}`],
    [
      'waiting',
      queueBytes === 0
        ? `nothing, of ${formatBytes(queueBytesMax)} at most`
        : `${formatBytes(queueBytes)} of ${formatBytes(queueBytesMax)}${age}`,
    ],
    ...(acceptedMs === null
      ? []
      : [['last taken', `${formatDuration(nowMs - acceptedMs)} ago`] as const]),
    ['sent', formatBytes(sentBytes)],
    ...(push.droppedBlocks === 0
      ? []
      : [['given up', `${formatCount(push.droppedBlocks)} blocks`] as const]),
    ...(push.restarts === 0 ? [] : [['restarts of vmagent', formatCount(push.restarts)] as const]),
  ];
}

const PUSH_WORDS: Readonly<Record<PushState['state'], string>> = {
  pushing: 'pushed',
  waiting: 'wait to be pushed',
  stalled: 'are not taken',
  refused: 'are refused',
  down: 'vmagent does not run',
  absent: 'there is no vmagent',
};
