// States of a board, for tests of all who read them.
import type {
  BoardState,
  LockdownState,
  MeshPeer,
  MeshState,
  PushState,
} from '../../src/core/board-state.ts';

export const NOW_MS = 1_795_305_600_000;

export function meshPeer(change: Partial<MeshPeer> = {}): MeshPeer {
  return {
    name: 'metrics',
    address: 'fd8f:89ae:ca73:2::1',
    via: 'direct',
    relay: null,
    handshakeMs: NOW_MS - 30_000,
    receivedBytes: 1000,
    sentBytes: 2000,
    ...change,
  };
}

export function meshState(change: Partial<MeshState> = {}): MeshState {
  return {
    kind: 'tailscale',
    state: 'joined',
    reason: null,
    interface: 'tailscale0',
    addresses: ['100.64.0.7', 'fd8f:89ae:ca73:3::7'],
    address: 'fd8f:89ae:ca73:3::7',
    readers: ['fd8f:89ae:ca73:2::1'],
    version: '1.98.0',
    versionMin: '1.80',
    isVersionOld: false,
    peers: [meshPeer()],
    joinedMs: NOW_MS - 3_600_000,
    ...change,
  };
}

export function lockdownState(change: Partial<LockdownState> = {}): LockdownState {
  return {
    state: 'in-force',
    reason: null,
    appliedMs: NOW_MS - 3_600_000,
    verifiedMs: NOW_MS - 10_000,
    drifts: 0,
    lastDriftMs: null,
    infra: 6,
    ...change,
  };
}

export function pushState(change: Partial<PushState> = {}): PushState {
  return {
    state: 'pushing',
    reason: null,
    server: 'http://[fd8f:89ae:ca73:2::1]',
    version: '1.79.5',
    queueBytes: 0,
    queueBytesMax: 1_073_741_824,
    queueAgeMs: 0,
    sentBytes: 12_345,
    droppedBlocks: 0,
    acceptedMs: NOW_MS - 5_000,
    restarts: 0,
    ...change,
  };
}

export function boardState(change: Partial<BoardState> = {}): BoardState {
  return {
    schema: 1,
    writtenMs: NOW_MS,
    mesh: meshState(),
    lockdown: lockdownState(),
    push: pushState(),
    ...change,
  };
}
