import type { ControlAway, LockdownState, MeshState, PushState } from '../core/board-state.ts';
import { formatBytes, formatCount, formatDuration } from '../graph/format.ts';
import { sentence } from '../graph/text.ts';
import type { Tone } from '../graph/tone.ts';
import type { BoardSnapshot } from './mesh-watch.ts';

// How mesh, lockdown and push stand, in plain sentences: what is, why, and what to do about it.

export interface PartWords {
  part: 'mesh' | 'lockdown' | 'push' | 'control';
  tone: Tone;
  /** For the row about the probe itself. */
  short: string;
  says: string;
  /** Why, as the agent tells it; empty when all is well. */
  why: string;
  /** Empty when there is nothing to do. */
  todo: string;
}

type State<Part extends { state: string }> = Readonly<
  Record<Part['state'], { tone: Tone; short: string; says: string; todo: string }>
>;

/** The control then calls the probe silent. */
const CONTROL_SILENT_MS = 180_000;

/** Of the parts that the board has; none while it is not known how they stand. */
export function partsOf({ state, listener }: BoardSnapshot, nowMs: number): PartWords[] {
  if (state === null) return [];
  const { mesh, lockdown, push, controlAway = null } = state;
  return [
    ...(mesh === null ? [] : [meshWords(mesh, listener.reason)]),
    ...(lockdown === null ? [] : [lockdownWords(lockdown)]),
    ...(push === null ? [] : [pushWords(push, nowMs)]),
    ...(controlAway === null ? [] : [controlWords(controlAway, nowMs)]),
  ];
}

function meshWords(mesh: MeshState, unheard: string | null): PartWords {
  const { kind, state, reason, isVersionOld, version, versionMin } = mesh;
  const words = { part: 'mesh' as const, ...MESH[kind][state], why: because(reason) };
  if (state === 'stopped' && reason === null) return { ...words, ...OFF };
  if (state !== 'joined') return words;
  if (isVersionOld) {
    const says = `The board is on the mesh, with version ${version} of its program.`;
    const todo = `Update it: ${versionMin} is the oldest that is known to be sound.`;
    return { ...words, tone: 'warn', short: 'joined, old version', says, todo };
  }
  if (unheard === null || mesh.readers.length === 0) {
    return reason === null ? words : { ...words, tone: 'info' };
  }
  const todo = 'It is tried again by itself every second.';
  return { ...words, tone: 'warn', why: because(`not served there: ${unheard}`), todo };
}

function lockdownWords(lockdown: LockdownState): PartWords {
  const { state, reason } = lockdown;
  return { part: 'lockdown', ...LOCKDOWN[state], why: because(reason) };
}

function pushWords(push: PushState, nowMs: number): PartWords {
  const { state, reason, acceptedMs, queueBytes } = push;
  const isUntaken = state === 'pushing' && reason !== null;
  const base = isUntaken ? UNTAKEN : PUSH[state];
  const words = { part: 'push' as const, ...base, why: because(reason) };
  if (state === 'pushing' && !isUntaken) return words;
  const since =
    acceptedMs === null
      ? 'The server has taken nothing yet.'
      : `The server took something last ${formatDuration(Math.max(0, nowMs - acceptedMs))} ago.`;
  const kept = queueBytes > 0 ? ` ${formatBytes(queueBytes)} wait on the board.` : '';
  return { ...words, says: `${words.says} ${since}${kept}` };
}

function controlWords({ sinceMs, reason }: ControlAway, nowMs: number): PartWords {
  const awayMs = Math.max(0, nowMs - sinceMs);
  return {
    part: 'control',
    tone: awayMs < CONTROL_SILENT_MS ? 'info' : 'warn',
    short: 'does not answer',
    says: `The control has not answered for ${formatDuration(awayMs)}.`,
    why: because(reason),
    todo: 'Nothing here: measuring goes on as it was told last, and reports go on by themselves.',
  };
}

/** How full the queue is; the oldest samples go when it is. */
export function queueWords({ queueBytes, queueBytesMax, queueAgeMs }: PushState): string {
  if (queueBytes === 0) return 'empty';
  const share = queueBytesMax === 0 ? '' : ` of ${formatBytes(queueBytesMax)}`;
  const age = queueAgeMs === null ? '' : `, the oldest sample ${formatDuration(queueAgeMs)} old`;
  return `${formatBytes(queueBytes)}${share}${age}`;
}

export function driftWords({ drifts }: LockdownState): string {
  if (drifts === 0) return 'by nobody else';
  return `${drifts === 1 ? 'once' : `${formatCount(drifts)} times`} by somebody else`;
}

function because(reason: string | null): string {
  return reason === null ? '' : sentence(reason);
}

const OFF = { tone: 'info' as const, short: 'off', says: 'The mesh is switched off.', todo: '' };
const JOINED = { tone: 'good', short: 'joined', says: 'The board is on the mesh.', todo: '' };
const STOPPED = {
  tone: 'bad',
  short: 'stopped',
  says: 'The board is not on the mesh.',
  todo: 'Mend the section "tailnet" of agent.json; the agent then joins by itself.',
};
const JOINING = { tone: 'warn', short: 'joining', says: 'The board is trying to join the mesh.' };

const MESH: Readonly<Record<MeshState['kind'], State<MeshState>>> = {
  tailscale: {
    absent: {
      tone: 'bad',
      short: 'program missing',
      says: 'The program of the mesh does not answer.',
      todo: 'Install tailscale and start tailscaled; the board then joins by itself.',
    },
    'needs-key': {
      tone: 'bad',
      short: 'needs a key',
      says: 'The board has no key to join the mesh with.',
      todo: 'Put a pre-auth key into secrets.d, or let the control hand one out.',
    },
    joining: {
      ...JOINING,
      tone: 'warn',
      todo: 'Nothing yet. If it lasts, the login server may not be reachable from here.',
    },
    'needs-approval': {
      tone: 'warn',
      short: 'needs approval',
      says: 'The board is on the mesh, but its fixed address is not routed to it yet.',
      todo: 'Approve its route at the login server.',
    },
    joined: { ...JOINED, tone: 'good' },
    stopped: { ...STOPPED, tone: 'bad' },
  },
  wireguard: {
    absent: {
      tone: 'bad',
      short: 'program missing',
      says: 'This machine has no WireGuard.',
      todo: 'Install wireguard-tools and, where the kernel has none, wireguard-go.',
    },
    'needs-key': {
      tone: 'bad',
      short: 'needs a key',
      says: 'The board has no key of its own.',
      todo: 'Look at the log of the agent: it makes one by itself where it may write.',
    },
    joining: {
      ...JOINING,
      tone: 'warn',
      todo: 'See that the other side knows the key of this board, and that UDP reaches it.',
    },
    'needs-approval': { ...JOINING, tone: 'warn', todo: '' },
    joined: { ...JOINED, tone: 'good' },
    stopped: { ...STOPPED, tone: 'bad' },
  },
};

const LOCKDOWN: State<LockdownState> = {
  'in-force': {
    tone: 'good',
    short: 'in force',
    says: 'The board answers nobody but those whom its rules name.',
    todo: '',
  },
  drifted: {
    tone: 'bad',
    short: 'drifted',
    says: 'The kernel has other rules than it should, and they could not be put back.',
    todo: 'Run `flint lockdown verify` on the board: it shows what differs.',
  },
  failed: {
    tone: 'bad',
    short: 'failed',
    says: 'The rules could not be put in force.',
    todo: 'Run `flint lockdown apply --dry-run` on the board, which shows what it would do.',
  },
  absent: {
    tone: 'bad',
    short: 'absent',
    says: 'No rules are in force: whoever reaches the board may knock at every port.',
    todo: 'Install nftables; the agent then puts the rules in force.',
  },
};

const UNTAKEN = {
  tone: 'info' as const,
  short: 'waiting',
  says: 'The metrics server did not take what was measured last.',
  todo: 'Nothing yet: it is tried again by itself, and nothing is lost meanwhile.',
};

const PUSH: State<PushState> = {
  pushing: {
    tone: 'good',
    short: 'pushing',
    says: 'What is measured reaches the metrics server.',
    todo: '',
  },
  waiting: {
    tone: 'info',
    short: 'waiting',
    says: 'Pushing has not begun.',
    todo: 'Nothing: it begins by itself. What was measured meanwhile is kept here.',
  },
  stalled: {
    tone: 'warn',
    short: 'stalled',
    says: 'The metrics server does not take what is measured.',
    todo: 'Nothing is lost while there is room. See whether the server can be reached.',
  },
  refused: {
    tone: 'bad',
    short: 'refused',
    says: 'The metrics server does not know the bearer of this board.',
    todo: 'Hand out a new bearer, or let the server read its users again.',
  },
  down: {
    tone: 'bad',
    short: 'down',
    says: 'The program that pushes does not run.',
    todo: 'Look at its log; it is started again by itself.',
  },
  absent: {
    tone: 'bad',
    short: 'program missing',
    says: 'The program that pushes is not there.',
    todo: 'Install vmagent; the agent then starts it.',
  },
};
