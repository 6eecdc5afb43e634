// Invented states of a board, for what shows them.
import type {
  BoardState,
  LockdownState,
  MeshPeer,
  MeshState,
  PushState,
} from '../../src/core/board-state.ts';
import type { BoardSnapshot } from '../../src/probe/mesh-watch.ts';

export const BOARD_NOW_MS = 1_795_305_640_000;

export function fakePeer(change: Partial<MeshPeer> = {}): MeshPeer {
  return {
    name: 'monitor',
    address: 'fd57::1',
    via: 'direct',
    relay: null,
    handshakeMs: BOARD_NOW_MS - 42_000,
    receivedBytes: 4096,
    sentBytes: 123_456,
    ...change,
  };
}

export function fakeMesh(change: Partial<MeshState> = {}): MeshState {
  return {
    kind: 'wireguard',
    state: 'joined',
    reason: null,
    interface: 'flint0',
    addresses: ['fd57::a'],
    address: 'fd57::a',
    readers: ['fd57::1'],
    version: 'wireguard-go 0.0.20220316',
    versionMin: null,
    isVersionOld: false,
    peers: [fakePeer()],
    joinedMs: BOARD_NOW_MS - 3_600_000,
    ...change,
  };
}

export function fakeLockdown(change: Partial<LockdownState> = {}): LockdownState {
  return {
    state: 'in-force',
    reason: null,
    appliedMs: BOARD_NOW_MS - 3_600_000,
    verifiedMs: BOARD_NOW_MS - 20_000,
    drifts: 0,
    lastDriftMs: null,
    infra: 4,
    ...change,
  };
}

export function fakePush(change: Partial<PushState> = {}): PushState {
  return {
    state: 'pushing',
    reason: null,
    server: 'http://[fd57::1]:8427',
    version: '1.79.5',
    queueBytes: 0,
    queueBytesMax: 67_108_864,
    queueAgeMs: 0,
    sentBytes: 987_654,
    droppedBlocks: 0,
    acceptedMs: BOARD_NOW_MS - 9_000,
    restarts: 0,
    ...change,
  };
}

export function fakeBoard(change: Partial<BoardState> = {}): BoardState {
  return {
    schema: 1,
    writtenMs: BOARD_NOW_MS - 5_000,
    mesh: fakeMesh(),
    lockdown: fakeLockdown(),
    push: fakePush(),
    ...change,
  };
}

export function fakeBoardSnapshot(
  change: Partial<BoardState> = {},
  rest: Partial<BoardSnapshot> = {},
): BoardSnapshot {
  return {
    state: fakeBoard(change),
    reason: null,
    listener: { address: 'fd57::a', port: 9740, reason: null, refusedPeers: 2 },
    ...rest,
  };
}
