import type { MeshPeer, MeshState } from '../../core/board-state.ts';
import { formatInstant } from '../../graph/format.ts';
import { openView } from '../fleet/text.ts';
import type { Output } from '../ping/view.ts';

// What `flint tailnet` shows: facts and a table of peers for people, the state for programs.

export function showTailnet(output: Output, state: MeshState, nowMs: number): void {
  const view = openView(output);
  view.facts([
    ['state', state.reason === null ? state.state : `${state.state}: ${state.reason}`],
    ['address', state.address ?? 'none'],
    ['interface', interfaceText(state)],
    ['version', versionText(state)],
    ['readers', state.readers.length === 0 ? 'none' : state.readers.join(' ')],
    ['joined', state.joinedMs === null ? null : formatInstant(state.joinedMs, nowMs)],
  ]);
  if (state.peers.length === 0) return;
  view.line('');
  view.table(
    [
      { head: 'peer', widthMin: 8 },
      { head: 'address', widthMin: 8 },
      { head: 'way' },
      { head: 'handshake' },
      { head: 'received', isRight: true, rank: 1 },
      { head: 'sent', isRight: true, rank: 2 },
    ],
    state.peers.map((peer) => [
      peer.name,
      peer.address ?? '',
      wayText(peer),
      ageText(peer.handshakeMs, nowMs),
      bytesText(peer.receivedBytes),
      bytesText(peer.sentBytes),
    ]),
  );
}

/** One line of progress. */
export function progressText({ state, reason, address }: MeshState): string {
  const where = address === null ? '' : ` as ${address}`;
  return `${state}${where}${reason === null ? '' : `: ${reason}`}`;
}

function interfaceText({ interface: device, addresses }: MeshState): string {
  return device === null ? 'none' : `${device} (${addresses.join(' ') || 'no address'})`;
}

function versionText({ version, versionMin, isVersionOld }: MeshState): string {
  const least = versionMin === null ? '' : `, at least ${versionMin} is wanted`;
  return `${version ?? 'unknown'}${isVersionOld ? `: too old${least}` : ''}`;
}

function wayText({ via, relay }: MeshPeer): string {
  return via === 'relayed' ? `relayed by ${relay ?? '?'}` : via;
}

function ageText(handshakeMs: number | null, nowMs: number): string {
  if (handshakeMs === null) return 'never';
  const seconds = Math.max(0, Math.round((nowMs - handshakeMs) / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  return seconds < 7200
    ? `${Math.round(seconds / 60)} min ago`
    : `${Math.round(seconds / 3600)} h ago`;
}

function bytesText(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`;
  return bytes < 1e7 ? `${Math.round(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`;
}
