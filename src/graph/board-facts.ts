// Mesh, lockdown and push of a board as names and values, for its own page and for the control's.
// What is not known or did not happen is left out.
import { html } from 'hono/html';
import type { LockdownState, MeshPeer, MeshState, PushState } from '../core/board-state.ts';
import { lockdownWords, MESH_NAMES, meshWords, pushWords } from '../core/board-words.ts';
import { formatBytes, formatCount, formatDuration } from './format.ts';
import type { Text } from './text.ts';
import { timeTag } from './text.ts';

export type Fact = readonly [name: string, value: Text];

/** Shown by name; the rest is counted. */
const PEERS_SHOWN = 8;

export function meshFacts(mesh: MeshState, nowMs: number): Fact[] {
  const { kind, address, addresses, version, joinedMs, isVersionOld, versionMin, readers } = mesh;
  const others = addresses.filter((one) => one !== address);
  const old = isVersionOld && versionMin !== null ? `, older than ${versionMin}` : '';
  return [
    ['mesh', `${MESH_NAMES[kind]}, ${meshWords(mesh).short}`],
    ['its address there', address ?? 'none yet'],
    ...fact('also', others.length === 0 ? null : others.join(', ')),
    ['who may read there', readers.length === 0 ? 'nobody' : readers.join(', ')],
    ...fact('joined', momentText(joinedMs, nowMs)),
    ...fact('client', version === null ? null : `${version}${old}`),
  ];
}

/** For a page that has no room for a table of them. */
export function peerFacts(peers: readonly MeshPeer[], nowMs: number): Fact[] {
  const more = peers.length - PEERS_SHOWN;
  return [
    ...peers.slice(0, PEERS_SHOWN).map((peer) => [peer.name, peerText(peer, nowMs)] as const),
    ...fact('and', more > 0 ? `${formatCount(more)} more peers` : null),
  ];
}

function peerText(peer: MeshPeer, nowMs: number): string {
  const { handshakeMs, receivedBytes, sentBytes } = peer;
  const shake = handshakeMs === null ? 'no handshake yet' : `handshake ${ago(handshakeMs, nowMs)}`;
  const traffic = `${formatBytes(receivedBytes)} in, ${formatBytes(sentBytes)} out`;
  return `${wayOf(peer)}, ${shake}, ${traffic}`;
}

/** "direct", "relayed by fra", "idle". */
export function wayOf({ via, relay }: MeshPeer): string {
  return via === 'relayed' && relay !== null ? `relayed by ${relay}` : via;
}

export function lockdownFacts(lockdown: LockdownState, nowMs: number): Fact[] {
  const { verifiedMs, appliedMs, drifts, lastDriftMs, infra } = lockdown;
  return [
    ['lockdown', lockdownWords(lockdown).short],
    ...fact('applied', momentText(appliedMs, nowMs)),
    ...fact('compared with the kernel', verifiedMs === null ? null : ago(verifiedMs, nowMs)),
    ['changed by others', driftText(drifts, lastDriftMs, nowMs)],
    ['may ask', `${formatCount(infra)} addresses of its network: resolvers, gateway, time`],
  ];
}

function driftText(drifts: number, lastMs: number | null, nowMs: number): Text {
  if (drifts === 0 && lastMs === null) return 'never';
  const times = drifts === 1 ? 'once' : `${formatCount(drifts)} times`;
  return lastMs === null ? times : html`${times}, last ${timeTag(lastMs, nowMs)} UTC; put back`;
}

export function pushFacts(push: PushState, nowMs: number): Fact[] {
  const { server, version, acceptedMs, sentBytes, droppedBlocks, restarts } = push;
  return [
    ['push', `${pushWords(push).short}${server === null ? '' : ` to ${server}`}`],
    ['waiting', queueText(push)],
    ...fact('taken last', acceptedMs === null ? null : ago(acceptedMs, nowMs)),
    ['sent', formatBytes(sentBytes)],
    ...fact('given up', droppedBlocks === 0 ? null : `${formatCount(droppedBlocks)} blocks`),
    ...fact('vmagent', version),
    ...fact('restarts of vmagent', restarts === 0 ? null : formatCount(restarts)),
  ];
}

/** How full the queue is; the oldest samples go when it is. */
function queueText({ queueBytes, queueBytesMax, queueAgeMs }: PushState): string {
  const most = queueBytesMax === 0 ? '' : formatBytes(queueBytesMax);
  if (queueBytes === 0) return most === '' ? 'nothing' : `nothing, of ${most} at most`;
  const share = most === '' ? '' : ` of ${most}`;
  const age = queueAgeMs ? `, the oldest sample ${formatDuration(queueAgeMs)} old` : '';
  return `${formatBytes(queueBytes)}${share}${age}`;
}

/** Of a time that is not ahead of now. */
export function ago(timeMs: number, nowMs: number): string {
  return `${formatDuration(Math.max(0, nowMs - timeMs))} ago`;
}

function momentText(timeMs: number | null, nowMs: number): Text | null {
  return timeMs === null ? null : html`${timeTag(timeMs, nowMs)} UTC, ${ago(timeMs, nowMs)}`;
}

function fact(name: string, value: Text | null): Fact[] {
  return value === null ? [] : [[name, value]];
}
