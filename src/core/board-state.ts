import * as v from 'valibot';
import { expecting, objectMessage, wholeNumber } from './config-value.ts';
import { IP, line, TIME_MS } from './wire.ts';

// How the board's own parts stand: mesh, lockdown, push; and whether the control answers. The
// agent, which looks after them, writes it into its part of the run directory for the daemon
// (metrics, page, the listener on the mesh), and sends it with its report. A part that the board
// does not have is null.

export const BOARD_STATE_BYTES_MAX = 65_536;
export const MESH_PEERS_MAX = 32;

const COUNT = wholeNumber(0, Number.MAX_SAFE_INTEGER);
const WORDS = line('a text', 500);
const NAME = line('a name', 253);
const DEVICE = line('an interface name', 15);

function listOf<const Item extends v.GenericSchema>(item: Item, max: number, what: string) {
  return v.pipe(
    v.array(item, expecting(`an array of ${what}`)),
    v.maxLength(max, expecting(`at most ${max} ${what}`)),
  );
}

/**
 * `absent`: its program is not installed or does not answer. `needs-key`: there is no key to join
 * with, or it was refused. `needs-approval`: joined, but the fixed address is not routed yet.
 */
export const MESH_STATES = [
  'absent',
  'needs-key',
  'joining',
  'needs-approval',
  'joined',
  'stopped',
] as const;

export const MESH_PEER = v.object({
  name: NAME,
  address: v.nullable(IP),
  /** `idle`: nothing was exchanged lately. */
  via: v.picklist(['direct', 'relayed', 'idle']),
  /** Which relay, while relayed. */
  relay: v.nullable(line('a relay', 64)),
  /** Null before the first one. */
  handshakeMs: v.nullable(TIME_MS),
  receivedBytes: COUNT,
  sentBytes: COUNT,
});

export const MESH_STATE = v.object({
  kind: v.picklist(['tailscale', 'wireguard']),
  state: v.picklist(MESH_STATES),
  /** Why, for people; null when all is well. */
  reason: v.nullable(WORDS),
  interface: v.nullable(DEVICE),
  /** On the interface now. */
  addresses: listOf(IP, 8, 'addresses'),
  /** What peers call this board by, when it is there; the daemon listens on it. */
  address: v.nullable(IP),
  /** Who may read the daemon's page and metrics over the mesh. */
  readers: listOf(IP, 16, 'addresses'),
  version: v.nullable(line('a version', 64)),
  versionMin: v.nullable(line('a version', 64)),
  isVersionOld: v.boolean(),
  peers: listOf(MESH_PEER, MESH_PEERS_MAX, 'peers'),
  joinedMs: v.nullable(TIME_MS),
});

export const LOCKDOWN_STATE = v.object({
  /** `drifted`: the kernel has other rules than it should, and they could not be put back. */
  state: v.picklist(['in-force', 'drifted', 'failed', 'absent']),
  reason: v.nullable(WORDS),
  appliedMs: v.nullable(TIME_MS),
  verifiedMs: v.nullable(TIME_MS),
  /** How often somebody else changed the rules since the agent started. */
  drifts: COUNT,
  lastDriftMs: v.nullable(TIME_MS),
  /** Addresses in the set `infra`. */
  infra: COUNT,
});

export const PUSH_STATE = v.object({
  /**
   * `waiting`: for the clock, the bearer, or the mesh. `stalled`: samples wait, and the server does
   * not take them. `refused`: the server does not know the bearer.
   */
  state: v.picklist(['pushing', 'waiting', 'stalled', 'refused', 'down', 'absent']),
  reason: v.nullable(WORDS),
  /** Scheme and authority alone. */
  server: v.nullable(line('a server', 300)),
  version: v.nullable(line('a version', 64)),
  queueBytes: COUNT,
  queueBytesMax: COUNT,
  /** How old the oldest sample is that waits; 0 when none does, null while unknown. */
  queueAgeMs: v.nullable(COUNT),
  sentBytes: COUNT,
  /** Blocks that were given up: refused as bad (400, 409), or the queue was full. */
  droppedBlocks: COUNT,
  /** When the server took something last. */
  acceptedMs: v.nullable(TIME_MS),
  restarts: COUNT,
});

/** A control that does not answer, or refuses the board; or what the agent fails at otherwise. */
export const CONTROL_AWAY = v.object({
  sinceMs: TIME_MS,
  reason: WORDS,
});

export const BOARD_STATE = v.object(
  {
    schema: v.literal(1),
    writtenMs: TIME_MS,
    mesh: v.nullable(MESH_STATE),
    lockdown: v.nullable(LOCKDOWN_STATE),
    push: v.nullable(PUSH_STATE),
    /** Null while it answers; agents that do not say are taken to hear it. */
    controlAway: v.optional(v.nullable(CONTROL_AWAY)),
    /** What the agent fails at beside that; null while that is nothing. */
    agentTrouble: v.optional(v.nullable(CONTROL_AWAY)),
  },
  objectMessage('the state of a board'),
);

export type MeshPeer = v.InferOutput<typeof MESH_PEER>;
export type MeshState = v.InferOutput<typeof MESH_STATE>;
export type LockdownState = v.InferOutput<typeof LOCKDOWN_STATE>;
export type PushState = v.InferOutput<typeof PUSH_STATE>;
export type ControlAway = v.InferOutput<typeof CONTROL_AWAY>;
export type BoardState = v.InferOutput<typeof BOARD_STATE>;
