import {
  type LockdownState,
  type MeshPeer,
  type MeshState,
  PUSH_STATE,
  type PushState,
} from '../../core/board-state.ts';
import type { DaemonSnapshot } from '../snapshot.ts';
import {
  type Family,
  type LabelSet,
  labelSet,
  type MetricDescription,
  type MetricType,
  type Put,
} from './text.ts';

// The board as metrics: mesh, lockdown and push, as its agent says. What is not known has no line:
// an alarm on `flint_board_heard` tells that from a part that the board does not have.

const PEER = ['peer'];

export const BOARD_FAMILIES: readonly Family<DaemonSnapshot>[] = [
  {
    ...describe('flint_board_heard', 'gauge', 'boolean'),
    help: 'Whether the agent of the board said within three minutes how it stands.',
    write: ({ board }, put) => put(board == null ? null : Number(board.state !== null)),
  },
  {
    ...describe('flint_mesh_info', 'gauge', 'info', ['kind', 'state', 'version']),
    help: 'Constantly 1, labelled by kind and state of the mesh and by the version of its program.',
    write: ofMesh(({ kind, state, version }, put) => {
      put(1, labelSet({ kind, state, version: version ?? '' }));
    }),
  },
  {
    ...describe('flint_mesh_joined', 'gauge', 'boolean'),
    help: 'Whether the board is on the mesh.',
    write: ofMesh(({ state }, put) => put(Number(state === 'joined'))),
  },
  {
    ...describe('flint_mesh_version_ok', 'gauge', 'boolean'),
    help: 'Whether the program of the mesh is as new as it should be; absent while unknown.',
    write: ofMesh(({ version, isVersionOld }, put) =>
      put(version === null ? null : Number(!isVersionOld)),
    ),
  },
  {
    ...describe('flint_mesh_handshake_age_seconds', 'gauge', 'seconds', PEER),
    help: 'Since the last handshake with the peer; absent before the first.',
    write: ofPeers(({ handshakeMs }, nowMs) =>
      handshakeMs === null ? null : Math.max(0, (nowMs - handshakeMs) / 1000),
    ),
  },
  {
    ...describe('flint_mesh_peer_direct', 'gauge', 'boolean', PEER),
    help: 'Whether packets go to the peer directly or by a relay (0); absent while none go.',
    write: ofPeers(({ via }) => (via === 'idle' ? null : Number(via === 'direct'))),
  },
  {
    ...describe('flint_mesh_received_bytes_total', 'counter', 'bytes', PEER),
    help: 'Bytes that came from the peer.',
    write: ofPeers(({ receivedBytes }) => receivedBytes),
  },
  {
    ...describe('flint_mesh_sent_bytes_total', 'counter', 'bytes', PEER),
    help: 'Bytes that went to the peer.',
    write: ofPeers(({ sentBytes }) => sentBytes),
  },
  {
    ...describe('flint_mesh_listening', 'gauge', 'boolean'),
    help: 'Whether the probe listens on its address on the mesh; absent without a mesh.',
    write({ board }, put) {
      if (board?.state?.mesh != null) put(Number(board.listener.address !== null));
    },
  },
  {
    ...describe('flint_mesh_refused_connections_total', 'counter', 'connections'),
    help: 'Connections on the mesh of others than the readers, which were closed unread.',
    write: ({ board }, put) => put(board?.listener.refusedPeers ?? null),
  },
  {
    ...describe('flint_lockdown_in_force', 'gauge', 'boolean'),
    help: 'Whether the kernel has the rules of the lockdown that it should have.',
    write: ofLockdown(({ state }, put) => put(Number(state === 'in-force'))),
  },
  {
    ...describe('flint_lockdown_drifts_total', 'counter', 'drifts'),
    help: 'How often somebody else changed the rules of the lockdown.',
    write: ofLockdown(({ drifts }, put) => put(drifts)),
  },
  {
    ...describe('flint_lockdown_verified_timestamp_seconds', 'gauge', 'seconds'),
    help: 'When the rules in the kernel were last compared with what they should be.',
    write: ofLockdown(({ verifiedMs }, put) => put(seconds(verifiedMs))),
  },
  {
    ...describe('flint_push_up', 'gauge', 'boolean'),
    help: 'Whether samples reach the metrics server.',
    write: ofPush(({ state }, put) => put(Number(state === 'pushing'))),
  },
  {
    ...describe('flint_push_state', 'gauge', 'boolean', ['state']),
    help: 'Which of its states the push is in: 1 for this one, 0 for the others.',
    write: ofPush(({ state }, put) => {
      for (const [name, set] of PUSH_LABELS) put(Number(name === state), set);
    }),
  },
  {
    ...describe('flint_push_queue_bytes', 'gauge', 'bytes'),
    help: 'Bytes of samples that wait on the board.',
    write: ofPush(({ queueBytes }, put) => put(queueBytes)),
  },
  {
    ...describe('flint_push_queue_bytes_max', 'gauge', 'bytes'),
    help: 'Bytes that may wait; beyond that the oldest samples are dropped.',
    write: ofPush(({ queueBytesMax }, put) => put(queueBytesMax)),
  },
  {
    ...describe('flint_push_queue_age_seconds', 'gauge', 'seconds'),
    help: 'How old the oldest sample is that waits; absent while unknown.',
    write: ofPush(({ queueAgeMs }, put) => put(seconds(queueAgeMs))),
  },
  {
    ...describe('flint_push_dropped_blocks_total', 'counter', 'blocks'),
    help: 'Blocks of samples that were given up: refused as bad, or there was no room.',
    write: ofPush(({ droppedBlocks }, put) => put(droppedBlocks)),
  },
  {
    ...describe('flint_push_sent_bytes_total', 'counter', 'bytes'),
    help: 'Bytes that the metrics server took.',
    write: ofPush(({ sentBytes }, put) => put(sentBytes)),
  },
  {
    ...describe('flint_push_accepted_timestamp_seconds', 'gauge', 'seconds'),
    help: 'When the metrics server took something last; absent before the first time.',
    write: ofPush(({ acceptedMs }, put) => put(seconds(acceptedMs))),
  },
  {
    ...describe('flint_push_restarts_total', 'counter', 'restarts'),
    help: 'How often the program that pushes had to be started again.',
    write: ofPush(({ restarts }, put) => put(restarts)),
  },
];

const PUSH_LABELS: readonly (readonly [string, LabelSet])[] = PUSH_STATE.entries.state.options.map(
  (state) => [state, labelSet({ state })],
);

type Write = Family<DaemonSnapshot>['write'];

function describe(
  name: string,
  type: MetricType,
  unit: string,
  labels: readonly string[] = [],
): Omit<MetricDescription, 'help'> {
  return { name, type, unit, labels };
}

function ofMesh(write: (mesh: MeshState, put: Put) => void): Write {
  return ({ board }, put) => {
    if (board?.state?.mesh != null) write(board.state.mesh, put);
  };
}

function ofLockdown(write: (lockdown: LockdownState, put: Put) => void): Write {
  return ({ board }, put) => {
    if (board?.state?.lockdown != null) write(board.state.lockdown, put);
  };
}

function ofPush(write: (push: PushState, put: Put) => void): Write {
  return ({ board }, put) => {
    if (board?.state?.push != null) write(board.state.push, put);
  };
}

/** Two peers may have one name, and two samples of one series would spoil the whole scrape. */
function ofPeers(read: (peer: MeshPeer, nowMs: number) => number | null): Write {
  return ({ board, nowMs }, put) => {
    const told = new Set<string>();
    for (const peer of board?.state?.mesh?.peers ?? []) {
      const name = told.has(peer.name) ? `${peer.name} ${peer.address ?? ''}` : peer.name;
      if (told.has(name)) continue;
      told.add(name);
      put(read(peer, nowMs), labelSet({ peer: name }));
    }
  };
}

function seconds(timeMs: number | null): number | null {
  return timeMs === null ? null : timeMs / 1000;
}
